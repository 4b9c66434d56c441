import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { startRhythm } from '../src/rhythm.js';

/** Counts, and lets time pass. */
function driven(t: { after: (fn: () => void) => void }, batchWaitMs: number, scanIntervalMs: number) {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  t.after(() => mock.timers.reset());
  const counts = { ticks: 0, scans: 0 };
  const collector = {
    hinted: true,
    tick: () => {
      counts.ticks += 1;
    },
    rescan: () => {
      counts.scans += 1;
      return Promise.resolve();
    },
  };
  const stop = startRhythm(collector, { batchWaitMs, scanIntervalMs });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      mock.timers.tick(100);
      await new Promise(setImmediate);
    }
  };
  return { collector, counts, pass, stop };
}

test('a tick each batch wait, and a scan now and then', async (t) => {
  const { counts, pass, stop } = driven(t, 500, 10_000);
  await pass(20_500);
  assert.deepEqual(counts, { ticks: 42, scans: 2 });
  stop();
  await pass(20_000);
  assert.deepEqual(counts, { ticks: 42, scans: 2 });
});

test('when hints cease to come, the next scan is not waited for until its time', async (t) => {
  const { collector, counts, pass } = driven(t, 500, 10_000);
  await pass(500);
  collector.hinted = false;
  await pass(1_000);
  assert.equal(counts.scans, 1);
  await pass(3_000);
  assert.equal(counts.scans, 4);
});
