import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Descriptors } from '../../src/chain/descriptors.js';
import type { Generation } from '../../src/chain/generation.js';
import { Keeper } from '../../src/chain/keeper.js';
import { Spool } from '../../src/chain/spool.js';
import { settled } from '../push/kit.js';
import { addGeneration, makeFolder, makeLog, mark, NOW_MS, SETTINGS } from './kit.js';

const AFTER_GRACE_MS = NOW_MS + SETTINGS.graceMs;

/** Descriptors that are only said to be open. */
class NoFiles extends Descriptors {
  constructor() {
    super(100, () => {});
  }

  override close(generation: Generation): void {
    generation.fd = null;
  }
}

function scene(
  t: Parameters<typeof makeFolder>[0],
  {
    heldLimitBytes = 1000,
    spoolBytes = 1_000_000,
    whileCounting = () => {},
    isBroken = (_: Generation): boolean => false,
    copiedBytes = Number.POSITIVE_INFINITY,
    isSame = false,
  } = {},
) {
  const copied: Generation[] = [];
  const lost: [Generation, string, number][] = [];
  const lostFrom: number[] = [];
  const spool = new Spool({
    onChanged: () => {},
    folder: makeFolder(t),
    limitBytes: spoolBytes,
    workers: {
      spool: async ({ from, source }) => {
        const generation = all.find(({ fd }) => source.kind !== 'spool' && fd === source.fd)!;
        copied.push(generation);
        if (isBroken(generation)) throw new Error('it cannot be read');
        const { size, saidBytes } = generation;
        const whole = Math.max(from, Number.isFinite(size) ? size : saidBytes);
        const end = Math.min(whole, from + copiedBytes);
        return { end, fileBytes: end === from ? 0 : 50, complete: end === whole };
      },
      spoolHeads: async () => ({ heads: [] }),
    },
    onProblem: () => {},
  });
  const keeper = new Keeper({
    spool,
    descriptors: new NoFiles(),
    workers: {
      size: 1,
      count: async () => {
        whileCounting();
        return { lines: 7, bytes: 70 };
      },
      identify: async ({ candidates }) => ({
        matches: candidates.map(({ places }) => places.map(({ head }) => head === null || isSame)),
        heads: candidates.map(({ places }) => places.map(() => mark('head'))),
      }),
    },
    graceMs: SETTINGS.graceMs,
    heldLimitBytes,
    onLost: (generation, reason, from, counted) => {
      lostFrom.push(from);
      lost.push([generation, reason, counted?.lines ?? 0]);
      generation.done = true;
      generation.fd = null;
    },
  });
  const all: Generation[] = [];
  const deleted = (pod: string, size: number): Generation => {
    const generation = addGeneration(makeLog(`/var/log/pods/default_${pod}_uid/app/0.log`), size);
    generation.path = null;
    generation.endedAtMs = NOW_MS;
    all.push(generation);
    return generation;
  };
  return { keeper, copied, lost, lostFrom, deleted, all, spool };
}

test('what loses its last name is copied once, and let go when nothing more comes', async (t) => {
  const { keeper, copied, deleted } = scene(t);
  const generation = deleted('web', 100);
  keeper.notice([generation]);
  keeper.notice([generation]);
  await keeper.saveAll();
  assert.deepEqual([copied, generation.spool?.end], [[generation], 100]);
  keeper.tend(AFTER_GRACE_MS - 1);
  assert.notEqual(generation.fd, null);
  generation.readers = 1;
  keeper.tend(AFTER_GRACE_MS);
  assert.notEqual(generation.fd, null);
  generation.readers = 0;
  keeper.tend(AFTER_GRACE_MS);
  assert.equal(generation.fd, null);
});

test('copies leave the workers to reading in between, and what was read meanwhile needs none', async (t) => {
  const { keeper, copied, deleted } = scene(t);
  const [oldest, older, newest] = [deleted('a', 100), deleted('b', 100), deleted('c', 100)];
  keeper.notice([oldest, older, newest]);
  assert.deepEqual(copied, [newest]);
  oldest.settled = { offset: 100, tail: null, carry: null };
  await settled();
  assert.deepEqual(copied, [newest, older]);
});

test('one that cannot be copied keeps none from its turn, and is tried again', async (t) => {
  const broken = new Set<Generation>();
  const { keeper, copied, deleted } = scene(t, { isBroken: (generation) => broken.has(generation) });
  const [whole, damaged] = [deleted('a', 100), deleted('b', 100)];
  broken.add(damaged);
  keeper.notice([whole, damaged]);
  await settled();
  assert.deepEqual([copied, damaged.spool], [[damaged, whole], null]);
  broken.clear();
  // Asked what it is.
  damaged.readers = 1;
  keeper.tend(NOW_MS);
  await settled();
  assert.equal(copied.length, 2);
  damaged.readers = 0;
  keeper.tend(NOW_MS);
  await settled();
  assert.deepEqual([copied.length, damaged.spool?.end], [3, 100]);
});

test('at the end: one that proves to have nothing left gives its room to the others', async (t) => {
  const { keeper, deleted } = scene(t);
  const [read, unread] = [deleted('gzip', Number.POSITIVE_INFINITY), deleted('web', 100)];
  Object.assign(read, { packed: true, saidBytes: 40 });
  read.startAt({ offset: 40, tail: null, carry: null }, null, null);
  keeper.notice([read, unread]);
  await keeper.saveAll();
  assert.deepEqual([read.size, read.spool, unread.spool?.end], [40, null, 100]);
});

test('what was written after the copy is only in the open file', async (t) => {
  const { keeper, deleted } = scene(t);
  const generation = deleted('web', 100);
  keeper.notice([generation]);
  await keeper.saveAll();
  generation.size = 120;
  keeper.tend(AFTER_GRACE_MS);
  assert.notEqual(generation.fd, null);
});

test('no copy of what has a name, is settled, or is compressed', async (t) => {
  const { keeper, copied, deleted } = scene(t);
  const named = deleted('a', 100);
  named.path = named.log.path;
  const settledOne = deleted('b', 100);
  settledOne.settled = { offset: 100, tail: null, carry: null };
  const compressed = deleted('c', 100);
  compressed.gzip = { path: '0.log.1.gz', dev: '1', ino: 'gz', birthMs: 0 };
  for (const generation of [named, settledOne, compressed]) keeper.notice([generation]);
  await keeper.saveAll();
  assert.deepEqual(copied, []);
});

test('too much is held: first those that are in a file elsewhere are let go', async (t) => {
  const { keeper, lost, deleted } = scene(t);
  const compressed = deleted('a', 800);
  compressed.gzip = { path: '0.log.1.gz', dev: '1', ino: 'gz', birthMs: 0 };
  const small = deleted('b', 300);
  for (const generation of [compressed, small]) keeper.notice([generation]);
  await keeper.saveAll();
  keeper.tend(NOW_MS);
  await settled();
  assert.deepEqual([compressed.fd, small.fd === null, lost], [null, false, []]);
});

test('too much is held: what is copied is let go before its time, and never given up', async (t) => {
  const { keeper, lost, deleted } = scene(t);
  const generations = [deleted('a', 800), deleted('b', 1200)];
  generations[1]!.readers = 1;
  keeper.notice(generations);
  await keeper.saveAll();
  keeper.tend(NOW_MS);
  await settled();
  assert.deepEqual([generations[0]?.fd, generations[1]?.fd === null, lost], [null, false, []]);
});

test('too much is held: of the largest backlog the oldest is given up, with the count of its lines', async (t) => {
  const { keeper, lost, deleted } = scene(t, { spoolBytes: 0 });
  const large = deleted('large', 900);
  const newer = addGeneration(large.log, 100);
  const small = deleted('small', 300);
  for (const generation of [large, small, newer]) keeper.notice([generation]);
  await keeper.saveAll();
  keeper.tend(NOW_MS);
  await settled();
  assert.deepEqual(lost, [[large, 'spool_full', 7]]);
  keeper.tend(NOW_MS);
  await settled();
  assert.equal(lost.length, 1);
});

test('what is read while its lines are counted is on its way to Loki: it is counted anew', async (t) => {
  let read = 100;
  const whileCounting = () => {
    if (read > 0) large.read = { ...large.read, offset: read };
    read = 0;
  };
  const { keeper, lost, deleted } = scene(t, { spoolBytes: 0, whileCounting });
  const large = deleted('large', 1200);
  keeper.notice([large]);
  await keeper.saveAll();
  keeper.tend(NOW_MS);
  await settled();
  assert.deepEqual(lost, []);
  keeper.tend(NOW_MS);
  await settled();
  assert.deepEqual(lost, [[large, 'spool_full', 7]]);
});

test('given up: what its copy holds is kept, unless reading is beyond it', async (t) => {
  for (const [planned, read, from] of [
    [0, 0, 400],
    [400, 300, 400],
    [500, 300, 300],
  ] as const) {
    const { keeper, lostFrom, deleted } = scene(t, { copiedBytes: 400 });
    const large = deleted('large', 1200);
    Object.assign(large, { planned, read: { ...large.read, offset: read } });
    keeper.notice([large]);
    await settled();
    keeper.tend(NOW_MS);
    await settled();
    assert.deepEqual(lostFrom, [from]);
  }
});

test('at the end: what has no copy is given up, from where all is settled', async (t) => {
  const { keeper, lostFrom, lost, deleted } = scene(t, { spoolBytes: 0 });
  const [open, empty] = [deleted('open', 500), deleted('empty', 0)];
  Object.assign(open, { planned: 300, read: { ...open.read, offset: 200 } });
  const flight = open.log.nextFlight(100, false, NOW_MS);
  assert.ok(flight !== null);
  keeper.notice([open]);
  keeper.notice([empty]);
  await keeper.saveAll();
  await keeper.giveUpRest();
  assert.deepEqual([lost, lostFrom], [[[open, 'spool_full', 7]], [0]]);
});

test('given up: what a new compressed file holds just as well is read there', async (t) => {
  for (const [saidBytes, isSame, readers, isLost] of [
    [500, true, 0, false],
    [501, true, 0, true],
    [500, false, 0, true],
    [500, true, 1, false],
  ] as const) {
    const { keeper, lost, deleted } = scene(t, { spoolBytes: 0, isSame });
    const open = deleted('open', 500);
    open.settled = open.read = { offset: 200, tail: null, carry: null };
    const path = `${open.log.path}.20260101-000000.gz`;
    const newcomer = addGeneration(open.log, 0, { path, suffix: '20260101-000000', gzip: true });
    Object.assign(newcomer, { unidentified: true, saidBytes });
    const { fd } = newcomer;
    open.readers = readers;
    keeper.notice([open]);
    await keeper.saveAll();
    await keeper.giveUpRest();
    assert.equal(lost.length, Number(isLost));
    if (isLost || readers > 0) assert.equal(open.log.generations.length, 2);
    if (isLost || readers > 0) continue;
    assert.deepEqual(open.log.generations, [open]);
    assert.deepEqual([open.gzip?.path, open.suffix, open.fd, open.settled.offset], [path, newcomer.suffix, fd, 200]);
    assert.ok(open.packed);
  }
});

test('given up: a compressed file of the same that is deleted as well is not lost once more', async (t) => {
  const { keeper, lost, deleted } = scene(t, { spoolBytes: 0, isSame: true });
  const open = deleted('open', 500);
  const newcomer = addGeneration(open.log, 0, { suffix: '20260101-000000', gzip: true });
  Object.assign(newcomer, { unidentified: true, saidBytes: 500, gzip: null, endedAtMs: NOW_MS });
  keeper.notice([open, newcomer]);
  await keeper.saveAll();
  await keeper.giveUpRest();
  assert.deepEqual(lost, [[open, 'spool_full', 7]]);
});

test('given up: a copy of its compressed file, which is deleted as well, is what is left of it', async (t) => {
  const { keeper, lost, deleted, all, spool } = scene(t, { isSame: true, isBroken: ({ packed }) => !packed });
  const open = deleted('open', 500);
  const newcomer = addGeneration(open.log, 0, { suffix: '20260101-000000', gzip: true });
  Object.assign(newcomer, { unidentified: true, saidBytes: 500, gzip: null, endedAtMs: NOW_MS });
  all.push(newcomer);
  keeper.notice([open, newcomer]);
  await keeper.saveAll();
  assert.deepEqual([open.spool, newcomer.spool?.end], [null, 500]);
  await keeper.giveUpRest();
  assert.deepEqual([lost, open.log.generations, open.spool?.end, newcomer.spool], [[], [open], 500, null]);
  spool.release(open);
  assert.equal(spool.usedBytes, 0);
});
