import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DecodedEntry } from '../../../bench/receiver/payload.js';
import { ReceiverStore } from '../../../bench/receiver/store.js';
import { StoredStream } from '../../../bench/receiver/stream.js';
import { push, receiverFor, stream } from './client.js';

function entryOf(seconds: number, text: string): DecodedEntry {
  const bytes = Buffer.from(text);
  return {
    seconds,
    nanos: 0,
    bytes,
    from: 0,
    to: bytes.length,
    metadataCount: 0,
    metadataBytes: 0,
    metadata: () => [],
  };
}

test('until resolves with the push that fulfils it, or at once', async (t) => {
  const receiver = await receiverFor(t);
  const { store } = receiver;
  const waiting = store.until((seen) => seen.entries >= 3);
  await push(receiver, [stream('{pod="web"}', ['a', 'b'])]);
  await push(receiver, [stream('{pod="web"}', ['c'])]);
  await waiting;
  await store.until((seen) => seen.entries === 3);
  assert.equal(store.listenerCount('push'), 0);
});

test('until gives up after its time, at a signal, or when the question fails', async () => {
  const store = new ReceiverStore({ mode: 'keep' });
  await assert.rejects(
    store.until(() => false, { timeoutMs: 1 }),
    /waited 1 ms in vain.*"pushes":0/,
  );
  const cancel = new AbortController();
  const waiting = store.until(() => false, { timeoutMs: null, signal: cancel.signal });
  cancel.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(
    store.until(() => false, { signal: cancel.signal }),
    /enough/,
  );
  const failing = () => {
    throw new Error('no such stream');
  };
  await assert.rejects(store.until(failing), /no such stream/);
  assert.equal(store.listenerCount('push'), 0);
});

test('entries are kept by time, each once', () => {
  const entries = fc.array(fc.tuple(fc.nat({ max: 20 }), fc.constantFrom('a', 'b', 'c')));
  fc.assert(
    fc.property(entries, (pairs) => {
      const kept = new StoredStream([['pod', 'web']]);
      for (const [seconds, line] of pairs) kept.keep(entryOf(seconds, line));
      const seen = kept.kept.map((entry) => `${entry.seconds}${entry.text}`);
      const expected = new Set(pairs.map(([seconds, line]) => `${seconds}${line}`));
      assert.deepEqual([...seen].sort(), [...expected].sort());
      assert.equal(kept.duplicates, pairs.length - expected.size);
      const times = kept.kept.map((entry) => entry.seconds);
      assert.deepEqual(
        times,
        [...times].sort((a, b) => a - b),
      );
    }),
  );
});

test('streams and entries are found by selector', async (t) => {
  const receiver = await receiverFor(t);
  const ns = BigInt(Date.now()) * 1_000_000n;
  await push(receiver, [stream('{pod="web"}', ['b', 'd'], ns + 1n), stream('{pod="db"}', ['a'], ns)]);
  assert.deepEqual(
    receiver.store.streams('{pod=~"w.*"}').map(({ name, entries }) => [name, entries]),
    [['{pod="web"}', 2]],
  );
  assert.deepEqual(receiver.store.lines(), ['a', 'b', 'd']);
  assert.deepEqual(receiver.store.lines('{pod="db"}'), ['a']);
});
