import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sequence } from '../../../bench/receiver/sequence.js';
import { push, receiverFor, stream } from './client.js';

const web = '{pod="web", stream="stdout"}';

for (const mode of ['keep', 'count'] as const) {
  test(`missing and repeated numbers are reported, mode ${mode}`, async (t) => {
    const receiver = await receiverFor(t, { store: { mode, sequence: { marker: 'seq=' } } });
    await push(receiver, [
      stream(web, ['seq=3 a', 'no number', 'b seq=5', 'seq= none', 'x seq=20000 y']),
      stream('{pod="db"}', ['seq=1', 'seq=2']),
    ]);
    await push(receiver, [stream(web, ['seq=5 again', 'seq=4'])]);
    assert.deepEqual(receiver.store.sequenceReports(), {
      [web]: { unnumbered: 2, first: 3, last: 20_000, distinct: 4, repeated: 1, missing: 19_994 },
      '{pod="db"}': { unnumbered: 0, first: 1, last: 2, distinct: 2, repeated: 0, missing: 0 },
    });
    assert.deepEqual(receiver.store.sequence(web)!.missing(0, 8), [0, 1, 2, 6, 7]);
  });
}

test('streams that share the values of some labels share a sequence', async (t) => {
  const receiver = await receiverFor(t, { store: { mode: 'count', sequence: { marker: 'seq=', by: ['pod'] } } });
  await push(receiver, [stream(web, ['seq=1', 'seq=3']), stream('{pod="web", stream="stderr"}', ['seq=2'])]);
  const report = { unnumbered: 0, first: 1, last: 3, distinct: 3, repeated: 0, missing: 0 };
  assert.deepEqual(receiver.store.sequenceReports(), { web: report });
});

test('the number may stand behind one of several markers, and spaces before it', async (t) => {
  const receiver = await receiverFor(t, { store: { mode: 'count', sequence: { marker: ['seq=', '"seq":'] } } });
  await push(receiver, [stream(web, ['{"seq":        2}', 'seq=000000001', 'none', '{"seq":3,"at":"seq="}'])]);
  const report = { unnumbered: 1, first: 1, last: 3, distinct: 3, repeated: 0, missing: 0 };
  assert.deepEqual(receiver.store.sequenceReports(), { [web]: report });
});

test('a sequence that has got nothing reports nothing', () => {
  const report = { unnumbered: 0, first: 0, last: 0, distinct: 0, repeated: 0, missing: 0 };
  assert.deepEqual(new Sequence().report(), report);
});

test('a number too large for a compact set counts as none', () => {
  const sequence = new Sequence();
  sequence.add(2 ** 28);
  sequence.add(2 ** 28 - 1);
  const { unnumbered, distinct, last } = sequence.report();
  assert.deepEqual({ unnumbered, distinct, last }, { unnumbered: 1, distinct: 1, last: 2 ** 28 - 1 });
});

test('several markers, and spaces before the number', async (t) => {
  const receiver = await receiverFor(t, { store: { mode: 'count', sequence: { marker: ['seq=', '"seq":'] } } });
  await push(receiver, [stream(web, ['{"seq": 2}', 'seq=1', '{"seq":', '4'])]);
  const report = { unnumbered: 2, first: 1, last: 2, distinct: 2, repeated: 0, missing: 0 };
  assert.deepEqual(receiver.store.sequenceReports(), { [web]: report });
});
