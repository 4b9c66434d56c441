import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseGoDuration } from '../src/go-duration.js';

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
