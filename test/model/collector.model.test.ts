import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Step, steps, take } from './steps.js';
import { turnWatchingOff, World } from './world.js';

/**
 * The suite walks the same ways each time, so that a commit fails for what it has changed. Others, and more of them:
 * `MODEL_RUNS=5000 MODEL_SEED=$RANDOM npm test -- model`.
 */
const RUNS = Number(process.env.MODEL_RUNS ?? 400);
const SEED = Number(process.env.MODEL_SEED ?? 1);

turnWatchingOff();

async function run(list: readonly Step[], spoolBytes?: number): Promise<string[]> {
  const world = new World(spoolBytes === undefined ? {} : { spoolBytes });
  try {
    await world.start();
    for (const step of list) await take(step, world);
    return await world.end();
  } finally {
    world.close();
  }
}

test(`whatever happens, every line arrives once (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      assert.deepEqual(await run(list), []);
    }),
    { numRuns: RUNS, seed: SEED, includeErrorInReport: true },
  );
});

test(`without room in the spool, what does not arrive is counted (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 2_000 }), async (list, spoolBytes) => {
      assert.deepEqual(await run(list, spoolBytes), []);
    }),
    { numRuns: RUNS / 4, seed: SEED, includeErrorInReport: true },
  );
});
