import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createEndpoint } from '../../src/push/endpoint.js';
import type { Outcome } from '../../src/push/parcel.js';
import type { Sender, SenderOptions } from '../../src/push/sender.js';
import { createSender } from '../../src/push/sender.js';
import {
  failure,
  http,
  parcel,
  ScriptedEndpoint,
  STORED,
  STREAM_LIMITED,
  settled,
  TENANT_LIMITED,
  TestClock,
} from './kit.js';

interface Bench {
  clock: TestClock;
  endpoint: ScriptedEndpoint;
  sender: Sender;
}

/** Waits are exact here: 500 ms, 1 s, 2 s, ... */
function bench(options: Partial<SenderOptions> = {}): Bench {
  const clock = new TestClock();
  const endpoint = new ScriptedEndpoint(clock);
  return { clock, endpoint, sender: createSender({ endpoint, clock, random: () => 1, ...options }) };
}

test('parcels go side by side, the oldest first, and each is settled', async () => {
  const { endpoint, sender } = bench({ maxInFlight: 3 });
  const parcels = [4, 2, 1, 3].map((seq) => parcel(`p${seq}`, seq, [`k${seq}`]));
  for (const each of parcels) sender.submit(each);
  await settled();
  assert.deepEqual(endpoint.names, ['p1', 'p2', 'p3']);
  assert.equal(sender.figures.inFlight, 3);
  assert.equal(sender.figures.waiting, 1);
  await endpoint.answer('p2', STORED);
  assert.deepEqual(endpoint.names, ['p1', 'p2', 'p3', 'p4']);
  for (const name of ['p4', 'p1', 'p3']) await endpoint.answer(name, STORED);
  for (const each of parcels) assert.deepEqual(each.outcomes, [{ kind: 'stored' }]);
});

test('one key has no more in flight than its window', async () => {
  const { endpoint, sender } = bench({ window: 2 });
  for (const seq of [1, 2, 3]) sender.submit(parcel(`a${seq}`, seq, ['a']));
  sender.submit(parcel('b4', 4, ['b']));
  await settled();
  assert.deepEqual(endpoint.names, ['a1', 'a2', 'b4']);
  await endpoint.answer('a2', STORED);
  assert.deepEqual(endpoint.names, ['a1', 'a2', 'b4', 'a3']);
});

test('entries far apart in time do not go side by side', async () => {
  const { endpoint, sender } = bench({ maxSpreadMs: 1000 });
  sender.submit(parcel('a1', 1, ['a'], { oldestMs: 10_000, newestMs: 10_500 }));
  sender.submit(parcel('a2', 2, ['a'], { oldestMs: 10_500, newestMs: 11_000 }));
  sender.submit(parcel('a3', 3, ['a'], { oldestMs: 11_000, newestMs: 11_001 }));
  await settled();
  assert.deepEqual(endpoint.names, ['a1', 'a2']);
  await endpoint.answer('a1', STORED);
  assert.deepEqual(endpoint.names, ['a1', 'a2', 'a3']);
});

test('while one of a key is refused its newer ones wait, and others go on', async () => {
  const { clock, endpoint, sender } = bench({ window: 2 });
  for (const seq of [1, 2, 3]) sender.submit(parcel(`a${seq}`, seq, ['a']));
  await settled();
  await endpoint.answer('a1', STREAM_LIMITED);
  await endpoint.answer('a2', STORED);
  sender.submit(parcel('b4', 4, ['b']));
  await settled();
  assert.deepEqual(endpoint.names, ['a1', 'a2', 'b4'], 'a3 waits for a1');
  await clock.advance(499);
  assert.equal(endpoint.sent.length, 3);
  await clock.advance(1);
  assert.deepEqual(endpoint.names.slice(3), ['a1'], 'a3 waits while a1 is tried again');
  await endpoint.answer('a1', STORED);
  assert.deepEqual(endpoint.names.slice(3), ['a1', 'a3']);
});

test('refused ones of a key are tried again in their order', async () => {
  const { clock, endpoint, sender } = bench();
  for (const seq of [1, 2, 3]) sender.submit(parcel(`a${seq}`, seq, ['a']));
  await settled();
  for (const name of ['a3', 'a2', 'a1']) await endpoint.answer(name, STREAM_LIMITED);
  await clock.advance(5000);
  assert.deepEqual(endpoint.names.slice(3), ['a1']);
  await endpoint.answer('a1', STORED);
  assert.deepEqual(endpoint.names.slice(3), ['a1', 'a2']);
  await endpoint.answer('a2', STORED);
  assert.deepEqual(endpoint.names.slice(3), ['a1', 'a2', 'a3']);
});

test('endpoint-wide trouble: a pause, then the oldest alone, then everything', async () => {
  const { clock, endpoint, sender } = bench({ maxInFlight: 4 });
  for (const seq of [1, 2, 3, 4, 5, 6]) sender.submit(parcel(`p${seq}`, seq, [`k${seq}`]));
  await settled();
  // The first to fail may have been chance, and goes again at once.
  for (const name of ['p3', 'p1', 'p4', 'p2', 'p3']) await endpoint.answer(name, failure('ECONNREFUSED'));
  assert.equal(sender.figures.trouble, 'network');
  const probes: number[] = [];
  for (let tries = 0; tries < 3; tries++) {
    const before = endpoint.sent.length;
    const startMs = clock.now();
    while (endpoint.sent.length === before) await clock.advance(clock.nextMs);
    assert.equal(endpoint.sent.length, before + 1, 'one probe at a time');
    if (tries < 2) assert.equal(endpoint.names.at(-1), 'p1');
    probes.push(clock.now() - startMs);
    if (tries < 2) await endpoint.answer('p1', http(503));
  }
  assert.deepEqual(probes, [500, 1000, 2000], 'waits double, though four failed at first');
  await endpoint.answer(endpoint.names.at(-1) ?? '', STORED);
  assert.equal(sender.figures.trouble, null);
  assert.equal(sender.figures.inFlight, 2, 'what gets through doubles what is allowed');
});

test('one failure among successes is tried again at once, and holds up nobody else', async () => {
  const { clock, endpoint, sender } = bench({ maxInFlight: 2 });
  for (const seq of [1, 2, 3, 4]) sender.submit(parcel(`p${seq}`, seq, [`k${seq}`]));
  await settled();
  await endpoint.answer('p1', http(503));
  await endpoint.answer('p2', STORED);
  assert.deepEqual(endpoint.names, ['p1', 'p2', 'p1', 'p3']);
  await endpoint.answer('p1', failure('ECONNRESET'));
  assert.deepEqual(endpoint.names.slice(4), ['p4'], 'the second time it waits by itself');
  await endpoint.answer('p3', STORED);
  await clock.advance(499);
  assert.equal(endpoint.sent.length, 5);
  await clock.advance(1);
  assert.deepEqual(endpoint.names.slice(5), ['p1']);
});

test('a limit for all holds up all at once', async () => {
  const { clock, endpoint, sender } = bench({ maxInFlight: 2 });
  for (const seq of [1, 2, 3]) sender.submit(parcel(`p${seq}`, seq, [`k${seq}`]));
  await settled();
  await endpoint.answer('p1', TENANT_LIMITED);
  await endpoint.answer('p2', STORED);
  await clock.advance(499);
  assert.equal(endpoint.sent.length, 2);
});

test('the first of a general failure waits no longer than the endpoint does', async () => {
  let draws = 0;
  const { clock, endpoint, sender } = bench({ maxInFlight: 2, random: () => draws++ });
  for (const seq of [1, 2]) sender.submit(parcel(`p${seq}`, seq, [`k${seq}`]));
  await settled();
  for (const name of ['p1', 'p2']) await endpoint.answer(name, http(502));
  await clock.advance(250);
  assert.deepEqual(endpoint.names.slice(2), ['p1']);
});

test('a parcel that always fails alone does not stop the others', async () => {
  const { clock, endpoint, sender } = bench({ maxInFlight: 2 });
  sender.submit(parcel('poison', 0, ['bad']));
  let seq = 0;
  const next = () => {
    seq++;
    sender.submit(parcel(`p${seq}`, seq, [`k${seq}`]));
  };
  next();
  let poisoned = 0;
  let stored = 0;
  for (let answered = 0; answered < 400; answered++) {
    await settled();
    while (endpoint.sent.length === answered) await clock.advance(clock.nextMs);
    const sent = endpoint.sent[answered] ?? assert.fail();
    if (sent.name === 'poison') {
      poisoned++;
      await sent.answer(http(500));
    } else {
      stored++;
      await clock.advance(100);
      next();
      await sent.answer(STORED);
    }
  }
  assert.ok(poisoned < 20 && stored > 380, `${poisoned} tries of the poisoned one`);
});

test('Retry-After is honoured, for the endpoint and for one parcel', async () => {
  const { clock, endpoint, sender } = bench();
  sender.submit(parcel('a1', 1, ['a']));
  await settled();
  await endpoint.answer('a1', { ...TENANT_LIMITED, retryAfter: '7' });
  sender.submit(parcel('b2', 2, ['b']));
  await clock.advance(6999);
  assert.equal(endpoint.sent.length, 1);
  await clock.advance(1);
  assert.equal(endpoint.sent.length, 2);
  await endpoint.answer('a1', { ...STREAM_LIMITED, retryAfter: '9' });
  assert.deepEqual(endpoint.names, ['a1', 'a1', 'b2']);
  await clock.advance(8999);
  assert.equal(endpoint.sent.length, 3);
  await clock.advance(1);
  assert.equal(endpoint.sent.length, 4);
});

test('one key that is always limited does not delay the others, also where they share a parcel', async () => {
  const { clock, endpoint, sender } = bench();
  const hot = parcel('hot1', 1, ['hot']);
  sender.submit(hot);
  const shared = parcel('shared2', 2, ['hot', 'a', 'b']);
  sender.submit(shared);
  await settled();
  await endpoint.answer('hot1', STREAM_LIMITED);
  await endpoint.answer('shared2', STREAM_LIMITED);
  sender.submit(parcel('a3', 3, ['a']));
  const late = parcel('late4', 4, ['c', 'hot']);
  sender.submit(late);
  await clock.advance(500);
  assert.deepEqual(endpoint.names, ['hot1', 'shared2', 'hot1'], 'only the hot one is tried, all others are behind it');
  await endpoint.answer('hot1', STREAM_LIMITED);
  assert.equal(sender.isStuck('hot'), true);
  assert.equal(sender.isStuck('a'), false);
  const [cut = assert.fail()] = shared.outcomes;
  assert.ok(cut.kind === 'cut' && cut.reason === 'held_up');
  assert.deepEqual(cut.keys, ['hot']);
  assert.equal(late.outcomes[0]?.kind, 'cut');
  assert.deepEqual(endpoint.names.slice(3), ['a3']);
  const more = parcel('more5', 5, ['hot', 'd']);
  sender.submit(more);
  await settled();
  assert.equal(more.outcomes[0]?.kind, 'cut');
  assert.deepEqual(hot.outcomes, []);
});

test('a parcel of several keys is cut after the second refusal for one of them', async () => {
  const { clock, endpoint, sender } = bench();
  const shared = parcel('p1', 1, ['a', 'b']);
  sender.submit(shared);
  await settled();
  await endpoint.answer('p1', STREAM_LIMITED);
  await clock.advance(500);
  await endpoint.answer('p1', STREAM_LIMITED);
  const [outcome = assert.fail()] = shared.outcomes;
  assert.ok(outcome.kind === 'cut' && outcome.reason === 'per_stream_rate_limit');
});

test('a push that may be larger than a burst is cut after some refusals, a small one never', async () => {
  const { clock, endpoint, sender } = bench();
  const large = parcel('large', 1, ['a'], { encodedBytes: 1 << 20 });
  const small = parcel('small', 2, ['b']);
  sender.submit(large);
  sender.submit(small);
  await settled();
  for (let answered = 0; answered < 40; answered++) {
    while (endpoint.sent.length === answered) await clock.advance(clock.nextMs);
    await endpoint.sent[answered]?.answer(STREAM_LIMITED);
  }
  assert.equal(endpoint.names.filter((name) => name === 'large').length, 6);
  assert.equal(large.outcomes[0]?.kind, 'cut');
  assert.deepEqual(small.outcomes, []);
});

test('a held place is taken by the parts in their order, before anything newer', async () => {
  const { endpoint, sender } = bench({ maxInFlight: 8, window: 1 });
  let outcome: Outcome | undefined;
  sender.submit(parcel('a1', 1, ['a'], { onSettled: (each) => hold(each) }));
  sender.submit(parcel('a2', 2, ['a']));
  let place: ReturnType<Extract<Outcome, { kind: 'cut' }>['hold']> | undefined;
  function hold(each: Outcome): void {
    outcome = each;
    if (each.kind === 'cut') place = each.hold();
  }
  await settled();
  await endpoint.answer('a1', http(413));
  assert.ok(outcome?.kind === 'cut' && outcome.reason === 'too_large' && place !== undefined);
  assert.equal(sender.figures.held, 1);
  assert.deepEqual(endpoint.names, ['a1'], 'a2 waits for the parts');
  place.submit(parcel('a1.1', 1, ['a']));
  place.submit(parcel('a1.2', 1, ['a']));
  place.release();
  await settled();
  for (const name of ['a1.1', 'a1.2', 'a2']) {
    assert.equal(endpoint.names.at(-1), name);
    await endpoint.answer(name, STORED);
  }
  assert.equal(sender.figures.held, 0);
  assert.throws(() => place?.submit(parcel('late', 1, ['a'])), { code: 'PUSH_ORDER' });
  assert.throws(() => outcome?.kind === 'cut' && outcome.hold(), { code: 'PUSH_ORDER' });
});

test('without a held place, parts still go before what waits', async () => {
  const { endpoint, sender } = bench({ maxInFlight: 1 });
  sender.submit(
    parcel('a1', 1, ['a'], {
      onSettled: () => {
        sender.submit(parcel('a1.1', 1, ['a']));
        sender.submit(parcel('a1.2', 1, ['a']));
      },
    }),
  );
  sender.submit(parcel('a2', 2, ['a']));
  await settled();
  await endpoint.answer('a1', http(413));
  for (const name of ['a1.1', 'a1.2', 'a2']) await endpoint.answer(name, STORED);
  assert.deepEqual(endpoint.names, ['a1', 'a1.1', 'a1.2', 'a2']);
});

test('what Loki says of the content ends a parcel or hands it back', async () => {
  const { endpoint, sender } = bench();
  const said: [string, string][] = [];
  const cases: [string, ReturnType<typeof http>, object][] = [
    ['part', http(400, "max entry size '1' bytes exceeded for stream '{a=\"b\"}' while"), { kind: 'storedInPart' }],
    ['labels', http(400, "couldn't parse labels: 1:1: parse error"), { kind: 'withoutStream', labels: null }],
    ['metadata', http(400, "stream '{}' includes structured metadata, but this feature is disallowed"), {}],
    ['unknown', http(400, 'who knows'), { kind: 'refused', reason: 'unknown_400' }],
  ];
  const parcels = cases.map(([name], index) => parcel(name, index, [name]));
  for (const each of parcels) sender.submit(each);
  const large = parcel('large', 9, ['large'], { encodedBytes: 1 << 20 });
  sender.submit(large);
  const line = parcel('line', 10, ['line'], { encodedBytes: 1 << 20, entries: 1 });
  sender.submit(line);
  await settled();
  for (const [name, answer] of cases) await endpoint.answer(name, answer);
  await endpoint.answer('large', http(400, 'who knows'));
  await endpoint.answer('line', http(400, 'who knows'));
  for (const [index, [name, , expected]] of cases.entries()) {
    const outcome = parcels[index]?.outcomes[0] ?? assert.fail();
    assert.deepEqual({ ...outcome, ...expected }, outcome, name);
    said.push([name, outcome.kind]);
  }
  assert.deepEqual(said, [
    ['part', 'storedInPart'],
    ['labels', 'withoutStream'],
    ['metadata', 'withoutMetadata'],
    ['unknown', 'refused'],
  ]);
  assert.equal(large.outcomes[0]?.kind, 'cut', 'so that less is lost with what Loki does not like');
  assert.equal(line.outcomes[0]?.kind, 'refused', 'a single line cannot be cut');
});

test('stop lets what is under way finish, repeats included, and drops the rest at its deadline', async () => {
  const { clock, endpoint, sender } = bench();
  const parcels = ['a', 'b', 'c'].map((name, index) => parcel(name, index, [name]));
  for (const each of parcels) sender.submit(each);
  await settled();
  let stopped = false;
  const done = sender.stop(2000).then(() => {
    stopped = true;
  });
  await endpoint.answer('a', STORED);
  await endpoint.answer('b', STREAM_LIMITED);
  await clock.advance(500);
  await endpoint.answer('b', STORED);
  await clock.advance(1499);
  assert.equal(stopped, false);
  await clock.advance(1);
  await done;
  assert.deepEqual(
    parcels.map(({ outcomes }) => outcomes.length),
    [1, 1, 0],
  );
  assert.equal(endpoint.sent.find(({ name }) => name === 'c')?.calledOff, true);
  assert.equal(clock.nextMs, Number.POSITIVE_INFINITY, 'no timer is left');
  sender.submit(parcel('late', 9, ['late']));
  await settled();
  assert.equal(endpoint.names.includes('late'), false);
});

test('stop does not wait for what cannot happen in time', async () => {
  const { clock, endpoint, sender } = bench();
  sender.submit(parcel('late', 1, ['a']));
  await sender.stop(0);
  const idle = bench();
  await idle.sender.stop(60_000);
  const waiting = bench();
  waiting.sender.submit(parcel('a', 1, ['a']));
  await settled();
  await waiting.endpoint.answer('a', http(503, '', { retryAfter: '60' }));
  await waiting.sender.stop(20_000);
  assert.equal(waiting.clock.now() + clock.now(), 0);
  assert.equal(endpoint.sent.length, 0);
});

test('events tell of each answer and each repeat', async () => {
  const told: unknown[] = [];
  const { clock, endpoint, sender } = bench({
    events: {
      pushed: (...values) => told.push(values),
      retried: (...values) => told.push(values),
      refused: (...values) => told.push(values),
    },
  });
  sender.submit(parcel('a', 1, ['a']));
  await clock.advance(30);
  await endpoint.answer('a', failure('ECONNRESET'));
  await settled();
  await endpoint.answer('a', http(400, 'no'));
  assert.deepEqual(told, [
    ['ECONNRESET', 30, 1],
    ['network', 'ECONNRESET: it broke', 0],
    [400, 0, 1],
    ['refused', 'status 400: no'],
  ]);
});

test('over real sockets: a push that is stored but not answered is repeated as it was', {
  timeout: 20_000,
}, async () => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    if (bodies.length === 1) return;
    if (bodies.length === 2) request.socket.destroy();
    else response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/loki/api/v1/push`);
  const endpoint = createEndpoint({ url, userAgent: 'sleipnir/test', requestTimeoutMs: 100 });
  const sender = createSender({ endpoint, backoff: { minMs: 1, maxMs: 10 } });
  const outcome = await new Promise<Outcome>((resolve) => {
    sender.submit(parcel('the push', 1, ['a'], { onSettled: resolve }));
  });
  assert.equal(outcome.kind, 'stored');
  assert.deepEqual(bodies, ['the push', 'the push', 'the push']);
  await sender.stop(1000);
  await endpoint.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
