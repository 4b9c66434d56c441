import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watchdog } from '../../src/chain/watchdog.js';
import { addGeneration, makeLog, NOW_MS, read } from './kit.js';

function stuckLog(pod: string, sinceMs: number) {
  const log = makeLog(`/var/log/pods/default_${pod}_uid/app/0.log`);
  addGeneration(log, 100).progressAtMs = sinceMs;
  return log;
}

test('unread bytes without progress, by their reason, the longest first named', () => {
  const [a, b, c] = [stuckLog('a', NOW_MS + 10), stuckLog('b', NOW_MS), stuckLog('c', NOW_MS)];
  const watchdog = new Watchdog(({ log }) => (log === c ? 'the disk' : 'Loki'));
  const stalled = watchdog.look([a, b, c], NOW_MS + 12_000);
  assert.deepEqual(
    stalled.map(({ log }) => log),
    [a, b, c],
  );
  assert.deepEqual(watchdog.stalls, [
    { reason: 'Loki', logs: 2, path: b.path, waitMs: 12_000 },
    { reason: 'the disk', logs: 1, path: c.path, waitMs: 12_000 },
  ]);
});

test('no stall: what has just moved, what is done, what is all read', () => {
  const moving = stuckLog('a', NOW_MS + 11_000);
  const done = stuckLog('b', NOW_MS);
  done.generations[0]!.done = true;
  const idle = makeLog();
  addGeneration(idle, 100);
  const flight = idle.nextFlight(1000, false, NOW_MS)!;
  read(flight);
  idle.settle(flight, NOW_MS);
  const watchdog = new Watchdog(() => 'none');
  assert.deepEqual(watchdog.look([moving, done, idle], NOW_MS + 12_000), []);
  assert.deepEqual(watchdog.stalls, []);
});

test('what was read but is never settled is a stall', () => {
  const log = makeLog();
  addGeneration(log, 100);
  read(log.nextFlight(1000, false, NOW_MS)!);
  const watchdog = new Watchdog(() => 'no answer');
  assert.equal(watchdog.look([log], NOW_MS + 12_000).length, 1);
});

test('it looks every few seconds only, and forgets a stall that is over', () => {
  const log = stuckLog('a', NOW_MS);
  const watchdog = new Watchdog(() => 'Loki');
  assert.equal(watchdog.look([log], NOW_MS + 12_000).length, 1);
  assert.equal(watchdog.look([log], NOW_MS + 13_000).length, 0);
  assert.equal(watchdog.stalls.length, 1);
  log.generations[0]!.progressAtMs = NOW_MS + 16_000;
  watchdog.look([log], NOW_MS + 17_000);
  assert.deepEqual(watchdog.stalls, []);
});

test('a newer generation that waits for an older one is no stall; one behind an older one that has ended is', () => {
  const log = stuckLog('a', NOW_MS);
  const [older] = log.generations;
  const newer = addGeneration(log, 100);
  newer.progressAtMs = NOW_MS;
  read(log.nextFlight(100, false, NOW_MS)!);
  log.settle(older!.flights[0]!, NOW_MS + 11_000);
  const watchdog = new Watchdog(() => 'no worker');
  assert.deepEqual(watchdog.look([log], NOW_MS + 12_000), []);
  assert.deepEqual(watchdog.look([log], NOW_MS + 22_000), [newer]);
  assert.equal(watchdog.stalls[0]?.waitMs, 11_000);
});
