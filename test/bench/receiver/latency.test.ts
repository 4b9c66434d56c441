import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram, type LatencyReport, quantileMs, since } from '../../../bench/receiver/latency.js';
import { nowNs, push, receiverFor, stream } from './client.js';

function histogram(...ms: number[]): LatencyHistogram {
  const seen = new LatencyHistogram();
  for (const value of ms) seen.add(value);
  return seen;
}

test('a quantile is at most a step too high and never above the largest', () => {
  const values = Array.from({ length: 1000 }, (_, i) => i + 1);
  const report = histogram(...values).report();
  for (const quantile of [0.01, 0.5, 0.99, 1]) {
    const found = quantileMs(report, quantile)!;
    assert.ok(found >= 1000 * quantile - 1e-6 && found <= 1000 * quantile * 1.045, `${quantile}: ${found}`);
  }
  assert.equal(quantileMs(report, 1), 1000);
  assert.equal(quantileMs(histogram().report(), 0.5), null);
  assert.equal(quantileMs(histogram(-5, 0).report(), 1), 0);
});

test('histograms add up and can be taken apart', () => {
  const early = histogram(1, 100);
  const both = histogram(1, 100, 100, 5000);
  const late = histogram(100, 5000);
  const sum = histogram(1, 100);
  sum.merge(late);
  assert.deepEqual(sum.report(), both.report());
  assert.deepEqual(since(early.report(), both.report()), late.report());
});

test('the age of entries is measured by stream, and asked for over HTTP', async (t) => {
  const receiver = await receiverFor(t, { store: { mode: 'count', latency: true } });
  await push(receiver, [stream('{pod="web"}', ['a', 'b'], nowNs(-60)), stream('{pod="db"}', ['c'], nowNs(-1))]);
  const get = (query: string) => fetch(`${receiver.url}/latency?${new URLSearchParams({ query })}`);
  const report = (await (await get('{pod="web"}')).json()) as LatencyReport;
  assert.deepEqual(report, receiver.store.latency('{pod="web"}').report());
  assert.equal(
    report.buckets.reduce((sum, [, count]) => sum + count, 0),
    2,
  );
  assert.ok(report.maxMs >= 60_000);
  assert.equal((await get('{')).status, 400);
});
