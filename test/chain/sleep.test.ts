import assert from 'node:assert/strict';
import fs, { appendFileSync, linkSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ContainerLog } from '../../src/chain/container-log.js';
import { pollLog } from '../../src/chain/poll.js';
import { Sleep } from '../../src/chain/sleep.js';
import { createMatcher } from '../../src/discover/match.js';
import { makeChains, makeFolder, open } from './kit.js';

const BOUND = { timeout: 10_000 };
const QUIET_MS = 1_000;
const NOW_MS = Date.now();
const LONG_AGO = NOW_MS / 1000 - 60;

function scene(t: TestContext, names = ['0.log']) {
  const { statfsSync, watch } = fs;
  const set = (replacement: Partial<typeof fs>) => {
    Object.assign(fs, replacement);
    syncBuiltinESMExports();
  };
  t.after(() => set({ statfsSync, watch }));
  set({ statfsSync: (() => ({ type: 0xef53 })) as unknown as typeof statfsSync });
  const folder = makeFolder(t);
  const age = () => utimesSync(folder, LONG_AGO, LONG_AGO);
  for (const name of names) {
    writeFileSync(join(folder, name), 'line\n');
    utimesSync(join(folder, name), LONG_AGO, LONG_AGO);
  }
  age();
  const chains = makeChains(createMatcher([`${folder}/*.log`], []), (generation) => open(generation).fd !== null);
  chains.look(folder, NOW_MS);
  const sleep = new Sleep(chains, QUIET_MS);
  const alive = setInterval(() => {}, 60_000);
  t.after(() => {
    clearInterval(alive);
    sleep.end();
  });
  const settle = (log: ContainerLog): void => {
    for (const generation of log.generations) {
      generation.settled = { offset: generation.size, tail: null, carry: null };
    }
  };
  /** Two ticks: the first sees that a log rests. */
  const ticks = (nowMs: number): void => {
    for (const _ of [1, 2]) {
      for (const log of chains.awake) pollLog(log, nowMs);
      for (const log of chains.awake) log.rest();
      sleep.tend(nowMs);
    }
  };
  for (const log of chains) settle(log);
  /** Resolves when a log of the folder has been woken. */
  const woken = async (): Promise<void> => {
    while (chains.asleep.size > 0) await new Promise((resolve) => setImmediate(resolve));
  };
  return { folder, path: join(folder, '0.log'), chains, sleep, settle, ticks, woken, age, set };
}

test('a log to which nobody writes falls asleep, and a line wakes it', BOUND, async (t) => {
  const { path, chains, ticks, woken } = scene(t);
  ticks(NOW_MS);
  assert.deepEqual([chains.awake.size, chains.asleep.size], [0, 1]);
  appendFileSync(path, 'line\n');
  await woken();
  const [log] = [...chains.awake];
  assert.equal(log?.resting, null, 'all of it is looked at');
  pollLog(log!, NOW_MS);
  assert.equal(log?.generations[0]?.size, 10);
});

test('a rotation wakes it', BOUND, async (t) => {
  const { path, chains, ticks, woken } = scene(t);
  ticks(NOW_MS);
  renameSync(path, `${path}.20260101-000000`);
  await woken();
  assert.equal(chains.awake.size, 1);
});

test('it sleeps again when it has been quiet again for long', BOUND, async (t) => {
  const { path, chains, settle, ticks, woken } = scene(t);
  ticks(NOW_MS);
  appendFileSync(path, 'line\n');
  await woken();
  for (const log of chains.awake) {
    pollLog(log, NOW_MS);
    settle(log);
  }
  ticks(Date.now());
  assert.equal(chains.asleep.size, 0);
  ticks(Date.now() + 2 * QUIET_MS);
  assert.equal(chains.asleep.size, 1);
});

test('a log to which somebody writes now and then stays awake', (t) => {
  const { path, chains, ticks } = scene(t);
  utimesSync(path, NOW_MS / 1000, NOW_MS / 1000);
  ticks(NOW_MS + QUIET_MS - 1);
  assert.equal(chains.asleep.size, 0);
  ticks(NOW_MS + QUIET_MS);
  assert.equal(chains.asleep.size, 1);
});

test('logs of one folder sleep together or not at all', (t) => {
  const { folder, chains, ticks } = scene(t, ['0.log', '1.log']);
  utimesSync(join(folder, '1.log'), NOW_MS / 1000, NOW_MS / 1000);
  ticks(NOW_MS);
  assert.equal(chains.asleep.size, 0);
  ticks(NOW_MS + QUIET_MS);
  assert.deepEqual([chains.awake.size, chains.asleep.size], [0, 2]);
});

test('a log with something unsettled stays awake', (t) => {
  const { chains, ticks } = scene(t);
  for (const { generations } of chains) generations[0]!.settled = { offset: 0, tail: null, carry: null };
  ticks(NOW_MS);
  assert.equal(chains.asleep.size, 0);
});

test('what is written elsewhere stays awake: behind a link, or with another name', (t) => {
  const { folder, path, chains, ticks, age } = scene(t);
  const elsewhere = join(makeFolder(t), 'file');
  linkSync(path, elsewhere);
  ticks(NOW_MS);
  assert.equal(chains.asleep.size, 0);
  renameSync(path, `${elsewhere}.moved`);
  symlinkSync(elsewhere, path);
  age();
  chains.look(folder, NOW_MS);
  ticks(NOW_MS + 2 * QUIET_MS);
  assert.equal(chains.asleep.size, 0);
});

test('a line that comes just before the watch is not slept over', (t) => {
  const { path, chains, ticks, set } = scene(t);
  const { watch } = fs;
  const late = ((folder: string, options: fs.WatchOptions) => {
    appendFileSync(path, 'line\n');
    return watch(folder, options);
  }) as typeof watch;
  set({ watch: late });
  ticks(NOW_MS);
  assert.deepEqual([chains.awake.size, chains.asleep.size], [1, 0]);
});

test('a line of which there was no sign is seen by one of the next scans', (t) => {
  const { path, chains, sleep, ticks } = scene(t);
  const scans = (): void => {
    for (let scan = 0; scan < 6; scan++) sleep.check();
  };
  ticks(NOW_MS);
  scans();
  assert.equal(chains.asleep.size, 1);
  // Nothing is told before this test gives way.
  appendFileSync(path, 'line\n');
  scans();
  assert.deepEqual([chains.awake.size, chains.asleep.size], [1, 0]);
});

test('a new log in the folder wakes the others, and is awake itself', (t) => {
  const { folder, chains, ticks } = scene(t);
  ticks(NOW_MS);
  writeFileSync(join(folder, '1.log'), 'line\n');
  chains.look(folder, NOW_MS);
  assert.deepEqual([chains.awake.size, chains.asleep.size], [2, 0]);
});

test('at the end all are awake', (t) => {
  const { chains, sleep, ticks } = scene(t, ['0.log', '1.log']);
  ticks(NOW_MS);
  sleep.end();
  assert.deepEqual([chains.awake.size, chains.asleep.size], [2, 0]);
  ticks(NOW_MS + 60_000);
  assert.equal(chains.asleep.size, 0);
});
