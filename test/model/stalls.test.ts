import assert from 'node:assert/strict';
import fs, { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { BATCH_BYTES } from './life.js';
import type { AnswerKind } from './loki.js';
import { turnWatchingOff, World } from './world.js';

/** A stall is told of after 10 s, and looked for every 5 s. */
const STALL_S = 16;
const STAMP = '20260101-000000';

turnWatchingOff();

interface Scene {
  world: World;
  /** Path of the log of a container. */
  path(at: number): string;
  write(at: number, bytes?: number): void;
  /** The reasons that are told after so long; each second `meanwhile`, and a tick. */
  reasons(meanwhile?: () => Promise<void>): Promise<string[]>;
}

async function makeScene(t: TestContext, containers = 1): Promise<Scene> {
  const world = new World({ containers });
  t.after(() => world.close());
  const at = (index: number) => world.node.containers[index] as World['node']['containers'][number];
  return {
    world,
    path: (index) => at(index).path,
    write: (index, bytes = 10) => world.node.write(at(index), 'stdout', bytes, 'F'),
    async reasons(meanwhile = async () => {}) {
      for (let second = 0; second < STALL_S; second += 1) {
        await world.wait(1_000);
        await world.tick();
        await meanwhile();
      }
      return world.life?.collector.stalls.map(({ reason }) => reason) ?? [];
    },
  };
}

/** A collector runs, and has read all there is. */
async function makeReadScene(t: TestContext): Promise<Scene> {
  const scene = await makeScene(t);
  await scene.world.start();
  scene.write(0);
  await scene.world.tick();
  await scene.world.quiesce();
  return scene;
}

async function answerAll({ world }: Scene, kind: AnswerKind): Promise<void> {
  while (world.loki.pending.length > 0) world.loki.answer(0, kind);
  await world.settle();
}

test('a node on which all is read has no stall', async (t) => {
  const scene = await makeReadScene(t);
  assert.deepEqual(await scene.reasons(), []);
});

test('Loki refuses everything', async (t) => {
  const scene = await makeScene(t);
  await scene.world.start();
  scene.write(0);
  const reasons = await scene.reasons(async () => {
    await scene.world.work(0);
    await answerAll(scene, '503');
  });
  assert.deepEqual(reasons, ['Loki takes no pushes (server_error)']);
});

test('Loki does not answer; what it was sent fills the memory, so that another log waits, and is opened anew', async (t) => {
  const scene = await makeScene(t, 5);
  const { world } = scene;
  await world.start();
  // A log may have half of the memory.
  for (const at of [0, 1, 2]) for (let line = 0; line < 40; line += 1) scene.write(at, BATCH_BYTES);
  await world.tick();
  for (let times = 0; times < 60; times += 1) await world.work(0);
  scene.write(3);
  const reasons = await scene.reasons(() => world.work(0));
  assert.deepEqual(reasons.sort(), [
    'Loki has not answered its pushes',
    'the memory budget is spent on what Loki has not taken yet',
  ]);
  const openings = world.life?.openings.filter((path) => path === scene.path(3));
  assert.ok(openings !== undefined && openings.length > 1);
});

test('no worker comes to it; those there are have others', async (t) => {
  const scene = await makeScene(t, 6);
  await scene.world.start();
  for (let at = 0; at < 6; at += 1) scene.write(at, BATCH_BYTES);
  assert.deepEqual(await scene.reasons(), ['no worker has read it yet', 'all workers are busy']);
});

test('a compressed file is damaged', async (t) => {
  const scene = await makeScene(t);
  scene.write(0);
  writeFileSync(`${scene.path(0)}.${STAMP}.gz`, 'no gzip file');
  await scene.world.start();
  assert.deepEqual(await scene.reasons(() => scene.world.work(0)), ['the file cannot be read']);
});

test('it is not known what a new file is', async (t) => {
  const scene = await makeReadScene(t);
  const { world } = scene;
  writeFileSync(`${scene.path(0)}.${STAMP}`, 'another file');
  await world.rescan();
  // The worker that is asked fails each time.
  const reasons = await scene.reasons(async () => {
    for (const task of world.life?.tasks.splice(0) ?? []) task.fail();
    await world.settle();
  });
  assert.deepEqual(reasons, ['it is not known yet which file this is']);
});

test('the file cannot be opened, until it can', async (t) => {
  const scene = await makeScene(t);
  const { world } = scene;
  const { openSync } = fs;
  const set = (value: typeof openSync) => {
    fs.openSync = value;
    syncBuiltinESMExports();
  };
  t.after(() => set(openSync));
  const path = scene.path(0);
  set((name, ...rest) => {
    if (name === path) throw Object.assign(new Error('not permitted'), { code: 'EACCES' });
    return openSync(name, ...rest);
  });
  scene.write(0);
  await world.start();
  assert.deepEqual(await scene.reasons(() => world.work(0)), ['the file cannot be opened']);
  set(openSync);
  assert.deepEqual(await world.end(), []);
});
