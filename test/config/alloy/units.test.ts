import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { parseBase2Bytes, parseGoDuration } from '../../../src/config/alloy/units.js';
import { numberText, Secret } from '../../../src/config/alloy/value.js';

describe('durations as Go reads them', () => {
  for (const [text, ms] of [
    ['0', 0],
    ['0s', 0],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['.5m', 30_000],
    ['1.s', 1000],
    ['30m1h', 5_400_000],
    ['-1s', -1000],
    ['+1s', 1000],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['10ns', 0.00001],
    ['', null],
    ['1', null],
    ['1d', null],
    ['1 s', null],
    ['1S', null],
    ['s', null],
    ['.s', null],
    ['1e3s', null],
    ['9999999h', null],
    ['1s ', null],
  ] as const) {
    it(JSON.stringify(text), () => assert.equal(parseGoDuration(text), ms));
  }
});

describe('sizes as Base2Bytes', () => {
  for (const [text, bytes] of [
    ['0', 0],
    ['10B', 10],
    ['1KB', 1024],
    ['1KiB', 1024],
    ['1.5MiB', 1_572_864],
    ['1MiB512KiB', 1_572_864],
    ['2GB', 2 ** 31],
    ['-1KB', -1024],
    ['', null],
    ['10', null],
    ['1kb', null],
    ['1K', null],
    ['1MB1KiB', null],
    ['1 MB', null],
    ['99999EB', null],
  ] as const) {
    it(JSON.stringify(text), () => assert.equal(parseBase2Bytes(text), bytes));
  }
});

describe('numbers as text', () => {
  for (const [value, text] of [
    [10n, '10'],
    [125, '125'],
    [0.1, '0.1'],
    [1e21, '1000000000000000000000'],
    [1.5e-9, '0.0000000015'],
    [-1e-7, '-0.0000001'],
  ] as const) {
    it(text, () => assert.equal(numberText(value), text));
  }
});

describe('a secret', () => {
  it('prints nowhere', () => {
    const secret = new Secret('hidden');
    assert.equal(
      `${secret} ${JSON.stringify([secret])} ${inspect({ secret }, { showHidden: true })}`.includes('hidden'),
      false,
    );
    assert.equal(structuredClone(Object.keys(secret)).length, 0);
    assert.equal(secret.reveal(), 'hidden');
  });
});
