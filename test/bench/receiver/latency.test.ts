import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatencyHistogram, quantileMs, since } from '../../../bench/receiver/latency.js';
import { push, receiverFor, stream } from './client.js';

const ages = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });

test('a quantile is at most one step above the true one', () => {
  fc.assert(
    fc.property(ages, fc.constantFrom(0.5, 0.9, 0.99, 1), (values, quantile) => {
      const histogram = new LatencyHistogram();
      for (const value of values) histogram.add(value);
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.ceil(sorted.length * quantile) - 1]!;
      const found = quantileMs(histogram.report(), quantile)!;
      assert.ok(found >= exact * (1 - 1e-9) && found <= Math.max(1, exact * 1.045), `${found} for ${exact}`);
    }),
  );
  assert.equal(quantileMs(new LatencyHistogram().report(), 0.5), null);
});

test('merged, and less what was there before, it is as if counted at once', () => {
  fc.assert(
    fc.property(ages, ages, (first, second) => {
      const [a, b, both] = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()];
      for (const age of first) a.add(age);
      for (const age of second) b.add(age);
      for (const age of [...first, ...second]) both.add(age);
      const before = a.report();
      const only = b.report();
      a.merge(b);
      assert.deepEqual(a.report(), both.report());
      assert.deepEqual(since(before, a.report()).buckets, only.buckets);
    }),
  );
});

test('the receiver tells how old entries were, of all streams or of some', async (t) => {
  const receiver = await receiverFor(t, { store: { mode: 'count', latency: true } });
  const atNs = (agoMs: number) => BigInt(Date.now() - agoMs) * 1_000_000n;
  const aged = (labels: string, agoMs: number) => ({ labels, entries: [{ ns: atNs(agoMs), line: 'x' }] });
  await push(receiver, [aged('{pod="slow"}', 60_000), aged('{pod="quick"}', 10)]);
  const report = async (query: string) =>
    (await (await fetch(`${receiver.url}/latency${query}`)).json()) as ReturnType<LatencyHistogram['report']>;
  const all = await report('');
  assert.equal(all.buckets.length, 2);
  assert.ok(all.maxMs >= 60_000);
  const quick = await report(`?query=${encodeURIComponent('{pod="quick"}')}`);
  assert.ok(quick.maxMs >= 10 && quick.maxMs < 60_000);
  assert.equal((await fetch(`${receiver.url}/latency?query=${encodeURIComponent('{')}`)).status, 400);
});

test('what is not measured is empty', async (t) => {
  const receiver = await receiverFor(t, { store: 'count' });
  await push(receiver, [stream('{pod="web"}', ['a'])]);
  assert.deepEqual(receiver.store.latency().report(), { buckets: [], maxMs: 0 });
});
