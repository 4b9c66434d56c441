import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plot } from '../../../bench/load/plot.js';
import type { LoadResult, Sample } from '../../../bench/load/result.js';

const samples: Sample[] = Array.from({ length: 21 }, (_, i) => ({
  seconds: i / 2,
  cpuSeconds: i,
  rssBytes: (50 + i) * 2 ** 20,
  storedEntries: i * 100,
  storedBytes: i * 5e6,
  latencyMs: null,
  up: true,
}));
const run = { label: 'a < b', result: { samples, entries: 2000, latencyMs: null } as unknown as LoadResult };

test('three panels with a line for each run, in the picture', () => {
  const svg = plot([run, { ...run, label: 'second' }]);
  const lines = [...svg.matchAll(/<polyline points="([^"]+)"/g)].map(([, points]) =>
    points!.split(' ').map((point) => point.split(',').map(Number)),
  );
  assert.equal(lines.length, 6);
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
  for (const [x, y] of lines.flat()) assert.ok(x! >= 0 && x! <= width! && y! >= 0 && y! <= height!);
  // 5 MB each half second, at every point of the first line the same.
  assert.equal(new Set(lines[0]!.map(([, y]) => y)).size, 1);
  assert.match(svg, />20<\/text>/);
  assert.match(svg, /a &lt; b/);
  assert.doesNotMatch(svg, /NaN|Infinity/);
});

test('where pods write meanwhile, lag is the age of entries', () => {
  const latencyMs = { p50: 1, p99: 2, max: 3 };
  const aged = samples.map((sample, i) => ({ ...sample, latencyMs: i % 2 === 0 ? 40 : null }));
  const svg = plot([{ label: 'live', result: { samples: aged, entries: 2000, latencyMs } as unknown as LoadResult }]);
  assert.match(svg, /p99 from write to accepted/);
  assert.equal([...svg.matchAll(/<polyline points="([^"]+)"/g)].at(-1)![1]!.split(' ').length, 11);
});
