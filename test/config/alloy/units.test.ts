import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { parseBase2Bytes } from '../../../src/config/alloy/units.js';
import { numberText, Secret } from '../../../src/config/alloy/value.js';

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
