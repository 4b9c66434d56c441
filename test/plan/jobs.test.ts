import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ContainerLog } from '../../src/chain/container-log.js';
import type { Flight, Former, Generation } from '../../src/chain/generation.js';
import { Losses } from '../../src/chain/losses.js';
import type { PipelineDelta } from '../../src/pipeline.js';
import type { Slice } from '../../src/protocol.js';
import { addGeneration, CARRY, mark, NOW_MS, SETTINGS } from '../chain/kit.js';
import { settled } from '../push/kit.js';
import { Desk, type Running, type Sent, STORED } from './desk.js';

test('from ranges to a settled position', async () => {
  const desk = new Desk();
  const logs = [desk.log('a', 3), desk.log('b', 5)];
  desk.launch(...logs);
  assert.deepEqual([desk.jobs.running, desk.jobs.heldBytes, logs[1]?.heldBytes], [1, 80, 50]);
  await desk.work();
  const [parcel] = desk.sent as [Sent];
  assert.deepEqual([parcel.keys, parcel.seq, parcel.entries], [logs.map(({ path }) => path), 1, 8]);
  assert.deepEqual([desk.jobs.running, desk.jobs.heldBytes], [0, parcel.push.byteLength]);
  assert.equal(logs[0]?.unsettledBytes, 30);
  await desk.answer(STORED);
  assert.equal(desk.stored, 8);
  desk.assertSettled();
});

test('ranges that run ahead are pushed in order, and the position follows in order', async () => {
  const desk = new Desk();
  const log = desk.log('a', 250);
  desk.launch(log);
  desk.launch(log);
  await desk.work(1);
  assert.equal(desk.sent.length, 0);
  await desk.work();
  assert.deepEqual(
    desk.sent.map((parcel) => [parcel.seq, ...desk.linesIn(parcel)]),
    [
      [1, ['a', 0, 100]],
      [2, ['a', 100, 200]],
    ],
  );
  await desk.answer(STORED, 1);
  assert.equal(log.unsettledBytes, 2500);
  await desk.answer(STORED);
  assert.equal(log.unsettledBytes, 500);
  desk.assertIdle();
});

test('a wrong supposition: what was read ahead is read again', async () => {
  const desk = new Desk();
  const log = desk.log('a', 200);
  desk.launch(log);
  desk.launch(log);
  await desk.work(1);
  await desk.work(0, () => ({ carry: CARRY }));
  assert.deepEqual(desk.repeated, ['carry']);
  assert.deepEqual(
    desk.running[0]?.job.slices.map(({ from, carry, aligned }) => [from, carry, aligned]),
    [[1000, CARRY, true]],
  );
  await desk.work();
  assert.equal(desk.sent.length, 2);
  await desk.answer(STORED);
  await desk.answer(STORED);
  desk.assertSettled();
});

test('a file that was rewritten: what was read ahead in its old bytes is thrown away', async () => {
  const desk = new Desk();
  const log = desk.log('a', 200);
  const generation = log.generations[0]!;
  desk.launch(log);
  desk.launch(log);
  await desk.work(1);
  await desk.work(0, () => ({ outcome: 'changed' }));
  assert.deepEqual(desk.changed, [generation]);
  generation.restart(100);
  desk.jobs.abandon(generation);
  desk.assertIdle();
  desk.launch(log);
  await desk.work();
  await desk.answer(STORED);
  desk.assertSettled();
});

test('rewritten while a worker reads and while Loki is asked: both end, and move nothing', async () => {
  const desk = new Desk();
  const log = desk.log('a', 200);
  const generation = log.generations[0]!;
  desk.launch(log);
  await desk.work();
  desk.launch(log);
  generation.restart(50);
  desk.jobs.abandon(generation);
  await desk.work();
  await desk.answer(STORED);
  assert.equal(log.unsettledBytes, 50);
  desk.assertIdle();
});

/** Has a log of 4 lines read once more in halves, and truncates it while a worker reads the first. */
async function truncatedInRepeat(desk: Desk): Promise<{ flight: Flight; original: Generation; copy: Generation }> {
  const log = desk.log('a', 4);
  const [flight] = desk.launch(log) as [Flight];
  await desk.work();
  await desk.answer(desk.instead('cut'));
  const original = flight.generation;
  original.restart(0);
  desk.jobs.abandon(original);
  return { flight, original, copy: addGeneration(log, 40, { path: `${log.path}.1`, suffix: '1' }) };
}

test('given up before a repeated read of it: what is gone is counted, in lines where it is all of a range', async () => {
  const desk = new Desk();
  const [whole, half, other] = [desk.log('whole', 6), desk.log('half', 8), desk.log('other', 1)];
  const losses = new Losses({
    descriptors: { close: () => {} },
    spool: { release: () => {} },
    abandon: (generation) => desk.jobs.abandon(generation),
    look: () => {},
    onLost: () => {},
    now: () => NOW_MS,
  });
  const giveUp = ({ generations: [generation] }: ContainerLog) => losses.lose(generation as Generation, 'gone', null);
  desk.launch(half);
  await desk.work();
  await desk.answer(desk.instead('cut'));
  // The first half of it is read once more, and stored.
  await desk.work();
  giveUp(half);
  await desk.answer(STORED);
  await desk.work(0, () => ({ outcome: 'changed', next: 40, entries: 0, lines: 0 }));
  desk.launch(whole, other);
  await desk.work();
  giveUp(whole);
  await desk.answer(desk.instead('cut'));
  await desk.work();
  await desk.answer(STORED);
  assert.deepEqual(desk.missing, [
    ['half', 40, 0],
    ['whole', 60, 6],
  ]);
  desk.assertIdle();
});

test('truncated without a copy while its push is with the sender, which ends without an answer: counted once', async () => {
  const desk = new Desk();
  const [kept, lost, copied] = [desk.log('kept', 3), desk.log('lost', 4), desk.log('copied', 5)];
  desk.launch(kept, lost, copied);
  await desk.work();
  for (const { generations } of [lost, copied]) (generations[0] as Generation).restart(0);
  (lost.generations[0] as Generation).formers = [];
  desk.jobs.recall();
  desk.jobs.recall();
  assert.deepEqual(desk.missing, [['lost', 40, 4]]);
});

test('truncated before a repeated read of it: the copy has to be read from where all is settled', async () => {
  const desk = new Desk();
  const { flight, original, copy } = await truncatedInRepeat(desk);
  await desk.work(0, () => ({ next: 0, entries: 0, lines: 0 }));
  assert.equal(flight.goneBytes, 40);
  copy.adopt(original.formers[0] as Former);
  assert.deepEqual([copy.read.offset, copy.flights], [0, []]);
  desk.assertIdle();
});

test('rewritten before a repeated read of it, which shows it: that is over, and the copy is read from where all is settled', async () => {
  const desk = new Desk();
  const log = desk.log('a', 400);
  const [first, ahead] = [desk.launch(log)[0], desk.launch(log)[0]] as [Flight, Flight];
  const { generation } = first;
  await desk.work(0, () => ({ head: mark('head') }));
  await desk.work();
  for (const each of [first, ahead]) {
    await desk.answer(desk.instead('withoutMetadata'));
    const { from, before, head } = (desk.running.at(-1) as Running).job.slices[0] as Slice;
    assert.deepEqual([before, head], each === first ? [null, mark('head')] : [mark(`tail-${from}`), null]);
  }
  const [former] = await changedInRepeat(desk, generation);
  assert.deepEqual([first.goneBytes, ahead.goneBytes], [1000, 0]);
  assert.equal(generation.takeUnread(), 2000 + 1000);
  const copy = addGeneration(log, 4000, { path: `${log.path}.1`, suffix: '1' });
  copy.adopt(former as Former);
  assert.deepEqual([copy.read.offset, copy.flights], [0, []]);
});

/** A worker finds that the file is another; the collector begins anew. */
async function changedInRepeat(desk: Desk, generation: Generation): Promise<Former[]> {
  desk.onChanged = () => {
    generation.restart(100);
    desk.jobs.abandon(generation);
  };
  await desk.work(0, () => ({ outcome: 'changed' }));
  return generation.formers;
}

test('truncated during a repeated read, and taken for its copy meanwhile: that is read instead', async () => {
  const desk = new Desk();
  const { original, copy } = await truncatedInRepeat(desk);
  copy.adopt(original.formers[0] as Former);
  await desk.work(0, () => ({ next: 0, entries: 0, lines: 0 }));
  assert.deepEqual(
    desk.running.map(({ job }) => job.slices[0]?.source),
    [{ kind: 'plain', fd: copy.fd }],
  );
  while (desk.running.length > 0) await desk.work();
  for (const parcel of [...desk.sent]) {
    assert.ok(parcel.entries > 0);
    await desk.answer(STORED);
  }
  assert.equal(desk.stored, 4);
  desk.assertSettled();
});

test('what stages count is told once for whatever was read, and not for what is thrown away', async () => {
  const desk = new Desk();
  const log = desk.log('a', 200);
  const [first, thrown, again, repeated] = [1, 2, 3, 4].map((dropped) => deltaOf(dropped));
  desk.launch(log);
  desk.launch(log);
  await desk.work(1, () => ({}), thrown);
  await desk.work(0, () => ({ carry: CARRY }), first);
  assert.deepEqual(desk.counted, [first]);
  await desk.work(0, () => ({}), again);
  assert.deepEqual(desk.counted, [first, again]);
  await desk.answer(desk.instead('withoutMetadata'));
  await desk.work(0, () => ({}), repeated);
  await desk.answer(STORED);
  await desk.answer(STORED);
  assert.deepEqual(desk.counted, [first, again]);
  desk.assertSettled();
});

test('truncated while a worker reads it, which has read the new bytes: those are thrown away', async () => {
  const desk = new Desk();
  const [log, other] = [desk.log('a', 4), desk.log('b', 3)];
  desk.launch(log, other);
  const generation = log.generations[0]!;
  generation.restart(20);
  desk.jobs.abandon(generation);
  await desk.work();
  assert.deepEqual([desk.repeated, desk.sent], [['truncated'], []]);
  assert.deepEqual(
    desk.running.map(({ job }) => job.slices.map(({ path }) => path)),
    [[other.path]],
  );
  await desk.work();
  await desk.answer(STORED);
  assert.deepEqual([desk.stored, log.unsettledBytes, other.unsettledBytes], [3, 20, 0]);
  desk.assertIdle();
});

test('read again for another endpoint: what waits for a repeated read is not missing', async () => {
  for (const reading of [true, false]) {
    const desk = new Desk();
    const log = desk.log('a', 4);
    desk.launch(log);
    await desk.work();
    await desk.answer(desk.instead('cut'));
    if (!reading) await desk.work(0, () => ({ outcome: 'unreadable' }));
    desk.jobs.recall();
    const generation = log.generations[0]!;
    generation.rewind();
    desk.jobs.abandon(generation);
    if (reading) await desk.work();
    desk.nowMs += 10_000;
    desk.jobs.resume(desk.nowMs);
    assert.deepEqual([desk.missing, desk.running, desk.sent], [[], [], []]);
    desk.launch(log);
    await desk.work();
    await desk.answer(STORED);
    assert.equal(desk.stored, 4);
    desk.assertSettled();
  }
});

test('given up while it is read once more: the lines of that are missing', async () => {
  const desk = new Desk();
  const log = desk.log('a', 4);
  desk.launch(log);
  await desk.work();
  await desk.answer(desk.instead('withoutMetadata'));
  const generation = log.generations[0]!;
  generation.restart(0);
  generation.formers = [];
  generation.done = true;
  desk.jobs.abandon(generation);
  await desk.work(0, () => ({ entries: 0, lines: 0 }));
  assert.deepEqual([desk.missing, desk.sent], [[['a', 40, 4]], []]);
  desk.assertSettled();
});

test('room: so many jobs at once, so many bytes, and no log more than half of them', () => {
  const desk = new Desk();
  assert.ok(desk.jobs.mayLaunch);
  const hot = desk.log('hot', 1000);
  desk.launch(hot);
  desk.launch(desk.log('a', 1));
  assert.equal(desk.jobs.obstacle, 'workers');
  assert.ok(desk.jobs.mayTake(hot));
  hot.heldBytes = 5001;
  assert.equal(desk.jobs.mayTake(hot), false);
});

test('whatever workers and Loki do: every line is stored or refused once, and no memory stays taken', async () => {
  const turn = fc.record({ act: fc.nat({ max: 9 }), which: fc.nat() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
      fc.array(turn, { maxLength: 60 }),
      async (sizes, turns) => {
        const desk = new Desk();
        const logs = sizes.map((lines, index) => desk.log(String(index), lines));
        const launch = () => {
          for (const log of logs) {
            const flight = log.nextFlight(SETTINGS.batchBytes, true, desk.nowMs);
            if (flight !== null) desk.jobs.launch([flight]);
          }
        };
        const pass = () => {
          desk.nowMs += 10_000;
          desk.jobs.resume(desk.nowMs);
        };
        launch();
        for (const { act, which } of turns) {
          const [job, parcel] = [which % desk.running.length, which % desk.sent.length];
          if (desk.running.length > 0 && act < 4) {
            if (act === 0) await desk.work(job, () => ({ outcome: 'unreadable' }));
            else if (act === 1) {
              desk.running.splice(job, 1)[0]?.reject(new Error('worker ended'));
              await settled();
            } else await desk.work(job);
          } else if (desk.sent.length > 0 && act < 9) {
            if (act === 4) await desk.answer(desk.instead('withoutStream'), parcel);
            else if (act === 5) await desk.answer(desk.instead('withoutMetadata'), parcel);
            else if (act === 6) await desk.answer(desk.instead('cut'), parcel);
            else if (act === 7) await desk.answer({ kind: 'refused', reason: 'unknown', detail: '' }, parcel);
            else await desk.answer(STORED, parcel);
          } else {
            pass();
            launch();
          }
        }
        for (let rounds = 0; rounds < 200 && logs.some(({ unsettledBytes }) => unsettledBytes > 0); rounds += 1) {
          while (desk.running.length > 0) await desk.work();
          while (desk.sent.length > 0) await desk.answer(STORED);
          pass();
          launch();
        }
        desk.assertSettled();
        const refused = desk.refused.reduce((sum, [, entries]) => sum + entries, 0);
        assert.equal(
          desk.stored + refused,
          sizes.reduce((sum, lines) => sum + lines, 0),
        );
      },
    ),
    { numRuns: 150 },
  );
});

/** So many lines were dropped. */
function deltaOf(lines: number): PipelineDelta {
  return {
    counters: [{ component: 'loki.process.a', name: 'loki_process_dropped_lines_total', labels: [], add: lines }],
    metrics: [],
  };
}
