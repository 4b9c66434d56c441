import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Descriptors } from '../../src/chain/descriptors.js';
import type { Generation } from '../../src/chain/generation.js';
import { Spool } from '../../src/chain/spool.js';
import { markOf } from '../../workers/mark.js';
import { Sources } from '../../workers/read/source.js';
import { readSpoolHeads } from '../../workers/read/spool-format.js';
import { writeSpool } from '../../workers/read/spool-writer.js';
import { readAll } from '../workers/read/sources.js';
import { addGeneration, CARRY, list, makeFolder, makeLog, mark, NOW_MS, open } from './kit.js';

const sources = new Sources();

function scene(t: TestContext, limitBytes = 1_000_000) {
  const root = makeFolder(t);
  const problems: string[] = [];
  const changed: Generation[] = [];
  const folder = join(root, 'spool');
  const descriptors = new Descriptors(100, () => {});
  t.after(() => descriptors.closeAll());
  const make = (limit = limitBytes) =>
    new Spool({
      onChanged: (generation) => changed.push(generation),
      folder,
      limitBytes: limit,
      workers: { spool: (job) => writeSpool(job, sources), spoolHeads: async (job) => readSpoolHeads(job) },
      onProblem: ({ code }) => problems.push(code),
    });
  let logs = 0;
  /** A log of one generation that is open and has lost its name. */
  const deleted = (text: string, seenAtMs = NOW_MS): Generation => {
    logs += 1;
    const path = join(root, `${logs}.log`);
    writeFileSync(path, text);
    const log = makeLog(path);
    list(log, seenAtMs);
    const generation = open(log.generations[0]!);
    unlinkSync(path);
    list(log);
    return generation;
  };
  /** One that is compressed, and was opened so before it was deleted. */
  const compressed = (packed: Uint8Array): Generation => {
    logs += 1;
    const path = join(root, `${logs}.log`);
    const log = makeLog(path);
    writeFileSync(`${path}.1.gz`, packed);
    list(log);
    const generation = log.generations[0]!;
    assert.equal(generation.open(descriptors), 'open');
    unlinkSync(`${path}.1.gz`);
    list(log);
    return generation;
  };
  return { folder, problems, changed, spool: make(), make, deleted, compressed };
}

test('what is not settled is copied, and is there after a restart with all that belongs to it', async (t) => {
  const { spool, make, deleted, folder } = scene(t);
  const generation = deleted('settled\nunread\n');
  generation.settled = { offset: 8, tail: markOf(Buffer.from('settled\n'), 0, 8), carry: CARRY };
  generation.head = mark('head');
  generation.format = 'cri';
  assert.equal(await spool.save(generation), true);
  assert.deepEqual([generation.spool?.start, generation.spool?.end, generation.readers], [8, 15, 0]);
  assert.equal(spool.usedBytes, generation.spool?.fileBytes);

  const again = make();
  const [leftover, ...others] = await again.load();
  assert.ok(leftover !== undefined && others.length === 0);
  assert.equal(leftover.log, generation.log.path);
  const restored = leftover.restore(makeLog(leftover.log), NOW_MS);
  const { dev, ino, size, settled, head, format, path, frozen } = restored;
  assert.deepEqual(
    { dev, ino, size, settled, head, format, path, frozen },
    {
      dev: generation.dev,
      ino: generation.ino,
      size: 15,
      settled: generation.settled,
      head: mark('head'),
      format: 'cri',
      path: null,
      frozen: true,
    },
  );
  assert.equal(String(await readAll(sources, restored.source(8)!, 8)), 'unread\n');
  assert.equal(restored.source(7), null);

  again.release(restored);
  again.release(restored);
  assert.deepEqual([again.usedBytes, readdirSync(folder)], [0, []]);
});

test('a copy tells of the newest time in the name of a file before it', async (t) => {
  const { spool, make, deleted } = scene(t);
  const generation = deleted('unread\n');
  const { log } = generation;
  const names = ['20260101-000001', '20260101-000002', '20260101-000003'];
  const [first, second, later] = names.map((suffix) =>
    addGeneration(log, 10, { suffix, path: `${log.path}.${suffix}` }),
  );
  log.generations = [first!, second!, generation, later!];
  await spool.save(generation);
  const [leftover] = await make().load();
  const restored = leftover!.restore(makeLog(log.path), NOW_MS);
  assert.deepEqual([restored.suffix, restored.after], ['', names[1]]);
});

test('copies keep their order over restarts', async (t) => {
  const { spool, make, deleted } = scene(t);
  const generations = ['a\n', 'b\n'].map(deleted);
  for (const generation of generations) await spool.save(generation);
  const next = make();
  await next.load();
  generations.push(deleted('c\n'));
  await next.save(generations[2]!);
  const leftovers = await make().load();
  assert.deepEqual(
    leftovers.map(({ log }) => log),
    generations.map(({ log }) => log.path),
  );
});

test('copies come in the order of their chain, whichever was made first', async (t) => {
  const { spool, make, deleted } = scene(t);
  const [first, second, third, fourth] = [NOW_MS, NOW_MS + 1, NOW_MS + 1, NOW_MS + 2].map((ms) => deleted('x\n', ms));
  assert.ok(first && second && third && fourth);
  second.suffix = '20260101-000000';
  fourth.suffix = '1';
  for (const generation of [fourth, third, second, first]) await spool.save(generation);
  const leftovers = await make().load();
  assert.deepEqual(
    leftovers.map(({ log }) => log),
    [first, second, third, fourth].map(({ log }) => log.path),
  );
});

test('unfinished copies are deleted, damaged ones are told of', async (t) => {
  const { spool, problems, folder } = scene(t);
  mkdirSync(folder);
  writeFileSync(join(folder, '00000001.spool.tmp'), 'half');
  writeFileSync(join(folder, '00000002.spool'), 'no copy at all');
  assert.deepEqual(await spool.load(), []);
  assert.deepEqual([problems, readdirSync(folder)], [['SPOOL_DAMAGED'], ['00000002.spool']]);
});

test('no room, or turned off: no copy', async (t) => {
  const { make, deleted, folder } = scene(t);
  for (const limit of [0, 10]) {
    const generation = deleted('line\n');
    assert.equal(await make(limit).save(generation), false);
    assert.equal(generation.spool, null);
  }
  assert.deepEqual(existsSync(folder) ? readdirSync(folder) : [], []);
});

test('room is shared by copies that are made at the same time', async (t) => {
  const { make, deleted, folder } = scene(t);
  const spool = make(100_000);
  const generations = [deleted('x\n'), deleted('y\n')];
  const saved = await Promise.all(generations.map((generation) => spool.save(generation)));
  assert.deepEqual(saved, [true, true]);
  const bytes = generations.reduce((sum, generation) => sum + (generation.spool?.fileBytes ?? 0), 0);
  assert.deepEqual([spool.usedBytes, readdirSync(folder).length], [bytes, 2]);
});

test('compressed ones do not wait for each other, for they say how long they are', async (t) => {
  const { spool, compressed } = scene(t);
  const generations = [compressed(gzipSync('first\n')), compressed(gzipSync('second\n'))];
  const saved = await Promise.all(generations.map((generation) => spool.save(generation)));
  assert.deepEqual(saved, [true, true]);
  assert.deepEqual(
    generations.map(({ spool, size }) => [spool?.end, size]),
    [
      [6, 6],
      [7, 7],
    ],
  );
});

test('a compressed one that is settled to the end takes no room, and is not copied', async (t) => {
  const { spool, compressed, folder } = scene(t);
  const [through, unread] = [compressed(gzipSync('line\n')), compressed(gzipSync('other\n'))];
  through.startAt({ offset: 5, tail: mark('tail'), carry: null }, mark('head'), 'cri');
  const saved = await Promise.all([through, unread].map((generation) => spool.save(generation)));
  assert.deepEqual(saved, [true, true]);
  assert.deepEqual([through.spool, through.size, unread.spool?.end], [null, 5, 6]);
  assert.deepEqual([readdirSync(folder).length, spool.usedBytes], [1, unread.spool?.fileBytes]);
});

test('a compressed one that is longer than it says is copied whole, with all the room there is', async (t) => {
  const { spool, compressed, folder } = scene(t, 10_000_000);
  const noise = randomBytes(1_000_000);
  const generation = compressed(Buffer.concat([gzipSync(noise), gzipSync('end\n')]));
  assert.equal(await spool.save(generation), true);
  assert.deepEqual([generation.spool?.end, generation.size, generation.readers], [1_000_004, 1_000_004, 0]);
  assert.deepEqual([spool.usedBytes, readdirSync(folder).length], [generation.spool?.fileBytes, 1]);
});

test('one that is settled meanwhile leaves no file', async (t) => {
  const { spool, deleted, folder } = scene(t);
  const generation = deleted('line\n');
  const saved = spool.save(generation);
  generation.done = true;
  assert.equal(await saved, true);
  assert.deepEqual([generation.spool, spool.usedBytes, readdirSync(folder)], [null, 0, []]);
});

test('one that is truncated meanwhile: the copy is not of what it is now', async (t) => {
  const { spool, deleted, folder } = scene(t);
  const generation = deleted('line\n');
  const saved = spool.save(generation);
  generation.restart(5);
  assert.equal(await saved, true);
  assert.deepEqual([generation.spool, spool.usedBytes, readdirSync(folder)], [null, 0, []]);
  assert.equal(await spool.save(generation), true);
  assert.equal(generation.spool?.start, 0);
});

test('one that was truncated before it is copied is read anew, and not copied from the middle of a line', async (t) => {
  const { spool, changed, deleted, folder } = scene(t);
  const generation = deleted('settled\nunread\n');
  generation.settled = { offset: 8, tail: markOf(Buffer.from('SETTLED\n'), 0, 8), carry: null };
  assert.equal(await spool.save(generation), true);
  assert.deepEqual([changed, generation.spool, spool.usedBytes, readdirSync(folder)], [[generation], null, 0, []]);
  generation.restart(15);
  assert.equal(await spool.save(generation), true);
  assert.deepEqual([changed.length, generation.spool?.start], [1, 0]);
});

test('a disk that does not take it: said once, until it works again', async (t) => {
  const { spool, problems, deleted, folder } = scene(t);
  writeFileSync(folder, 'in the way');
  const generation = deleted('line\n');
  assert.equal(await spool.save(generation), false);
  assert.equal(await spool.save(generation), false);
  assert.deepEqual([problems, spool.usedBytes, generation.readers], [['SPOOL_NOT_WRITTEN'], 0, 0]);
  unlinkSync(folder);
  assert.equal(await spool.save(generation), true);
});
