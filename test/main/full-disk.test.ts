import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readPositions } from '../../src/checkpoint/positions.js';
import { append, type CollectorProcess, eventually, makeStage, type Stage } from './kit.js';
import { fileSizeLimit, type MakeDisk, type SmallDisk, tmpfs } from './small-disk.js';

const BOUND = { timeout: 60_000 };
const WAYS: [name: string, make: MakeDisk][] = [
  ['ENOSPC', tmpfs],
  ['EFBIG', fileSizeLimit],
];

interface Scene {
  stage: Stage;
  disk: SmallDisk;
  start(): CollectorProcess;
}

/** Null where this kernel does not allow it; then the other way shows the same. */
async function makeScene(t: TestContext, make: MakeDisk): Promise<Scene | null> {
  const stage = await makeStage(t);
  const disk = await make(t, stage.root);
  if (typeof disk === 'string') {
    t.skip(disk);
    return null;
  }
  const settings = { STATE_DIR: disk.stateDir, SHUTDOWN_TIMEOUT: '500ms' };
  return { stage, disk, start: () => stage.start(settings) };
}

/** Resolves when the position of the log that goes on is the end of it. */
function positionStored(stage: Stage, { stateDir }: SmallDisk): Promise<void> {
  const path = stage.log('web');
  return eventually(async () => {
    const records = await readPositions(stateDir);
    const cursor = records.find(({ log }) => log === path)?.cursors.at(-1);
    return cursor?.offset === statSync(path).size;
  });
}

function removePod(stage: Stage, pod: string): void {
  rmSync(dirname(dirname(stage.log(pod))), { recursive: true });
}

function copiesIn({ stateDir }: SmallDisk): string[] {
  const folder = join(stateDir, 'spool');
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Ships lines until it has been said that positions cannot be stored; returns the lines. */
async function shipUntilSaid(stage: Stage, collector: CollectorProcess, first: number): Promise<string[]> {
  const contents: string[] = [];
  while (collector.saying('JOURNAL_NOT_WRITTEN').length === 0) {
    contents.push(`while full ${contents.length}`);
    append(stage.log('web'), contents.slice(-1));
    await stage.stored(first + contents.length);
  }
  return contents;
}

/** The first life, whose disk is full by now, and the lines that it has shipped since. */
async function startAndFill({ stage, disk, start }: Scene) {
  const first = start();
  append(stage.log('web'), ['before']);
  await stage.stored(1);
  await positionStored(stage, disk);
  disk.fill(first);
  return { first, whileFull: await shipUntilSaid(stage, first, 1) };
}

for (const [code, make] of WAYS) {
  test(`a full disk (${code}): said once, shipping goes on, and all is stored when there is room`, BOUND, async (t) => {
    const scene = await makeScene(t, make);
    if (scene === null) return;
    const { stage, disk } = scene;
    const { first, whileFull } = await startAndFill(scene);
    assert.match(String(first.saying('JOURNAL_NOT_WRITTEN')[0]?.msg), new RegExp(code));
    assert.equal(await first.metric('journal_dirty'), 1);

    // What is deleted unread can not be copied now: the open file keeps it.
    await stage.loki.down();
    append(stage.log('gone'), ['deleted while full']);
    await eventually(async () => (await first.metric('generations_open')) === 2);
    removePod(stage, 'gone');
    const { msg } = await first.said('SPOOL_NOT_WRITTEN');
    assert.match(msg, new RegExp(code));
    assert.deepEqual(copiesIn(disk), []);
    await stage.loki.up();
    await stage.stored(whileFull.length + 2);
    assert.deepEqual(stage.loki.store.lines('{pod="gone"}'), ['deleted while full']);
    for (const said of ['JOURNAL_NOT_WRITTEN', 'SPOOL_NOT_WRITTEN']) assert.equal(first.saying(said).length, 1);

    disk.free(first);
    await first.said('positions are stored again');
    await positionStored(stage, disk);
    assert.equal(await first.end('SIGKILL'), 'SIGKILL');
    const second = scene.start();
    append(stage.log('web'), ['after']);
    await stage.stored(whileFull.length + 3);
    assert.equal(await second.end('SIGTERM'), 0);
    assert.deepEqual(stage.loki.store.lines('{pod="web"}'), ['before', ...whileFull, 'after']);
    assert.equal(stage.loki.store.duplicates, 0);
    assert.deepEqual([...first.saying('LOGS_LOST'), ...second.saying('LOGS_LOST')], []);
  });

  test(
    `a disk that is full (${code}) at an end and a start: what has no copy is counted, all else comes`,
    BOUND,
    async (t) => {
      const scene = await makeScene(t, make);
      if (scene === null) return;
      const { stage, disk } = scene;
      const { first, whileFull } = await startAndFill(scene);
      await stage.loki.down();
      append(stage.log('gone'), ['one', 'two']);
      append(stage.log('web'), ['unread']);
      await eventually(async () => (await first.metric('generations_open')) === 2);
      removePod(stage, 'gone');
      await first.said('SPOOL_NOT_WRITTEN');
      assert.equal(await first.end('SIGTERM'), 0);
      assert.deepEqual(
        first.saying('LOGS_LOST').map(({ lines }) => lines),
        [2],
      );
      await stage.loki.up();
      // Now there is no room for the snapshot that a life begins with.
      const second = scene.start();
      disk.fill(second);
      await second.said('JOURNAL_NOT_WRITTEN');
      await stage.stored(whileFull.length + 2);
      disk.free(second);
      await second.said('positions are stored again');
      assert.equal(await second.end('SIGTERM'), 0);
      // Sent again: it could not be stored that they were taken. A few may have had room.
      const { duplicates } = stage.loki.store;
      assert.ok(duplicates > 0 && duplicates <= whileFull.length, `${duplicates} of ${whileFull.length}`);
      assert.deepEqual(stage.loki.store.lines('{pod="web"}'), ['before', ...whileFull, 'unread']);
    },
  );
}
