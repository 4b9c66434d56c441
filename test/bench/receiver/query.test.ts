import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Payload } from '../../../bench/receiver/payload.js';
import type { Receiver } from '../../../bench/receiver/server.js';
import { nowNs, push, receiverFor, stream } from './client.js';

const start = nowNs(-600);
const second = 1_000_000_000n;

/** Two pods with entries a second apart: web at 0, 1, 2 (the last to stderr), db at 3. */
const node: Payload = [
  {
    labels: '{namespace="shop", pod="web"}',
    entries: [
      { ns: start, line: 'GET /a 200', metadata: [['stream', 'stdout']] },
      { ns: start + second, line: 'GET /b 500', metadata: [['stream', 'stdout']] },
      { ns: start + 2n * second, line: 'error in /b', metadata: [['stream', 'stderr']] },
    ],
  },
  { labels: '{namespace="data", pod="db"}', entries: [{ ns: start + 3n * second, line: 'checkpoint 500' }] },
];

interface Streams {
  status: string;
  data: {
    resultType: string;
    result: { stream: Record<string, string>; values: [string, string][] }[];
    stats: unknown;
  };
}

async function get(receiver: Receiver, path: string, params: Record<string, string> = {}): Promise<Response> {
  return fetch(`${receiver.url}/loki/api/v1/${path}?${new URLSearchParams(params)}`);
}

async function lines(receiver: Receiver, path: string, params: Record<string, string>): Promise<string[]> {
  const response = await get(receiver, path, params);
  assert.equal(response.status, 200, `${await response.clone().text()}`);
  const { data } = (await response.json()) as Streams;
  return data.result
    .flatMap(({ values }) => values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, line]) => line);
}

test('query_range answers in the form of Loki, metadata among the labels', async (t) => {
  const receiver = await receiverFor(t);
  await push(receiver, node);
  const response = await get(receiver, 'query_range', { query: '{namespace="shop"}' });
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const body = (await response.json()) as Streams;
  assert.equal(body.status, 'success');
  assert.equal(body.data.resultType, 'streams');
  assert.deepEqual(body.data.result, [
    {
      stream: { namespace: 'shop', pod: 'web', stream: 'stderr' },
      values: [[String(start + 2n * second), 'error in /b']],
    },
    {
      stream: { namespace: 'shop', pod: 'web', stream: 'stdout' },
      values: [
        [String(start + second), 'GET /b 500'],
        [String(start), 'GET /a 200'],
      ],
    },
  ]);
});

const queries: [string, string[]][] = [
  ['{pod="web"}', ['GET /a 200', 'GET /b 500', 'error in /b']],
  ['{namespace="data", pod="db"}', ['checkpoint 500']],
  ['{pod=~"web|db"} |= "500"', ['GET /b 500', 'checkpoint 500']],
  ['{pod=~"we"}', []],
  ['{namespace=~".+", pod!="web"}', ['checkpoint 500']],
  ['{namespace=~".+", pod!~"d.*"} != "500"', ['GET /a 200', 'error in /b']],
  ['{pod="web"} |~ "^GET .* \\\\d00$" !~ "/a"', ['GET /b 500']],
  ['{pod=`web`}|=`/b`|="error"', ['error in /b']],
  ['{pod="web", container=""}', ['GET /a 200', 'GET /b 500', 'error in /b']],
];
for (const [query, expected] of queries) {
  test(`${query}`, async (t) => {
    const receiver = await receiverFor(t);
    await push(receiver, node);
    assert.deepEqual(await lines(receiver, 'query_range', { query }), expected);
    assert.deepEqual(await lines(receiver, 'query', { query }), expected);
  });
}

const all = '{pod=~".+"}';
const rfc3339 = (ns: bigint) => `${new Date(Number(ns / 1_000_000n)).toISOString().replace('Z', '')}000000Z`;
const ranges: [string, Record<string, string>, string[]][] = [
  ['the newest within the limit', { limit: '2' }, ['error in /b', 'checkpoint 500']],
  ['the oldest within the limit', { limit: '2', direction: 'forward' }, ['GET /a 200', 'GET /b 500']],
  [
    'from the start on, before the end',
    { start: String(start + second), end: String(start + 3n * second) },
    ['GET /b 500', 'error in /b'],
  ],
  ['times as RFC 3339', { start: rfc3339(start + second), end: rfc3339(start + 2n * second) }, ['GET /b 500']],
  ['times in seconds', { start: String(start / second - 1n), end: String(start / second + 1n) }, ['GET /a 200']],
  ['a range that ends now', { since: '9m' }, []],
  ['a range that reaches back', { since: '10m30s' }, ['GET /a 200', 'GET /b 500', 'error in /b', 'checkpoint 500']],
];
for (const [name, params, expected] of ranges) {
  test(`query_range: ${name}`, async (t) => {
    const receiver = await receiverFor(t);
    await push(receiver, node);
    assert.deepEqual(await lines(receiver, 'query_range', { query: all, ...params }), expected);
  });
}

test('the default limit is 100 and the default range an hour', async (t) => {
  const receiver = await receiverFor(t);
  const numbered = (from: number, count: number) => Array.from({ length: count }, (_, i) => String(from + i));
  await push(receiver, [stream('{pod="web"}', numbered(0, 10), nowNs(-2 * 3600))]);
  await push(receiver, [stream('{pod="web"}', numbered(10, 50), nowNs(-60))]);
  assert.deepEqual(await lines(receiver, 'query_range', { query: all }), numbered(10, 50));
  await push(receiver, [stream('{pod="web"}', numbered(60, 150), nowNs(-30))]);
  assert.deepEqual(await lines(receiver, 'query_range', { query: all }), numbered(110, 100));
});

const mistakes: [string, string, Record<string, string>, RegExp][] = [
  ['no query', 'query_range', {}, /parse error at line 1, col 1: /],
  ['a query without braces', 'query_range', { query: 'web' }, /parse error at line 1, col 1: /],
  ['an open brace', 'query_range', { query: '{a="b"' }, /unexpected end of input/],
  ['only empty matchers', 'query_range', { query: '{a=~".*"}' }, /at least one regexp or equality matcher/],
  ['no RE2', 'query_range', { query: '{a=~"("}' }, /error parsing regexp/],
  ['more than line filters', 'query_range', { query: '{a="b"} | json' }, /only line filters/],
  ['a limit over the most', 'query_range', { query: all, limit: '5001' }, /max entries limit per query exceeded/],
  ['a limit of nothing', 'query_range', { query: all, limit: '0' }, /limit must be a positive value/],
  [
    'an end before the start',
    'query_range',
    { query: all, start: '20', end: '10' },
    /end timestamp must not be before/,
  ],
  ['no time', 'query_range', { query: all, start: 'noon' }, /could not parse 'noon'/],
  ['no duration', 'query_range', { query: all, since: '1 hour' }, /could not parse '1 hour'/],
  ['no direction', 'query', { query: all, direction: 'sideways' }, /invalid direction/],
  ['no selector for values', 'label/pod/values', { query: '{' }, /parse error/],
];
for (const [name, path, params, text] of mistakes) {
  test(`${name} is answered with 400`, async (t) => {
    const receiver = await receiverFor(t);
    const response = await get(receiver, path, params);
    assert.equal(response.status, 400);
    assert.match(await response.text(), text);
  });
}

test('labels, their values, and series', async (t) => {
  const receiver = await receiverFor(t);
  const data = async (path: string, params = {}) => (await get(receiver, path, params)).json();
  assert.deepEqual(await data('labels'), { status: 'success' });
  await push(receiver, node);
  const names = { status: 'success', data: ['namespace', 'pod'] };
  assert.deepEqual(await data('labels'), names);
  assert.deepEqual(await data('label/pod/values'), { status: 'success', data: ['db', 'web'] });
  assert.deepEqual(await data('label/pod/values', { query: '{namespace="shop"}' }), {
    status: 'success',
    data: ['web'],
  });
  assert.deepEqual(await data('label/pod/values', { start: String(start + 3n * second) }), {
    status: 'success',
    data: ['db'],
  });
  assert.deepEqual(await data('label/pod/values', { end: String(start) }), { status: 'success', data: ['web'] });
  assert.deepEqual(await data('label/absent/values'), { status: 'success' });
  const found = { status: 'success', data: [{ namespace: 'data', pod: 'db' }] };
  assert.deepEqual(await data('series', { 'match[]': '{pod="db"}' }), found);
});

test('a query may come as a form', async (t) => {
  const receiver = await receiverFor(t);
  await push(receiver, node);
  const body = new URLSearchParams({ query: '{pod="db"}' });
  const response = await fetch(`${receiver.url}/loki/api/v1/query_range`, { method: 'POST', body });
  assert.equal(((await response.json()) as Streams).data.result.length, 1);
});

test('a receiver that only counts says so', async (t) => {
  const receiver = await receiverFor(t, { store: 'count' });
  await push(receiver, node);
  const response = await get(receiver, 'query_range', { query: all });
  assert.equal(response.status, 400);
  assert.match(await response.text(), /counts lines and keeps none/);
});

test('metadata that bears the name of a label is shown beside it', async (t) => {
  const receiver = await receiverFor(t);
  await push(receiver, [
    { labels: '{pod="web"}', entries: [{ ns: nowNs(-1), line: 'a', metadata: [['pod', 'other']] }] },
  ]);
  const { data } = (await (await get(receiver, 'query', { query: '{pod="web"}' })).json()) as Streams;
  assert.deepEqual(data.result[0]!.stream, { pod: 'web', pod_extracted: 'other' });
});
