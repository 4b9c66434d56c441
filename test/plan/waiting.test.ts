import assert from 'node:assert/strict';
import { appendFileSync, closeSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContainerLog } from '../../src/chain/container-log.js';
import { Descriptors } from '../../src/chain/descriptors.js';
import type { Generation } from '../../src/chain/generation.js';
import type { SliceResult } from '../../src/protocol.js';
import { addGeneration, makeFolder } from '../chain/kit.js';
import { settled } from '../push/kit.js';
import { Desk, LINE_BYTES, podOf, type Running, STORED } from './desk.js';

test('a worker that fails: its ranges are read again after a pause', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 2), desk.log('b', 2));
  desk.running.shift()?.reject(new Error('worker ended'));
  await settled();
  desk.jobs.resume(desk.nowMs);
  assert.deepEqual([desk.running.length, desk.repeated, desk.jobs.heldBytes], [0, ['worker'], 0]);
  desk.nowMs += 10_000;
  desk.jobs.resume(desk.nowMs);
  assert.equal(desk.running.length, 2);
  for (const _ of [1, 2]) await desk.work();
  for (const _ of [1, 2]) await desk.answer(STORED);
  desk.assertSettled();
});

test('a file that cannot be read is tried again and said once; the others of its job go on', async () => {
  const desk = new Desk();
  const [sick, sound] = [desk.log('sick', 2), desk.log('sound', 2)];
  desk.launch(sick, sound);
  const unreadable: Partial<SliceResult> = { outcome: 'unreadable', error: { code: 'EIO', message: 'bad disk' } };
  await desk.work(0, (index) => (index === 0 ? unreadable : {}));
  await desk.answer(STORED);
  assert.deepEqual([sick.unsettledBytes, sound.unsettledBytes], [20, 0]);
  for (let tries = 0; tries < 5; tries += 1) {
    desk.nowMs += 10_000;
    desk.jobs.resume(desk.nowMs);
    await desk.work(0, () => unreadable);
    assert.deepEqual([desk.jobs.heldBytes, desk.sent.length], [0, 0]);
  }
  assert.deepEqual(desk.problems, ['LOG_UNREADABLE']);
  desk.nowMs += 10_000;
  desk.jobs.resume(desk.nowMs);
  await desk.work();
  await desk.answer(STORED);
  desk.assertSettled();
});

test('a file that cannot be read and then begins anew does not hold up the others of its job', async () => {
  const desk = new Desk();
  const [sick, sound] = [desk.log('sick', 2), desk.log('sound', 2)];
  desk.launch(sick, sound);
  await desk.work(0, (index) => (index === 0 ? { outcome: 'unreadable' } : {}));
  const generation = sick.generations[0]!;
  generation.restart(0);
  desk.jobs.abandon(generation);
  await desk.answer(STORED);
  assert.equal(sound.unsettledBytes, 0);
  desk.jobs.resume(desk.nowMs + 10_000);
  desk.assertSettled();
});

test('a damaged copy is given up after some tries, unless it still grows', async (t) => {
  const path = join(makeFolder(t), '0.log.gz');
  writeFileSync(path, 'damaged');
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  const desk = new Desk();
  const log = desk.log('a', 2);
  const generation = log.generations[0]!;
  Object.assign(generation, { fd, path: null, packed: true, gzip: { path: '0.log.gz', dev: '1', ino: '1' } });
  desk.launch(log);
  for (let tries = 0; desk.broken.length === 0 && tries < 20; tries += 1) {
    if (tries < 10) appendFileSync(path, 'more');
    else assert.ok(tries < 16);
    await desk.work(0, () => ({ outcome: 'unreadable' }));
    desk.nowMs += 10_000;
    desk.jobs.resume(desk.nowMs);
  }
  assert.deepEqual(desk.broken, [generation]);
  assert.equal(readFileSync(path, 'utf8'), `damaged${'more'.repeat(10)}`);
  assert.deepEqual([desk.jobs.heldBytes, desk.running.length], [0, 0]);
});

/** A log of one line that has a file, which is not open. */
function fileLog(desk: Desk, folder: string, pod: string): ContainerLog {
  const path = join(folder, pod);
  writeFileSync(path, `${pod}23456789\n`);
  const { dev, ino } = statSync(path, { bigint: true });
  const log = desk.log(pod, 0);
  log.generations = [];
  addGeneration(log, LINE_BYTES, { path, dev: String(dev), ino: String(ino) }).fd = null;
  return log;
}

test('a copy that is damaged where it is read once more: the lines of that are missing', async (t) => {
  const path = join(makeFolder(t), '0.log.gz');
  writeFileSync(path, 'damaged');
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  const desk = new Desk();
  const [log, other] = [desk.log('a', 4), desk.log('b', 1)];
  const generation = log.generations[0]!;
  Object.assign(generation, { fd, path: null, packed: true, gzip: { path, dev: '1', ino: '1' } });
  desk.launch(log, other);
  await desk.work();
  await desk.answer(desk.instead('withoutMetadata'));
  for (let tries = 0; desk.broken.length === 0; tries += 1) {
    assert.ok(tries < 10);
    await desk.work(desk.running.length - 1, (index) => (index === 0 ? { outcome: 'unreadable' } : {}));
    desk.nowMs += 10_000;
    desk.jobs.resume(desk.nowMs);
  }
  assert.deepEqual(desk.missing, [['a', 40, 4]]);
  await desk.answer(STORED);
  assert.equal(desk.stored, 1);
  desk.assertSettled();
});

test('a file that is not there is waited for, and said after a while; the others of its job go on', async (t) => {
  const folder = makeFolder(t);
  const descriptors = new Descriptors(10, () => {});
  t.after(() => descriptors.closeAll());
  const desk = new Desk(descriptors);
  const logs = ['a', 'b'].map((pod) => fileLog(desk, folder, pod));
  const hidden = join(folder, 'hidden');
  renameSync(join(folder, 'a'), hidden);
  desk.launch(...logs);
  assert.deepEqual(
    desk.running.map(({ job }) => job.slices.map(({ path }) => podOf(path))),
    [['b']],
  );
  for (let tries = 0; tries < 4; tries += 1) {
    desk.nowMs += 10_000;
    desk.jobs.resume(desk.nowMs);
  }
  assert.deepEqual([desk.running.length, desk.problems], [1, ['LOG_UNREADABLE']]);
  await desk.work();
  renameSync(hidden, join(folder, 'a'));
  desk.nowMs += 10_000;
  desk.jobs.resume(desk.nowMs);
  await desk.work();
  for (const _ of logs) await desk.answer(STORED);
  assert.equal(desk.stored, 2);
  desk.assertSettled();
});

test('descriptors are short: no file of a job is closed for another of it', async (t) => {
  const folder = makeFolder(t);
  const descriptors = new Descriptors(2, () => {});
  t.after(() => descriptors.closeAll());
  const desk = new Desk(descriptors);
  const logs = ['a', 'b', 'c'].map((pod) => fileLog(desk, folder, pod));
  desk.launch(...logs);
  const [{ job }] = desk.running as [Running];
  const texts = job.slices.map(({ source, path }) => [
    podOf(path),
    source.kind === 'plain' && readFileSync(source.fd, 'latin1')[0],
  ]);
  assert.deepEqual(texts, [
    ['a', 'a'],
    ['b', 'b'],
  ]);
  await desk.work();
  await desk.answer(STORED);
  // The first two are not needed any more.
  await desk.work();
  await desk.answer(STORED);
  desk.assertSettled();
  assert.deepEqual(desk.problems, []);
});

test('descriptors are short in a repeated read: it goes on as soon as one is free, and nothing is said', async (t) => {
  const folder = makeFolder(t);
  const descriptors = new Descriptors(1, () => {});
  t.after(() => descriptors.closeAll());
  const desk = new Desk(descriptors);
  const logs = ['a', 'b'].map((pod) => fileLog(desk, folder, pod));
  for (const log of logs) {
    desk.launch(log);
    await desk.work();
  }
  // Another is being read.
  const busy = fileLog(desk, folder, 'c').generations[0] as Generation;
  assert.equal(busy.open(descriptors), 'open');
  busy.readers += 1;
  for (const _ of logs) await desk.answer(desk.instead('withoutMetadata'));
  for (let tries = 0; tries < 10; tries += 1) {
    desk.nowMs += 1000;
    desk.jobs.resume(desk.nowMs);
    assert.deepEqual([desk.running, desk.problems, logs[0]?.generations[0]?.blockedUntilMs], [[], [], 0]);
  }
  busy.readers -= 1;
  desk.jobs.resume(desk.nowMs);
  // Each as soon as the one before has been read.
  for (const pod of ['a', 'b']) {
    assert.deepEqual(
      desk.running.map(({ job }) => job.slices.map(({ path }) => podOf(path))),
      [[pod]],
    );
    assert.equal(desk.jobs.mayLaunch, pod === 'b');
    await desk.work();
  }
  for (const _ of logs) await desk.answer(STORED);
  desk.logs.pop();
  desk.assertSettled();
});
