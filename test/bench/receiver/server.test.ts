import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodePush } from '../../../bench/receiver/push.js';
import { nowNs, post, push, receiverFor, snappy, stream } from './client.js';

const web = '{pod="web"}';
const PROTOBUF = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };

for (const mode of ['keep', 'count'] as const) {
  test(`a push is counted with its bytes and its record, mode ${mode}`, async (t) => {
    const receiver = await receiverFor(t, { store: { mode, records: true } });
    const body = encodePush([stream(web, ['one', 'two']), stream('{pod="db"}', ['three'])]);
    const wire = snappy(body);
    assert.equal((await post(receiver, wire, { ...PROTOBUF, 'x-scope-orgid': 'team' })).status, 204);
    const { counts, records } = receiver.store;
    assert.deepEqual(counts, {
      pushes: 1,
      answers: { 204: 1 },
      streams: 2,
      entries: 3,
      lineBytes: 11,
      duplicates: 0,
      refused: {},
      wireBytes: wire.length,
      decodedBytes: body.length,
    });
    assert.equal(records.length, 1);
    assert.equal(records[0]!.headers['x-scope-orgid'], 'team');
    assert.deepEqual(records[0]!.streams, [web, '{pod="db"}']);
    assert.equal(records[0]!.stored, 3);
  });
}

test('bytes that are not UTF-8 are kept', async (t) => {
  const receiver = await receiverFor(t);
  const line = Buffer.from([0x61, 0xff, 0xfe, 0x00, 0xc3, 0x0a]);
  await push(receiver, [stream(web, [line])]);
  assert.deepEqual(receiver.store.all(web)[0]!.line, line);
});

test('nanoseconds are kept', async (t) => {
  const receiver = await receiverFor(t);
  const ns = nowNs() + 123_456_789n;
  await push(receiver, [{ labels: web, entries: [{ ns, line: 'a' }] }]);
  assert.equal(receiver.store.all(web)[0]!.ns, ns);
});

const json = JSON.stringify({
  streams: [
    {
      stream: { pod: 'w"eb', a: 'b' },
      values: [
        [String(nowNs()), 'häl\nlo'],
        [String(nowNs()), 'x', { s: 'out' }],
      ],
    },
  ],
});
const bodies: [string, Uint8Array | string, Record<string, string>][] = [
  ['plain', json, { 'content-type': 'application/json; charset=utf-8' }],
  ['gzip', gzipSync(json), { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
];
for (const [name, body, headers] of bodies) {
  test(`a push in JSON, ${name}`, async (t) => {
    const receiver = await receiverFor(t);
    const answer = await post(receiver, body, headers);
    assert.equal(answer.status, 204, answer.text);
    assert.deepEqual(receiver.store.lines('{pod="w\\"eb", a="b"}'), ['häl\nlo', 'x']);
    assert.deepEqual(receiver.store.all()[1]!.metadata, [['s', 'out']]);
  });
}

const broken: [string, Uint8Array | string, Record<string, string>, RegExp][] = [
  ['no snappy', Buffer.from([0xff, 0xff, 0xff]), PROTOBUF, /snappy/],
  ['no protobuf', snappy(Buffer.from('no protobuf')), PROTOBUF, /./],
  ['no JSON', '{', { 'content-type': 'application/json' }, /./],
  ['JSON of another shape', '{"streams": [{}]}', { 'content-type': 'application/json' }, /./],
  ['no gzip', 'x', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, /gzip/],
  ['an unknown encoding', 'x', { 'content-type': 'application/json', 'content-encoding': 'br' }, /"br" not supported/],
];
for (const [name, body, headers, text] of broken) {
  for (const store of ['keep', 'count'] as const) {
    test(`${name} is answered with 400, mode ${store}`, async (t) => {
      const receiver = await receiverFor(t, { store });
      const answer = await post(receiver, body, headers);
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.text, text);
      assert.equal(receiver.store.entries, 0);
    });
  }
}

test('ready, figures, and a path that is not there', async (t) => {
  const receiver = await receiverFor(t, { store: { mode: 'count', sequence: { marker: 'seq=' } } });
  await push(receiver, [stream(web, ['seq=1', 'seq=4', 'seq=4'])]);
  assert.equal(await (await fetch(`${receiver.url}/ready`)).text(), 'ready');
  const figures = (await (await fetch(`${receiver.url}/figures`)).json()) as Record<string, unknown>;
  assert.equal(figures.entries, 3);
  assert.deepEqual(figures.sequence, { groups: 1, unnumbered: 0, distinct: 2, repeated: 1, missing: 2 });
  for (const key of ['cpuUserMs', 'cpuSystemMs', 'rssBytes', 'uptimeMs']) assert.equal(typeof figures[key], 'number');
  assert.equal((await fetch(`${receiver.url}/elsewhere`)).status, 404);
});

test('what the receiver does not expect is answered with 500', async (t) => {
  const receiver = await receiverFor(t);
  // A path that is no URL.
  assert.equal((await fetch(`${receiver.url}//`)).status, 500);
});

test('a receiver that was down listens on its port again and has kept everything', async (t) => {
  const receiver = await receiverFor(t);
  await push(receiver, [stream(web, ['a'])]);
  await receiver.down();
  await assert.rejects(push(receiver, [stream(web, ['lost'])]));
  await receiver.up();
  assert.equal((await push(receiver, [stream(web, ['b'])])).status, 204);
  assert.deepEqual(receiver.store.lines(), ['a', 'b']);
});
