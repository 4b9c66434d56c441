import assert from 'node:assert/strict';
import { appendFileSync, renameSync, rmSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pollGeneration, pollLog } from '../../src/chain/poll.js';
import { list, makeFolder, makeLog, NOW_MS, open } from './kit.js';

function scene(t: Parameters<typeof makeFolder>[0]) {
  const folder = makeFolder(t);
  const path = join(folder, '0.log');
  writeFileSync(path, 'one\n');
  const log = makeLog(path);
  list(log);
  const generation = open(log.generations[0]!);
  /** Looks a while after the folder was last changed. */
  const poll = (nowMs = NOW_MS) => pollLog(log, nowMs);
  const age = () => utimesSync(folder, NOW_MS / 1000 - 60, NOW_MS / 1000 - 60);
  age();
  assert.deepEqual(poll(), { look: true, truncated: [] }, 'the first look is at the folder too');
  assert.deepEqual(poll(), { look: false, truncated: [] });
  return { folder, path, log, generation, poll, age };
}

/** The same, at rest. */
function atRest(t: Parameters<typeof makeFolder>[0]) {
  const parts = scene(t);
  parts.generation.settled = { offset: 4, tail: null, carry: null };
  parts.log.rest();
  assert.equal(parts.log.resting, parts.generation);
  return parts;
}

test('growth', (t) => {
  const { path, generation, poll } = scene(t);
  appendFileSync(path, 'two\n');
  assert.deepEqual(poll(NOW_MS + 5), { look: false, truncated: [] });
  assert.deepEqual([generation.size, generation.grownAtMs], [8, NOW_MS + 5]);
  poll(NOW_MS + 9);
  assert.equal(generation.grownAtMs, NOW_MS + 5);
});

test('growth of a log at rest, and its rest is over', (t) => {
  const { path, log, generation, poll } = atRest(t);
  poll();
  assert.equal(log.resting, generation);
  appendFileSync(path, 'two\n');
  poll();
  assert.deepEqual([log.resting, generation.size], [null, 8]);
});

test('growth of a log at rest that shows between two polls ends its rest as well', (t) => {
  const { path, log, generation } = atRest(t);
  appendFileSync(path, 'two\n');
  assert.deepEqual(pollGeneration(generation, NOW_MS), { look: false, truncated: [] });
  assert.equal(log.resting, null);
});

test('truncation of a log at rest, and growth of one that is empty', (t) => {
  const { path, log, generation, poll } = atRest(t);
  truncateSync(path, 2);
  assert.deepEqual(poll().truncated, [{ generation, size: 2 }]);
  truncateSync(path, 0);
  generation.restart(0);
  log.rest();
  assert.equal(log.resting, generation);
  poll();
  assert.equal(log.resting, generation);
  appendFileSync(path, 'two\n');
  poll();
  assert.deepEqual([log.resting, generation.size], [null, 4]);
});

test('a new name in the folder of a log at rest: its container has started again', (t) => {
  const { folder, poll } = atRest(t);
  writeFileSync(join(folder, '1.log'), 'again\n');
  const later = Date.now() + 60_000;
  assert.equal(poll(later).look, true);
});

test('a rename and a deletion', (t) => {
  const { path, poll } = scene(t);
  const later = Date.now() + 60_000;
  renameSync(path, `${path}.1`);
  assert.equal(poll(later).look, true);
  assert.equal(poll(later).look, false);
  unlinkSync(`${path}.1`);
  assert.equal(poll(later).look, true);
});

test('the folder is gone: a look, once', (t) => {
  const { folder, poll } = scene(t);
  rmSync(folder, { recursive: true });
  assert.deepEqual([poll().look, poll().look], [true, false]);
});

test('a folder that has just changed is looked at again, for what comes in the same tick', (t) => {
  const { folder, poll } = scene(t);
  utimesSync(folder, NOW_MS / 1000, NOW_MS / 1000);
  assert.equal(poll(NOW_MS + 1).look, true);
  assert.equal(poll(NOW_MS + 20).look, true);
  assert.equal(poll(NOW_MS + 1000).look, true);
  assert.equal(poll(NOW_MS + 2000).look, false);
});

test('truncated: told until it is dealt with', (t) => {
  const { path, generation, poll } = scene(t);
  truncateSync(path, 1);
  assert.deepEqual(poll().truncated, [{ generation, size: 1 }]);
  assert.deepEqual(pollGeneration(generation, NOW_MS).truncated, [{ generation, size: 1 }]);
  generation.restart(1);
  assert.deepEqual(poll().truncated, []);
});

test('a file that is not open is looked at by its path, as long as it is the same', (t) => {
  const { path, generation, poll } = scene(t);
  generation.fd = null;
  appendFileSync(path, 'two\n');
  poll();
  assert.equal(generation.size, 8);
  writeFileSync(`${path}.new`, 'another, longer\n');
  renameSync(`${path}.new`, path);
  poll();
  assert.equal(generation.size, 8);
});

test('one that is done is not looked at', (t) => {
  const { path, generation, poll } = scene(t);
  generation.done = true;
  appendFileSync(path, 'two\n');
  poll();
  pollGeneration(generation, NOW_MS);
  assert.equal(generation.size, 4);
});
