import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Generation } from '../../src/chain/generation.js';
import { Losses } from '../../src/chain/losses.js';
import type { Loss } from '../../src/telemetry/events.js';
import { addGeneration, CARRY, makeLog, NOW_MS } from './kit.js';

/** What became of a log's generations, in the order in which it was told. */
function scene() {
  const told: string[] = [];
  const lost: Loss[] = [];
  const log = makeLog();
  const close = (generation: Generation) => {
    generation.fd = null;
    told.push('closed');
  };
  const losses = new Losses({
    descriptors: { close },
    spool: { release: () => told.push('released') },
    abandon: () => told.push('abandoned'),
    look: (folder) => told.push(`looked into ${folder}`),
    onLost: (loss) => lost.push(loss),
    now: () => NOW_MS,
  });
  return { log, losses, lost, told };
}

function lossOf(reason: string, more: Partial<Loss>): Loss {
  return { reason, namespace: 'default', pod: 'web', container: 'app', bytes: 0, lines: 0, files: 0, ...more };
}

test('what is unread of a generation that is gone is counted, and nothing is joined over its place', () => {
  const { log, losses, lost, told } = scene();
  const [gone, next] = [addGeneration(log, 100), addGeneration(log, 50)];
  gone.startAt({ offset: 40, tail: null, carry: CARRY }, null, 'cri');
  log.moved = false;
  losses.lose(gone, 'deleted', null);
  assert.deepEqual(lost, [lossOf('deleted', { bytes: 60 })]);
  assert.deepEqual(told, ['abandoned', 'closed', 'released']);
  const [first, gap, last, ...others] = log.generations;
  assert.ok(first === gone && gone.done && last === next && others.length === 0);
  assert.deepEqual([gap?.gap, gap?.read.carry, gap?.format], [true, CARRY, 'cri']);
  assert.ok(log.moved);
  losses.lose(gone, 'deleted', null);
  assert.equal(lost.length, 1);
});

test('nothing stands for what was read to its end with nothing open', () => {
  const { log, losses, lost } = scene();
  const gone = addGeneration(log, 100);
  gone.startAt({ offset: 100, tail: null, carry: null }, null, 'cri');
  losses.lose(gone, 'deleted', null);
  assert.deepEqual(lost, []);
  assert.deepEqual(log.generations, [gone]);
});

test('lines are told where they could be counted', () => {
  const { log, losses, lost } = scene();
  losses.lose(addGeneration(log, 100), 'spool_full', { bytes: 90, lines: 3 });
  assert.deepEqual(lost, [lossOf('spool_full', { bytes: 90, lines: 3 })]);
});

test('a file that was gone before it could be opened is counted as one, though nobody knows its size', () => {
  const { log, losses, lost } = scene();
  losses.lose(addGeneration(log, 0), 'unopened', null);
  assert.deepEqual(lost, [lossOf('unopened', { files: 1 })]);
});

test('a copy that is gone is no loss, for its original is there', () => {
  const { log, losses, lost } = scene();
  const [original, copy] = [addGeneration(log, 100), addGeneration(log, 100)];
  copy.copyOf = original;
  losses.lose(copy, 'deleted', null);
  assert.deepEqual(lost, []);
  assert.deepEqual(log.generations, [original, copy]);
});

test('what is copied of one that is given up is read; only the rest is lost', () => {
  const { log, losses, lost } = scene();
  const gone = addGeneration(log, 100);
  gone.spool = { path: '/state/spool/1', start: 0, end: 70, fileBytes: 70 };
  losses.loseRest(gone, 'spool_full', null);
  assert.deepEqual(lost, [lossOf('spool_full', { bytes: 30 })]);
  assert.deepEqual([gone.size, gone.done, gone.fd], [70, false, null]);
  assert.deepEqual([log.generations.length, log.generations[1]?.gap], [2, true]);
});

test('what was unread of a truncated file is counted once no new file may be a copy of it', () => {
  const { log, losses, lost, told } = scene();
  const file = addGeneration(log, 100);
  file.startAt({ offset: 80, tail: null, carry: null }, null, 'cri');
  const newcomer = addGeneration(log, 100, { suffix: '20260101-000000' });
  newcomer.unidentified = true;
  losses.restart(file, 0, false);
  assert.deepEqual(lost, []);
  assert.deepEqual(told, ['abandoned', 'released', `looked into ${log.folder}`]);
  assert.deepEqual([file.size, file.read.offset, log.moved], [0, 0, true]);
  newcomer.unidentified = false;
  losses.countTruncated(log);
  losses.countTruncated(log);
  assert.deepEqual(lost, [lossOf('truncated', { bytes: 20 })]);
});
