import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import type { Budget } from '../../src/plan/sizing.js';
import { WORKER_FILE } from '../../src/plan/worker-file.js';
import { startWorkers } from '../../src/plan/workers.js';
import type { InspectJob } from '../../src/protocol.js';

const MIB = 2 ** 20;

const BUDGET: Budget = {
  workers: 2,
  pushBudgetBytes: 8 * MIB,
  workerOldSpaceMiB: 24,
  workerYoungMiB: 4,
  memoryBytes: 512 * MIB,
  plannedBytes: 0,
  shortBytes: 0,
  because: { workers: '', memoryBytes: '', pushBudgetBytes: '' },
};

/** A job that occupies a worker until its input ends. */
function lasting(): { job: InspectJob; begun: Promise<unknown>; end: () => void } {
  const { port1, port2 } = new MessageChannel();
  const begun = once(port1, 'message');
  const job = { port: port2, path: '/p/0.log', pipelines: [], maxLineBytes: 1024, readTimeMs: 0 };
  const end = (): void => {
    port1.postMessage(null);
    port1.unref();
  };
  return { job, begun, end };
}

test('a second worker comes for a job that has waited long, though no other job comes', {
  timeout: 30_000,
}, async () => {
  const measured = { backlogBytes: () => 0, now: () => 100 * performance.now() };
  const workers = startWorkers(WORKER_FILE, { batchBytes: MIB, maxLineBytes: MIB }, BUDGET, measured);
  const [first, second] = [lasting(), lasting()];
  const done = Promise.all([workers.inspect(first.job), workers.inspect(second.job)]);
  try {
    await Promise.race([done, Promise.all([first.begun, second.begun])]);
    assert.equal(workers.size, 2);
    first.end();
    second.end();
    await done;
  } finally {
    await workers.close();
  }
});

test('a worker that is to come with the first job comes with it, and stays', async () => {
  const setup = { batchBytes: MIB, maxLineBytes: MIB };
  const workers = startWorkers(WORKER_FILE, setup, BUDGET, { backlogBytes: () => 0 }, 'first job');
  const sizes = [workers.size];
  await workers.spoolHeads({ paths: [] });
  sizes.push(workers.size);
  await workers.close();
  assert.deepEqual(sizes, [0, 1]);
});

test('an answer that comes while the workers are ended is no error', async () => {
  for (let i = 0; i < 10; i++) {
    const workers = startWorkers(WORKER_FILE, { batchBytes: MIB, maxLineBytes: MIB }, BUDGET);
    await workers.spoolHeads({ paths: [] });
    const last = workers.spoolHeads({ paths: [] }).catch(() => {});
    // Until the worker has answered, with nobody looking.
    const until = performance.now() + 5;
    while (performance.now() < until);
    await workers.close();
    await last;
  }
});
