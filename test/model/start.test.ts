import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { LogFile } from './books.js';
import { turnWatchingOff, World } from './world.js';

/** More than are asked about at the same time. */
const CONTAINERS = 40;

turnWatchingOff();

/** A node with one container. */
function single(t: TestContext, maxOpen?: number) {
  const world = new World({ containers: 1, ...(maxOpen !== undefined && { maxOpen }) });
  t.after(() => world.close());
  const [container] = world.node.containers;
  assert.ok(container);
  const rotate = () => {
    world.node.beginRotation(container);
    world.node.finishRotation(container);
  };
  return { world, container, rotate };
}

function contentsOf(world: World): string[] {
  return [...world.loki.stored.values()].map(({ content }) => content.replaceAll('x', ''));
}

test('what is deleted while a start still asks about other logs arrives', async (t) => {
  const world = new World({ containers: CONTAINERS });
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
    assert.deepEqual(contentsOf(world), ['<0>']);
    assert.equal(world.life?.collector.logCount, 0);
  }
});

test('what is open is not joined over a file that is gone, however short the lives after that are', async (t) => {
  for (const deleted of [1, 2]) {
    const { world, container, rotate } = single(t);
    await world.start();
    world.node.write(container, 'stdout', 1, 'P');
    await world.tick();
    await world.quiesce();
    rotate();
    // Seen, not read.
    world.node.write(container, 'stdout', 2, 'F');
    world.node.write(container, 'stdout', 3, 'P');
    await world.rescan();
    await world.tick();
    await world.wait(1_000);
    rotate();
    world.kill();
    world.node.write(container, 'stdout', 4, 'F');
    const [first, second] = container.rotated();
    assert.ok(first && second);
    if (deleted === 2) world.node.deleteOldest(container);
    world.node.deleteFile(container, second);
    for (let life = 0; life < 2; life += 1) {
      await world.start();
      world.kill();
    }
    assert.deepEqual(await world.end(), []);
    assert.deepEqual(contentsOf(world), ['<0>', '<3>']);
  }
});

test('what is open is not joined over a file that is deleted while it is closed, nor is what is open there', async (t) => {
  for (const [isRead, dies] of [
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ] as const) {
    const { world, container, rotate } = single(t, 1);
    await world.start();
    world.node.write(container, 'stdout', 0, 'P');
    await world.tick();
    await world.quiesce();
    rotate();
    await world.rescan();
    if (isRead) {
      world.node.write(container, 'stdout', 0, 'F');
      world.node.write(container, 'stdout', 0, 'P');
      await world.tick();
      await world.quiesce();
      await world.wait(3_000);
      await world.quiesce();
    }
    // Seen, not read.
    for (const tag of ['P', 'F', 'P'] as const) world.node.write(container, 'stdout', 0, tag);
    await world.rescan();
    rotate();
    world.node.write(container, 'stdout', 0, 'F');
    await world.rescan();
    world.node.deleteFile(container, container.rotated().at(-1) as LogFile);
    for (let look = 0; look < 2; look += 1) await world.rescan();
    await world.tick();
    await world.wait(1_000);
    if (dies) world.kill();
    await world.end();
    assert.deepEqual(contentsOf(world), isRead ? ['<0><1>', '<2>', '<6>'] : ['<0>', '<4>']);
    assert.equal(
      world.lostBytes.get('p0'),
      (isRead ? [3, 4, 5] : [1, 2, 3]).reduce((sum, id) => sum + (world.books.parts[id]?.text.length ?? 0), 0),
    );
  }
});

test('what is damaged in a compressed file is given up once, and nothing is joined over it', async (t) => {
  const { world, container, rotate } = single(t);
  await world.start();
  world.node.write(container, 'stdout', 0, 'P');
  await world.tick();
  await world.quiesce();
  await world.stop(true);
  for (const tag of ['F', 'P'] as const) world.node.write(container, 'stdout', 0, tag);
  rotate();
  world.node.write(container, 'stdout', 0, 'F');
  for (let act = 0; act < 3; act += 1) world.node.compressOldest(container);
  const gzip = container.rotated()[0]?.gzip;
  assert.ok(gzip);
  const bytes = readFileSync(gzip);
  // The bytes after the header.
  writeFileSync(gzip, bytes.fill(255, 10, bytes.length - 8));
  await world.start();
  for (let round = 0; round < 10; round += 1) {
    await world.quiesce();
    await world.wait(3_000);
    await world.rescan();
  }
  assert.deepEqual(
    world.life?.losses.map(({ reason }) => reason),
    ['damaged'],
  );
  assert.deepEqual(contentsOf(world), ['<0>', '<3>']);
});

test('a file that is renamed while it is closed for want of descriptors is not read twice', async (t) => {
  const world = new World({ maxOpen: 2 });
  t.after(() => world.close());
  const container = world.node.containers[1];
  assert.ok(container);
  await world.start();
  world.node.write(container, 'stdout', 0, 'F');
  for (let look = 0; look < 2; look += 1) await world.tick();
  world.node.beginRotation(container);
  world.node.finishRotation(container);
  await world.work(0);
  // On its way, but not settled.
  world.loki.answer(0, 'reset');
  await world.settle();
  assert.deepEqual(await world.end(), []);
});
