import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Fault, Faults } from '../../../bench/receiver/faults.js';
import { Ingest } from '../../../bench/receiver/ingest.js';
import { encodePush } from '../../../bench/receiver/push.js';
import { LOKI_LIMITS } from '../../../bench/receiver/rules.js';
import { ReceiverStore } from '../../../bench/receiver/store.js';
import { push, receiverFor, snappy, stream } from './client.js';

const web = '{pod="web"}';
const db = '{pod="db"}';

const statuses: [number, RegExp][] = [
  [500, /live replicas/],
  [503, /unavailable/],
  [429, /Ingestion rate limit exceeded/],
  [413, /too large/],
  [401, /no org id/],
];
for (const [status, text] of statuses) {
  test(`pushes are refused with ${status}`, async (t) => {
    const receiver = await receiverFor(t, { faults: { action: 'refuse', status } });
    const answer = await push(receiver, [stream(web, ['a'])]);
    assert.equal(answer.status, status);
    assert.match(answer.text, text);
    assert.equal(receiver.store.entries, 0);
    assert.equal(receiver.store.counts.answers[status], 1);
  });
}

test('a refusal bears the headers and the text it was given', async (t) => {
  const headers = { 'retry-after': '7' };
  const receiver = await receiverFor(t, { faults: { action: 'refuse', status: 429, text: 'later', headers } });
  const answer = await push(receiver, [stream(web, ['a'])]);
  assert.equal(answer.headers.get('retry-after'), '7');
  assert.equal(answer.text, 'later\n');
});

test('a redirect', async (t) => {
  const receiver = await receiverFor(t);
  receiver.faults.set({ action: 'refuse', status: 307, headers: { location: '/elsewhere' } });
  const answer = await push(receiver, [stream(web, ['a'])]);
  assert.equal(answer.status, 307);
  assert.equal(answer.headers.get('location'), '/elsewhere');
});

test('a refused push may have been stored', async (t) => {
  const receiver = await receiverFor(t, { faults: { action: 'refuse', status: 500, store: true } });
  assert.equal((await push(receiver, [stream(web, ['a'])])).status, 500);
  assert.deepEqual(receiver.store.lines(), ['a']);
});

test('a fault ends after its times, and the next one follows', async (t) => {
  const receiver = await receiverFor(t);
  receiver.faults.set([
    { action: 'refuse', status: 500, times: 2 },
    { action: 'refuse', status: 503, times: 1 },
  ]);
  const seen = [];
  for (let i = 0; i < 4; i++) seen.push((await push(receiver, [stream(web, ['a'])])).status);
  assert.deepEqual(seen, [500, 500, 503, 204]);
  assert.deepEqual(
    receiver.faults.list().map(({ hits }) => hits),
    [2, 1],
  );
});

test('a share of the pushes, the same with the same seed', async (t) => {
  const receiver = await receiverFor(t);
  const round = async (seed: number) => {
    receiver.faults.set({ action: 'refuse', status: 500, share: 0.5, seed });
    const seen = [];
    for (let i = 0; i < 40; i++) seen.push((await push(receiver, [stream(web, ['a'])])).status);
    return seen;
  };
  const first = await round(1);
  assert.ok(first.filter((status) => status === 500).length > 8, first.join());
  assert.ok(first.filter((status) => status === 204).length > 8, first.join());
  assert.deepEqual(await round(1), first);
  assert.notDeepEqual(await round(2), first);
});

test('one stream is refused for its rate, and the others of the push are stored', async (t) => {
  const receiver = await receiverFor(t, { faults: { action: 'refuse', status: 429, streams: web } });
  const answer = await push(receiver, [stream(web, ['a', 'b']), stream(db, ['c'])]);
  assert.equal(answer.status, 429);
  assert.match(answer.text, /^entry with timestamp .* ignored, reason: 'Per stream rate limit exceeded/);
  assert.match(answer.text, /user 'fake', total ignored: 2 out of 2 for stream: \{pod="web"\}\n$/);
  assert.deepEqual(receiver.store.lines(), ['c']);
  assert.deepEqual(receiver.store.counts.refused, { per_stream_rate_limit: 2 });
  assert.equal((await push(receiver, [stream(db, ['d'])])).status, 204);
});

test('a push is refused as a whole for one of its streams', async (t) => {
  const receiver = await receiverFor(t, { faults: { action: 'refuse', status: 429, streams: web, scope: 'push' } });
  assert.equal((await push(receiver, [stream(web, ['a']), stream(db, ['b'])])).status, 429);
  assert.deepEqual(receiver.store.lines(), []);
  assert.equal((await push(receiver, [stream(db, ['c'])])).status, 204);
});

test('only pushes over a size are refused', async (t) => {
  const receiver = await receiverFor(t, { faults: { action: 'refuse', status: 413, overDecodedBytes: 1000 } });
  assert.equal((await push(receiver, [stream(web, ['a'.repeat(1000)])])).status, 413);
  assert.equal((await push(receiver, [stream(web, ['a'.repeat(500)])])).status, 204);
});

for (const store of [false, true]) {
  test(`a connection is dropped, ${store ? 'after' : 'before'} the push is stored`, async (t) => {
    const receiver = await receiverFor(t, { faults: { action: 'drop', store, times: 1 } });
    await assert.rejects(push(receiver, [stream(web, ['a'])]));
    assert.deepEqual(receiver.store.lines(), store ? ['a'] : []);
    assert.equal(receiver.store.counts.answers.none, 1);
    assert.equal((await push(receiver, [stream(web, ['b'])])).status, 204);
  });

  test(`no answer comes, and the push is ${store ? '' : 'not '}stored`, async (t) => {
    const receiver = await receiverFor(t, { faults: { action: 'stall', store } });
    const cancel = new AbortController();
    const pushed = once(receiver.store, 'push');
    const answer = push(receiver, [stream(web, ['a'])], { signal: cancel.signal });
    await pushed;
    assert.deepEqual(receiver.store.lines(), store ? ['a'] : []);
    cancel.abort();
    await assert.rejects(answer, { name: 'AbortError' });
  });
}

test('closing ends stalled and delayed pushes', async (t) => {
  const receiver = await receiverFor(t, {
    faults: [
      { action: 'stall', streams: web },
      { action: 'delay', delayMs: 3_600_000, streams: db },
    ],
  });
  const pushed = once(receiver.store, 'push');
  const answers = Promise.allSettled([push(receiver, [stream(db, ['a'])]), push(receiver, [stream(web, ['a'])])]);
  await pushed;
  await receiver.close();
  assert.deepEqual(
    (await answers).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});

test('a delayed push is handled after those that came later', async () => {
  const store = new ReceiverStore({ mode: 'keep' });
  const faults = new Faults();
  faults.set({ action: 'delay', delayMs: 1, streams: db });
  const ingest = new Ingest(store, LOKI_LIMITS, faults);
  const take = (labels: string) =>
    ingest.take(Buffer.from(snappy(encodePush([stream(labels, ['a'])]))), {}, new AbortController().signal);
  const outcomes = await Promise.all([take(db), take(web)]);
  assert.deepEqual(outcomes, Array(2).fill({ status: 204, text: '' }));
  assert.deepEqual(
    store.records.flatMap((record) => record.streams),
    [web, db],
  );
});

test('faults are set, shown and cleared over HTTP', async (t) => {
  const receiver = await receiverFor(t);
  const url = `${receiver.url}/faults`;
  const fault: Fault = { action: 'refuse', status: 503, share: 1 };
  const set = await fetch(url, { method: 'POST', body: JSON.stringify(fault) });
  assert.deepEqual(await set.json(), [{ fault, hits: 0 }]);
  assert.equal((await push(receiver, [stream(web, ['a'])])).status, 503);
  assert.deepEqual(await (await fetch(url)).json(), [{ fault, hits: 1 }]);
  await fetch(url, { method: 'DELETE' });
  assert.equal((await push(receiver, [stream(web, ['a'])])).status, 204);
});

for (const wrong of [
  '{',
  '{"action": "explode"}',
  '{"action": "stall", "shares": 1}',
  '{"action": "stall", "streams": "x"}',
]) {
  test(`the fault ${wrong} is refused and changes nothing`, async (t) => {
    const receiver = await receiverFor(t);
    assert.equal((await fetch(`${receiver.url}/faults`, { method: 'POST', body: wrong })).status, 400);
    assert.deepEqual(receiver.faults.list(), []);
  });
}
