import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { inTurn, URGENT } from '../../src/plan/task-queue.js';

const WORKER = fileURLToPath(new URL('./gated-worker.js', import.meta.url));

/** The first job keeps the only thread busy until `open` is called. */
function busyPool(t: TestContext) {
  const pool = new Piscina({ filename: WORKER, minThreads: 1, maxThreads: 1, ...inTurn() });
  t.after(() => pool.destroy());
  const gate = new SharedArrayBuffer(4);
  const held: Promise<void> = pool.run(gate, { name: 'hold' });
  const open = async (): Promise<void> => {
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
    await held;
  };
  return { pool, open };
}

test('an urgent job passes those that wait, and no other', { timeout: 60_000 }, async (t) => {
  const { pool, open } = busyPool(t);
  const note = (name: string, more = {}): Promise<string[]> => pool.run({ name, ...more }, { name: 'note' });
  const noted = [note('a'), note('b'), note('c', URGENT), note('d', URGENT), note('e')];
  await open();
  const orders = await Promise.all(noted);
  const last = orders.find(({ length }) => length === noted.length);
  assert.deepEqual(last, ['c', 'd', 'a', 'b', 'e']);
});

test('a job that is called off leaves the queue', { timeout: 60_000 }, async (t) => {
  const { pool, open } = busyPool(t);
  for (const more of [{}, URGENT]) {
    const abort = new AbortController();
    const called = pool.run({ name: 'x', ...more }, { name: 'note', signal: abort.signal });
    abort.abort();
    await assert.rejects(called);
  }
  assert.equal(pool.queueSize, 0);
  await open();
});
