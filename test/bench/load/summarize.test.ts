import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../../../bench/load/result.js';
import { costOf, summarize } from '../../../bench/load/summarize.js';

const GIB = 2 ** 30;
const FIGURES = {
  pushes: 4,
  answers: { 204: 4 },
  streams: 1,
  entries: 90,
  lineBytes: 0,
  duplicates: 0,
  refused: {},
  wireBytes: 7,
  decodedBytes: 9,
  cpuUserMs: 400,
  cpuSystemMs: 100,
  rssBytes: 1,
  uptimeMs: 1,
  lastPushMs: 12_000,
  sequence: { groups: 1, unnumbered: 5, distinct: 88, repeated: 2, missing: 0 },
};
const floor = (cpuSeconds: number) => ({ bytes: GIB, compressedBytes: 1, cpuSeconds, seconds: 1 });

function sample(seconds: number, rssBytes: number, up: boolean): Sample {
  return { seconds, rssBytes, up, cpuSeconds: 0, storedEntries: 0, storedBytes: 0, latencyMs: null };
}

function summary(samples: Sample[] = [], parts = 0) {
  return summarize({
    watch: { samples, figures: FIGURES },
    usage: { cpuSeconds: 6, rssBytes: 1, peakRssBytes: 5, threadSeconds: [2, 3] },
    written: { bytes: 2 * GIB, lines: 200, numbered: 100, parts },
    floors: [floor(3), floor(1), floor(1.5)],
    latency: {
      buckets: [
        [1, 50],
        [2, 49],
        [4, 1],
      ],
      maxMs: 3.5,
    },
    startedMs: 2000,
  });
}

test('rates go by the time from the start to the last push, the ratio by the median floor for the same bytes', () => {
  const result = summary();
  assert.equal(result.seconds, 10);
  assert.equal(result.megabytesPerSecond, (2 * GIB) / 1e7);
  assert.equal(result.linesPerSecond, 20);
  assert.equal(result.cpuSecondsPerGiB, 3);
  assert.equal(result.floorRatio, 2);
  assert.equal(result.receiverCpuSeconds, 0.5);
  assert.deepEqual(result.latencyMs, { p50: 1, p99: 2, max: 3.5 });
});

test('lost is what never came, repeated what came twice', () => {
  const { lost, repeated, away } = summary();
  assert.deepEqual({ lost, repeated, away }, { lost: 12, repeated: 2, away: null });
});

test('parts that are entries of their own are counted by how many there are', () => {
  const of = (parts: number) => {
    const { entries, lost, repeated } = summary([], parts);
    return { entries, lost, repeated };
  };
  assert.deepEqual(of(7), { entries: 107, lost: 14, repeated: 2 });
  assert.deepEqual(of(5), { entries: 105, lost: 12, repeated: 2 });
  assert.deepEqual(of(4), { entries: 104, lost: 12, repeated: 3 });
});

test('what pods that write cost is told without the first tenth, in which a collector may still be starting', () => {
  const cpuSeconds = (look: number) => (look < 2 ? look : 2 + look / 100);
  const looks = Array.from({ length: 20 }, (_, i) => ({ ...sample(10 + i, 1, true), cpuSeconds: cpuSeconds(i) }));
  const cost = costOf(looks);
  assert.deepEqual([cost?.seconds, cost?.cpuPercent.toFixed(6)], [17, '1.000000']);
  assert.deepEqual([costOf([]), costOf(looks.slice(0, 1)), costOf(looks.slice(0, 2))], [null, null, null]);
});

test('while the receiver is away, memory counts from a tenth of the time on', () => {
  const samples = [sample(0.1, 10, false), sample(1, 50, false), sample(4, 80, false), sample(5, 60, false)];
  const { away } = summary([...samples, sample(6, 500, true)]);
  assert.deepEqual(away, { seconds: 5, rssBytes: 60, risenBytes: 30, drainMegabytesPerSecond: (2 * GIB) / 5e6 });
});
