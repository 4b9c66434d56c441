import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pair, Payload } from '../../../bench/receiver/payload.js';
import type { Limits, Reason } from '../../../bench/receiver/rules.js';
import { nowNs, push, receiverFor, stream } from './client.js';

const HOUR_S = 3600;
const web = '{pod="web"}';
const db = '{pod="db"}';
const metadata: Pair[] = [['stream', 'stdout']];

interface Row {
  name: string;
  limits?: Partial<Limits>;
  before?: Payload;
  push: Payload;
  status: number;
  text?: RegExp;
  stored: string[];
  refused?: Partial<Record<Reason, number>>;
  duplicates?: number;
}

function at(seconds: number, ...lines: string[]): Payload[number]['entries'] {
  return lines.map((line, i) => ({ ns: nowNs(seconds) + BigInt(i), line }));
}

function labelled(count: number, extra = ''): string {
  return `{${Array.from({ length: count }, (_, i) => `l${String(i).padStart(2, '0')}="v"`).join(', ')}${extra}}`;
}

const sameNs = nowNs();

const rows: Row[] = [
  { name: 'a good push', push: [stream(web, ['a', 'b'])], status: 204, stored: ['a', 'b'] },
  {
    name: 'the same line at the same nanosecond again',
    before: [stream(web, ['a'], sameNs)],
    push: [{ labels: web, entries: [{ ns: sameNs, line: 'a', metadata }] }],
    status: 204,
    stored: ['a'],
    duplicates: 1,
  },
  {
    name: 'another line at the same nanosecond',
    before: [stream(web, ['a'], sameNs)],
    push: [stream(web, ['b'], sameNs)],
    status: 204,
    stored: ['a', 'b'],
  },
  {
    name: 'the same line and nanosecond in another stream',
    before: [stream(web, ['a'], sameNs)],
    push: [stream(db, ['a'], sameNs)],
    status: 204,
    stored: ['a', 'a'],
  },
  {
    name: 'the same labels in another order and spelling are the same stream',
    before: [stream('{a="1", b="2"}', ['a'], sameNs)],
    push: [stream('{b="\\x32",a="1",}', ['a'], sameNs)],
    status: 204,
    stored: ['a'],
    duplicates: 1,
  },
  {
    name: 'a line of just the limit',
    push: [stream(web, ['x'.repeat(262_144)])],
    status: 204,
    stored: ['x'.repeat(262_144)],
  },
  {
    name: 'one line over the limit among three',
    push: [stream(web, ['a', 'x'.repeat(262_145), 'b'])],
    status: 400,
    text: /^Max entry size '262144' bytes exceeded for stream '\{pod="web"\}' while adding an entry with length '262145' bytes\n$/,
    stored: ['a', 'b'],
    refused: { line_too_long: 1 },
  },
  {
    name: 'several refusals are listed, equal ones once',
    limits: { maxLineBytes: 3 },
    push: [stream(web, ['four', 'a', 'more', 'seven77'])],
    status: 400,
    text: /2 errors like: Max entry size .*'4' bytes; 1 errors like: Max entry size .*'7' bytes/,
    stored: ['a'],
    refused: { line_too_long: 3 },
  },
  {
    name: 'a line more than an hour behind its stream',
    before: [{ labels: web, entries: at(0, 'newest') }],
    push: [{ labels: web, entries: [...at(-HOUR_S - 5, 'late'), ...at(-HOUR_S + 60, 'ok')] }],
    status: 400,
    text: /^entry with timestamp .* \+0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: \S+Z, oldest acceptable timestamp is: \S+Z',\nuser 'fake', total ignored: 1 out of 2 for stream: \{pod="web"\}\n$/,
    stored: ['ok', 'newest'],
    refused: { too_far_behind: 1 },
  },
  {
    name: 'an hour behind within one push',
    push: [{ labels: web, entries: [...at(0, 'newest'), ...at(-HOUR_S - 5, 'late')] }],
    status: 400,
    text: /entry too far behind/,
    stored: ['newest'],
    refused: { too_far_behind: 1 },
  },
  {
    name: 'oldest first, any span is taken',
    push: [{ labels: web, entries: [...at(-48 * HOUR_S, 'old'), ...at(0, 'newest')] }],
    status: 204,
    stored: ['old', 'newest'],
  },
  {
    name: 'an hour behind another stream',
    before: [{ labels: db, entries: at(0, 'newest') }],
    push: [{ labels: web, entries: at(-2 * HOUR_S, 'old') }],
    status: 204,
    stored: ['old', 'newest'],
  },
  {
    name: 'far behind, with the limit off',
    limits: { maxBehindMs: null },
    before: [{ labels: web, entries: at(0, 'newest') }],
    push: [{ labels: web, entries: at(-5 * HOUR_S, 'late') }],
    status: 204,
    stored: ['late', 'newest'],
  },
  {
    name: 'more than ten minutes ahead',
    push: [{ labels: web, entries: [...at(0, 'a'), ...at(660, 'ahead'), ...at(540, 'b')] }],
    status: 400,
    text: /^entry for stream '\{pod="web"\}' has timestamp too new: \S+Z\n$/,
    stored: ['a', 'b'],
    refused: { too_far_in_future: 1 },
  },
  {
    name: 'older than the oldest taken, where that is set',
    limits: { maxAgeMs: 1000 * HOUR_S },
    push: [{ labels: web, entries: [...at(-HOUR_S - 60, 'old'), ...at(0, 'a')] }],
    status: 400,
    text: /has timestamp too old: \S+Z, oldest acceptable timestamp is: \S+Z/,
    stored: ['a'],
    refused: { greater_than_max_sample_age: 1 },
  },
  {
    name: 'labels that do not parse refuse everything',
    push: [stream(web, ['good', 'good too']), stream('{pod-name="x"}', ['bad'])],
    status: 400,
    text: /^couldn't parse labels: 1:5: parse error: unexpected character inside braces: '-'\n$/,
    stored: [],
    refused: { invalid_labels: 3 },
  },
  {
    name: 'structured metadata where it is not allowed refuses everything',
    limits: { allowMetadata: false },
    push: [stream(db, ['plain']), { labels: web, entries: [{ ns: nowNs(), line: 'a', metadata }] }],
    status: 400,
    text: /^stream '\{pod="web"\}' includes structured metadata, but this feature is disallowed/,
    stored: [],
    refused: { disallowed_structured_metadata: 2 },
  },
  {
    name: 'no structured metadata where it is not allowed',
    limits: { allowMetadata: false },
    push: [stream(web, ['a'])],
    status: 204,
    stored: ['a'],
  },
  {
    name: 'structured metadata too large',
    limits: { maxMetadataBytes: 10 },
    push: [{ labels: web, entries: [{ ns: nowNs(), line: 'a', metadata }, ...at(0, 'b')] }],
    status: 400,
    text: /has structured metadata too large: '12' bytes, limit: '10' bytes/,
    stored: ['b'],
    refused: { structured_metadata_too_large: 1 },
  },
  {
    name: 'too many pieces of structured metadata',
    limits: { maxMetadataCount: 1 },
    push: [{ labels: web, entries: [{ ns: nowNs(), line: 'a', metadata: [...metadata, ['b', 'c']] }] }],
    status: 400,
    text: /has too many structured metadata labels: '2', limit: '1'/,
    stored: [],
    refused: { structured_metadata_too_many: 1 },
  },
  {
    name: 'fifteen labels, service_name not counted',
    push: [stream(labelled(15, ', service_name="web"'), ['a'])],
    status: 204,
    stored: ['a'],
  },
  {
    name: 'sixteen labels: the stream is skipped',
    push: [stream(labelled(16), ['a', 'b']), stream(web, ['c'])],
    status: 400,
    text: /^entry for stream '\{l00="v", .*\}' has 16 label names; limit 15\n$/,
    stored: ['c'],
    refused: { max_label_names_per_series: 2 },
  },
  {
    name: 'a label name too long',
    push: [stream(`{${'n'.repeat(1025)}="v"}`, ['a']), stream(web, ['c'])],
    status: 400,
    text: /has label name too long: 'nnn/,
    stored: ['c'],
    refused: { label_name_too_long: 1 },
  },
  {
    name: 'a label value too long',
    push: [stream(`{n="${'v'.repeat(2049)}"}`, ['a']), stream(web, ['c'])],
    status: 400,
    text: /has label value too long: 'vvv/,
    stored: ['c'],
    refused: { label_value_too_long: 1 },
  },
  {
    name: 'one label twice',
    push: [stream('{a="1", a="2"}', ['a'])],
    status: 400,
    text: /has duplicate label name: 'a'/,
    stored: [],
    refused: { duplicate_label_names: 1 },
  },
  {
    name: 'no labels: the stream is skipped',
    push: [stream('{}', ['a']), stream(web, ['b'])],
    status: 400,
    text: /^error at least one label pair is required per stream\n$/,
    stored: ['b'],
    refused: { missing_labels: 1 },
  },
  {
    name: 'a stream without entries is passed over',
    push: [stream('{}', []), stream(web, ['a'])],
    status: 204,
    stored: ['a'],
  },
  {
    name: 'a label without value is no label',
    push: [stream('{a=""}', ['a'])],
    status: 400,
    stored: [],
    refused: { missing_labels: 1 },
  },
  { name: 'no streams', push: [], status: 422, text: /at least one valid stream is required/, stored: [] },
  {
    name: 'a body too long',
    limits: { maxBodyBytes: 10 },
    push: [stream(web, ['a line'])],
    status: 413,
    text: /request body too large: \d+ bytes, limit: 10 bytes/,
    stored: [],
  },
];

for (const row of rows) {
  test(row.name, async (t) => {
    const receiver = await receiverFor(t, { limits: row.limits ?? {} });
    if (row.before !== undefined) assert.equal((await push(receiver, row.before)).status, 204);
    const answer = await push(receiver, row.push);
    assert.equal(answer.status, row.status, answer.text);
    assert.match(answer.text, row.text ?? (row.status < 400 ? /^$/ : /./));
    assert.deepEqual(receiver.store.lines(), row.stored);
    assert.deepEqual(receiver.store.counts.refused, row.refused ?? {});
    assert.equal(receiver.store.duplicates, row.duplicates ?? 0);
    assert.equal(receiver.store.entries, row.stored.length);
  });
}

test('counting refuses what keeping refuses', async (t) => {
  const receiver = await receiverFor(t, { store: 'count', limits: { maxLineBytes: 3 } });
  const answer = await push(receiver, [{ labels: web, entries: at(0, 'a', 'four') }, stream(db, ['b'])]);
  assert.equal(answer.status, 400);
  assert.match(answer.text, /Max entry size/);
  const { entries, lineBytes, streams, refused } = receiver.store.counts;
  assert.deepEqual(
    { entries, lineBytes, streams, refused },
    { entries: 2, lineBytes: 2, streams: 2, refused: { line_too_long: 1 } },
  );
  assert.deepEqual(receiver.store.all(), []);
});
