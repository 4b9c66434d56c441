import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { turnWatchingOff, World } from './world.js';

/** More than are asked about at the same time. */
const CONTAINERS = 40;

turnWatchingOff();

/** A node with one container. */
function single(t: TestContext) {
  const world = new World(1);
  t.after(() => world.close());
  const [container] = world.node.containers;
  assert.ok(container);
  return { world, container };
}

test('what is deleted while a start still asks about other logs arrives', async (t) => {
  const world = new World(CONTAINERS);
  t.after(() => world.close());
  const containers = world.node.containers.filter(({ truncates }) => !truncates);
  const rotate = () => {
    for (const container of containers) {
      world.node.write(container, 'stdout', 10, 'F');
      world.node.beginRotation(container);
      world.node.finishRotation(container);
    }
  };
  await world.start();
  for (const container of containers) world.node.write(container, 'stdout', 10, 'F');
  await world.tick();
  await world.quiesce();
  world.kill();
  // What was the current one is compressed now, so it is looked for by its bytes.
  rotate();
  rotate();
  let deleted = 0;
  await world.start(async () => {
    if (deleted > 0 || world.life?.tasks.length === 0) return;
    for (const container of containers) {
      // The first of them was read before.
      for (let file = 0; file < 2; file += 1) world.node.deleteOldest(container);
      deleted += 1;
    }
  });
  assert.equal(deleted, containers.length);
  assert.deepEqual(await world.end(), []);
});

test('what a start does not find any more is counted once, however short the lives after it are', async (t) => {
  const { world, container } = single(t);
  world.node.write(container, 'stdout', 10, 'F');
  // Known with its size, but not read.
  await world.start();
  world.kill();
  world.node.delete(container, true);
  const counted: string[][] = [];
  const journals: string[][] = [];
  for (let life = 0; life < 2; life += 1) {
    await world.start();
    counted.push((world.life?.losses ?? []).map(({ reason }) => reason));
    journals.push(world.life?.journalsAtStart ?? []);
    world.kill();
  }
  assert.deepEqual(counted, [['gone_while_down'], []]);
  // Not a moment later: a crash comes when it wants.
  assert.ok(journals[0]?.includes('journal.2'));
});

test('what has come since the last position was stored is counted as well, if it vanishes while down', async (t) => {
  for (const end of ['stop', 'kill'] as const) {
    const { world, container } = single(t);
    await world.start();
    world.node.write(container, 'stdout', 10, 'F');
    await world.tick();
    await world.rescan();
    await world.wait(1_000);
    if (end === 'stop') {
      world.node.write(container, 'stdout', 20, 'F');
      await world.stop(false);
    } else world.kill();
    const bytes = statSync(container.path).size;
    world.node.delete(container, true);
    await world.start();
    assert.deepEqual(
      world.life?.losses.map((loss) => loss.bytes),
      [bytes],
    );
  }
});

test('what a pod had left open arrives, though the pod is deleted while down', async (t) => {
  for (const end of ['stop', 'kill'] as const) {
    const { world, container } = single(t);
    await world.start();
    world.node.write(container, 'stdout', 10, 'P');
    await world.tick();
    await world.quiesce();
    await world.wait(1_000);
    if (end === 'stop') await world.stop(true);
    else world.kill();
    world.node.delete(container, false);
    await world.start();
    await world.wait(1_000);
    // Before it is sent.
    world.kill();
    await world.start();
    assert.deepEqual(await world.end(), []);
    const contents = [...world.loki.stored.values()].map(({ content }) => content);
    assert.deepEqual(contents, ['<0>xxxxxxxxxx']);
    assert.equal(world.life?.collector.logCount, 0);
  }
});
