import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Refusal } from '../../src/push/refusals.js';
import { readTo, SETTINGS } from '../chain/kit.js';
import { settled } from '../push/kit.js';
import { Desk, LINE_BYTES, type Running, type Sent, SPEC, STORED } from './desk.js';

function refusal(reason: string, lines: number): Refusal {
  return { reason, lines, unit: 'entry', stream: null };
}

test('the sender was stopped: what it has not answered is let go, and comes again', async () => {
  const desk = new Desk();
  const [a, b] = [desk.log('a', 2), desk.log('b', 3)];
  desk.launch(a);
  desk.launch(b);
  await desk.work();
  await desk.work();
  await desk.answer(STORED, 1);
  desk.jobs.recall();
  assert.deepEqual([desk.jobs.heldBytes, a.heldBytes, desk.released.length], [0, 0, 2]);
  assert.deepEqual([a.unsettledBytes, b.unsettledBytes], [20, 0]);
  for (const generation of a.generations) {
    generation.rewind();
    desk.jobs.abandon(generation);
  }
  desk.launch(a);
  await desk.work();
  await desk.answer(STORED, 1);
  assert.equal(desk.stored, 5);
  desk.assertSettled();
});

test('a push tells the time its entries span', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 3), desk.log('b', 1), desk.log('c', 2));
  const spans = [
    { oldestMs: 2000, newestMs: 5000 },
    { oldestMs: 1000, newestMs: 3000 },
    { oldestMs: 0, newestMs: 0, entries: 0 },
  ];
  await desk.work(0, (index) => spans[index]!);
  const [{ oldestMs, newestMs, keys }] = desk.sent as [Sent];
  assert.deepEqual([oldestMs, newestMs, keys.length], [1000, 5000, 3]);
  await desk.answer(STORED);
  desk.assertSettled();
});

test('a push without entries is settled at once', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 3));
  await desk.work(0, () => ({ entries: 0 }));
  assert.equal(desk.sent.length, 0);
  desk.assertSettled();
});

test('stored in part, and refused for good', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 10));
  await desk.work();
  await desk.answer({ kind: 'storedInPart', refused: [refusal('line_too_long', 3), refusal('too_old', 99)] });
  assert.deepEqual(
    [desk.stored, desk.refused],
    [
      0,
      [
        ['line_too_long', 3],
        ['too_old', 7],
      ],
    ],
  );
  desk.launch(desk.log('b', 4));
  await desk.work();
  await desk.answer({ kind: 'refused', reason: 'unknown', detail: '' });
  assert.deepEqual(desk.refused.at(-1), ['unknown', 4]);
  desk.assertSettled();
});

test('too large: halves of the logs, then of the only log, down to the line that is to blame', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 5), desk.log('b', 21), desk.log('c', 1), desk.log('d', 9));
  const stored: [string, number, number][] = [];
  while (desk.running.length + desk.sent.length > 0) {
    while (desk.running.length > 0) await desk.work();
    const lines = desk.linesIn(desk.sent[0]!);
    const poisoned = lines.some(([pod, from, to]) => pod === 'b' && from <= 13 && 13 < to);
    if (!poisoned) stored.push(...lines);
    await desk.answer(poisoned ? desk.instead('cut') : STORED);
  }
  assert.deepEqual(desk.refused, [['too_large', 1]]);
  const ofB = stored
    .filter(([pod]) => pod === 'b')
    .flatMap(([, from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
  assert.deepEqual(
    ofB.toSorted((a, b) => a - b),
    Array.from({ length: 21 }, (_, i) => i).filter((line) => line !== 13),
  );
  assert.equal(desk.stored, 5 + 20 + 1 + 9);
  desk.assertSettled();
});

test('several pushes of a job: each is made anew for itself, and the position moves after the last', async () => {
  const desk = new Desk();
  const route = { processes: [], externalLabels: [], maxLineBytes: 100, revision: 1, maxStreams: 1 };
  desk.jobs.change({ ...SPEC, route }, SETTINGS.batchBytes);
  const log = desk.log('a', 4);
  const shares = ['s1', 's2'].map((stream) => ({ tenant: 'acme', streams: [stream] }));
  /** A worker reads the job; each of the shares has half of the lines. */
  const work = async (wanted: readonly (typeof shares)[number][]): Promise<void> => {
    const [{ job, resolve }] = desk.running.splice(0, 1) as [Running];
    const slices = job.slices.map(({ from, to }) =>
      readTo(to, { first: from, lines: (to - from) / LINE_BYTES, entries: 2 }),
    );
    const pushes = wanted.map((share) => {
      const bytes = Buffer.from(JSON.stringify([share, slices.map(({ first, next }) => [first, next])]));
      desk.made.push(bytes);
      return { ...share, bytes, encodedBytes: bytes.length, entries: 1 };
    });
    resolve({ pushes, delta: null, waitMs: 0, slices });
    await settled();
  };
  desk.launch(log);
  assert.equal(desk.running[0]?.job.only, null);
  await work(shares);
  assert.deepEqual(
    desk.sent.map(({ tenant, entries, seq }) => [tenant, entries, seq]),
    [
      ['acme', 1, 1],
      ['acme', 1, 1],
    ],
  );
  await desk.answer(STORED);
  assert.equal(log.unsettledBytes, 40);
  await desk.answer(desk.instead('cut'));
  assert.deepEqual(desk.running[0]?.job.only, shares[1]);
  for (let half = 0; half < 2; half++) {
    await work([shares[1]!]);
    assert.equal(log.unsettledBytes, 40);
  }
  while (desk.sent.length > 0) await desk.answer(STORED);
  assert.equal(desk.stored, 3);
  desk.assertSettled();
});

test('the log that is held up gets a push of its own; both are sent in the place of the first', async () => {
  const desk = new Desk();
  const [a, b, c] = [desk.log('a', 1), desk.log('b', 1), desk.log('c', 1)];
  desk.launch(a, b, c);
  await desk.work();
  await desk.answer(desk.instead('cut', [b.path]));
  await desk.work();
  assert.equal(desk.places[0]?.released, false);
  await desk.work();
  assert.deepEqual(
    desk.sent.map(({ keys, seq, placed }) => [keys, seq, placed?.seq]),
    [
      [[a.path, c.path], 1, 0],
      [[b.path], 1, 0],
    ],
  );
  assert.equal(desk.places[0]?.released, true);
  await desk.answer(STORED);
  await desk.answer(STORED);
  desk.assertSettled();
});

test('metadata is not allowed: no more of it, also in what was made before', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 1));
  desk.launch(desk.log('b', 1));
  await desk.work();
  await desk.work();
  for (const _ of [1, 2]) {
    await desk.answer(desk.instead('withoutMetadata'));
    assert.equal(desk.running[0]!.job.spec.withoutMetadata, true);
    await desk.work();
    await desk.answer(STORED, desk.sent.length - 1);
  }
  desk.launch(desk.log('c', 1));
  assert.equal(desk.running[0]?.job.spec.withoutMetadata, true);
  await desk.work();
  await desk.answer(desk.instead('withoutMetadata'));
  assert.deepEqual(desk.refused, [['metadata_disallowed', 1]]);
  desk.assertSettled();
});

test('labels that do not parse lose only their own log', async () => {
  const desk = new Desk();
  const bad = 'b';
  desk.launch(desk.log('a', 2), desk.log(bad, 3), desk.log('c', 4));
  while (desk.running.length + desk.sent.length > 0) {
    while (desk.running.length > 0) await desk.work();
    const refused = desk.linesIn(desk.sent[0]!).some(([pod]) => pod === bad);
    await desk.answer(refused ? desk.instead('withoutStream') : STORED);
  }
  assert.deepEqual([desk.refused, desk.stored], [[['invalid_labels', 3]], 6]);
  desk.assertSettled();
});
