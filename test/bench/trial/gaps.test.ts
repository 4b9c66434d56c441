import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileLife } from '../../../bench/node/node.js';
import { describeGap, gapsOf, wasReadable } from '../../../bench/trial/gaps.js';

const file = (firstLine: number, lastLine: number, bornMs: number, deletedMs: number): FileLife => ({
  name: `0.log.${firstLine}`,
  firstLine,
  lastLine,
  bytes: 100,
  bornMs,
  rotatedMs: bornMs + 1_000,
  gzippedMs: null,
  deletedMs,
});

test('each file with missing lines, and for how long it could be read', () => {
  const files = [file(1, 10, 1_000, 4_000), file(11, 20, 2_000, 9_000), file(21, 30, 3_000, 9_500)];
  const lives = [
    { bornMs: 1_000, startedMs: null, endedMs: 3_000 },
    { bornMs: 4_500, startedMs: 5_000, endedMs: 7_000 },
    { bornMs: 8_000, startedMs: 8_500, endedMs: null },
  ];
  const gaps = gapsOf([9, 10, 11, 12, 13], files, lives);
  assert.deepEqual(
    gaps.map(({ lines, thereMs, watchedMs }) => ({ lines, thereMs, watchedMs })),
    [
      { lines: 2, thereMs: 3_000, watchedMs: 0 },
      { lines: 3, thereMs: 7_000, watchedMs: 2_500 },
    ],
  );
  assert.deepEqual(gaps.map(wasReadable), [false, true]);
  assert.equal(
    gaps.map((gap) => describeGap(gap, 1_000))[0],
    '0.log.1 (100 B): 2 of its 10 lines; begun 0.00 s, rotated 1.00 s, gzipped never, deleted 3.00 s; a collector ran for 0 of its 3000 ms',
  );
});
