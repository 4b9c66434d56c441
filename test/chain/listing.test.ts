import assert from 'node:assert/strict';
import { closeSync, copyFileSync, mkdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContainerLog } from '../../src/chain/container-log.js';
import type { Generation } from '../../src/chain/generation.js';
import { updateListing } from '../../src/chain/listing.js';
import { filesOf, list, makeFolder, makeLog, mark, NOW_MS, open } from './kit.js';

const FIRST = '20260101-000001';
const SECOND = '20260101-000002';

function names(log: ContainerLog): (string | null)[][] {
  return log.generations.map(({ path, gzip }) =>
    [path, gzip?.path].map((name) => name?.slice(log.folder.length + 1) ?? null),
  );
}

function scene(t: Parameters<typeof makeFolder>[0]) {
  const folder = makeFolder(t);
  const path = join(folder, '0.log');
  writeFileSync(path, 'one\n');
  const log = makeLog(path);
  const change = list(log);
  assert.equal(change.added.length, 1);
  const generation = open(log.generations[0] as Generation);
  return { folder, path, log, generation };
}

test('at first sight all generations are taken in, the oldest first', (t) => {
  const folder = makeFolder(t);
  const path = join(folder, '0.log');
  for (const name of ['0.log', `0.log.${SECOND}`, `0.log.${FIRST}.gz`, `0.log.${SECOND}.tmp`, '1.log', 'other']) {
    writeFileSync(join(folder, name), name);
  }
  const log = makeLog(path);
  const { added, unidentified, gone } = list(log);
  assert.deepEqual(names(log), [
    [null, `0.log.${FIRST}.gz`],
    [`0.log.${SECOND}`, null],
    ['0.log', null],
  ]);
  assert.deepEqual(added, log.generations);
  assert.deepEqual([unidentified, gone], [[], []]);
  assert.deepEqual(
    log.generations.map(({ size, endedAtMs }) => [size, endedAtMs]),
    [
      [Number.POSITIVE_INFINITY, NOW_MS],
      [`0.log.${SECOND}`.length, NOW_MS],
      ['0.log'.length, null],
    ],
  );
});

test('at first sight a plain file and its .gz are one generation, in whatever order they are listed', (t) => {
  const folder = makeFolder(t);
  const path = join(folder, '0.log');
  for (const name of ['0.log.1', '0.log.1.gz', '0.log.2.gz', '0.log.2']) writeFileSync(join(folder, name), name);
  const log = makeLog(path);
  for (const _ of [1, 2]) updateListing(log, filesOf(log).reverse(), NOW_MS);
  assert.deepEqual(names(log), [
    ['0.log.2', '0.log.2.gz'],
    ['0.log.1', '0.log.1.gz'],
  ]);
});

test('renamed: the same generation, which has ended; a new one comes after it', (t) => {
  const { path, log, generation } = scene(t);
  renameSync(path, `${path}.${FIRST}`);
  assert.deepEqual(list(log, NOW_MS + 5).added, []);
  assert.deepEqual([generation.path, generation.suffix, generation.endedAtMs], [`${path}.${FIRST}`, FIRST, NOW_MS + 5]);
  writeFileSync(path, 'two\n');
  const { added } = list(log, NOW_MS + 6);
  assert.deepEqual(log.generations, [generation, ...added]);
  assert.deepEqual(names(log), [
    [`0.log.${FIRST}`, null],
    ['0.log', null],
  ]);
  assert.equal(added[0]?.unidentified, false);
});

test('a rename that is undone', (t) => {
  const { path, log, generation } = scene(t);
  renameSync(path, `${path}.${FIRST}`);
  list(log);
  renameSync(`${path}.${FIRST}`, path);
  const { added } = list(log);
  assert.deepEqual([added, generation.path, generation.suffix, generation.endedAtMs], [[], path, '', null]);
});

test('compressed: first beside its plain file, then alone, always one generation', (t) => {
  const { path, log, generation } = scene(t);
  const rotated = `${path}.${FIRST}`;
  renameSync(path, rotated);
  list(log);
  writeFileSync(`${rotated}.tmp`, 'unfinished');
  assert.deepEqual(list(log).added, []);
  renameSync(`${rotated}.tmp`, `${rotated}.gz`);
  assert.deepEqual(list(log).added, []);
  assert.deepEqual([generation.path, generation.gzip?.path], [rotated, `${rotated}.gz`]);
  unlinkSync(rotated);
  assert.deepEqual(list(log), { added: [], unidentified: [], gone: [] });
  assert.deepEqual([generation.path, generation.gzip?.path, generation.deleted], [null, `${rotated}.gz`, false]);
});

test('rotated and compressed between two looks: to be identified before it is read', (t) => {
  const { path, log } = scene(t);
  unlinkSync(path);
  writeFileSync(`${path}.${FIRST}.gz`, 'compressed');
  writeFileSync(path, 'two\n');
  const { added, unidentified } = list(log);
  assert.deepEqual(
    added.map((generation) => [generation.suffix, generation.unidentified]),
    [
      [FIRST, true],
      ['', false],
    ],
  );
  assert.deepEqual(unidentified, [added[0]]);
});

test('numbers in names become those of other files: what is done is known by its file, not by the name', (t) => {
  const { path, log, generation } = scene(t);
  const settle = (it: Generation): void => {
    closeSync(it.fd as number);
    it.fd = null;
    it.startAt({ offset: it.size, tail: null, carry: null }, mark('head'), 'cri');
    it.done = true;
  };
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'two\n');
  const second = open(list(log).added[0] as Generation);
  settle(generation);
  renameSync(`${path}.1`, `${path}.2`);
  renameSync(path, `${path}.1`);
  assert.deepEqual(list(log), { added: [], unidentified: [], gone: [] });
  assert.deepEqual(log.generations, [generation, second]);

  // Compressed, moved on, and another one in its place.
  writeFileSync(`${path}.2.gz`, 'first');
  list(log);
  unlinkSync(`${path}.2`);
  renameSync(`${path}.1`, `${path}.2`);
  renameSync(`${path}.2.gz`, `${path}.3.gz`);
  writeFileSync(`${path}.2.gz`, 'second');
  list(log);
  settle(second);
  unlinkSync(`${path}.2`);
  assert.deepEqual(list(log).added, []);
  renameSync(`${path}.3.gz`, `${path}.4.gz`);
  renameSync(`${path}.2.gz`, `${path}.3.gz`);
  writeFileSync(`${path}.2.gz`, 'third');
  const { added, unidentified } = list(log);
  assert.deepEqual(names(log), [
    [null, '0.log.4.gz'],
    [null, '0.log.3.gz'],
    [null, '0.log.2.gz'],
  ]);
  assert.deepEqual([added, unidentified], [[log.generations[2]], [log.generations[2]]]);
});

test('renamed while it was closed: known by its inode and the time of its birth', (t) => {
  const { path, log, generation } = scene(t);
  closeSync(generation.fd as number);
  generation.fd = null;
  generation.startAt({ offset: 4, tail: null, carry: null }, mark('head'), 'cri');
  writeFileSync(path, 'one\nmore\n');
  renameSync(path, `${path}.${FIRST}`);
  writeFileSync(path, 'two\n');
  const { added, unidentified, gone } = list(log);
  assert.deepEqual(names(log), [
    [`0.log.${FIRST}`, null],
    ['0.log', null],
  ]);
  assert.deepEqual([added, unidentified, gone], [[log.generations[1]], [], []]);
  assert.deepEqual([log.generations[0], generation.size, generation.read.offset], [generation, 9, 4]);
});

test('a copy under a rotated name is to be identified', (t) => {
  const { path, log, generation } = scene(t);
  copyFileSync(path, `${path}.1`);
  const { unidentified } = list(log);
  assert.deepEqual(
    unidentified.map((each) => each.path),
    [`${path}.1`],
  );
  assert.equal(generation.path, path);
});

test('what has lost its name stays behind what was rotated before it, though an inode is used again', (t) => {
  const folder = makeFolder(t);
  const path = join(folder, '0.log');
  const log = makeLog(path);
  const fileOf = (suffix: string, ino: string) => {
    const name = suffix === '' ? path : `${path}.${suffix}.gz`;
    return { path: name, log: path, suffix, gzip: suffix !== '', dev: '1', ino, size: 10, birthMs: 0 };
  };
  // Renamed before it could be opened.
  updateListing(log, [fileOf(FIRST, '1'), fileOf('', 'again')], NOW_MS);
  writeFileSync(path, 'three\n');
  updateListing(log, [fileOf(FIRST, '1'), fileOf(SECOND, '2'), ...filesOf(log)], NOW_MS);
  const current = open(log.generations.at(-1) as Generation);
  unlinkSync(path);
  const third = '20260101-000003';
  const files = [fileOf(FIRST, '1'), fileOf(SECOND, '2'), fileOf(third, '3'), fileOf('', 'again')];
  updateListing(log, files, NOW_MS);
  assert.deepEqual(
    log.generations.map((generation) => (generation === current ? 'nameless' : generation.suffix)),
    [FIRST, SECOND, 'nameless', third, ''],
  );
});

test('a new file may have one before it that the listing has missed, till a whole listing shows it again', (t) => {
  const { path, log } = scene(t);
  renameSync(path, `${path}.${FIRST}`);
  writeFileSync(path, 'two\n');
  const freshFor = () => log.generations.map((generation) => generation.freshFor);
  const look = (isWhole: boolean) => {
    log.folderTimeMs = 1;
    updateListing(log, filesOf(log), NOW_MS, isWhole);
    return [log.folderTimeMs, ...freshFor()];
  };
  list(log);
  assert.deepEqual(freshFor(), [0, 3]);
  assert.deepEqual(look(true), [1, 0, 0]);
  log.generations[1]!.freshFor = 3;
  // A link that leads nowhere is always among the names.
  assert.deepEqual(
    [look(false), look(false), look(false)],
    [
      [0, 0, 2],
      [0, 0, 1],
      [1, 0, 0],
    ],
  );
});

test('an inode that is used again is another generation once the old one is closed', (t) => {
  const { path, log, generation } = scene(t);
  generation.settled = { offset: 4, tail: null, carry: null };
  generation.done = true;
  generation.fd = null;
  writeFileSync(path, 'x\n');
  const [added] = list(log).added;
  assert.ok(added !== undefined && added.ino === generation.ino);
  assert.equal(added.size, 2);
  list(log);
  // Till then the one that is done is needed, to tell whether this one is another.
  assert.equal(log.generations.length, 2);
  added.unidentified = false;
  list(log);
  assert.deepEqual(log.generations, [added]);
});

test('deleted while open: nothing is gone yet, and what came last is seen', (t) => {
  const { path, log, generation } = scene(t);
  writeFileSync(path, 'one\ntwo\n');
  unlinkSync(path);
  assert.deepEqual(list(log).gone, []);
  assert.deepEqual([generation.path, generation.size, generation.endedAtMs], [null, 8, NOW_MS]);
  assert.ok(generation.onlyOpen);
});

test('deleted while closed: gone, but only when a second look agrees', (t) => {
  const { folder, log, generation } = scene(t);
  generation.fd = null;
  rmSync(folder, { recursive: true });
  assert.deepEqual(list(log).gone, []);
  assert.equal(log.folderTimeMs, 0, 'the folder is looked at again');
  assert.deepEqual(list(log).gone, [generation]);
});

test('an open file that is missing in a listing but has a link is kept under its name', (t) => {
  const { path, log, generation, folder } = scene(t);
  mkdirSync(join(folder, 'elsewhere'));
  renameSync(path, join(folder, 'elsewhere', '0.log'));
  assert.deepEqual(list(log).gone, []);
  assert.equal(generation.path, path);
});

test('one that is done and grows is taken up again; one that is done and has no file is dropped', (t) => {
  const { path, log, generation } = scene(t);
  generation.settled = { offset: 4, tail: null, carry: null };
  generation.done = true;
  list(log);
  assert.equal(generation.done, true);
  writeFileSync(path, 'one\nmore\n');
  list(log);
  assert.equal(generation.done, false);
  generation.done = true;
  unlinkSync(path);
  list(log);
  list(log);
  assert.deepEqual(log.generations, []);
});

test('done, and compressed while the folder is listed: its .gz is no new file at the next look', (t) => {
  for (const isOpen of [false, true]) {
    const { path, log, generation } = scene(t);
    const rotated = `${path}.${FIRST}`;
    renameSync(path, rotated);
    list(log);
    if (!isOpen) Object.assign(generation, { fd: null, done: true });
    unlinkSync(rotated);
    log.folderTimeMs = 1;
    list(log);
    assert.equal(log.folderTimeMs, 0, 'the folder is looked at again');
    generation.done = true;
    log.dropSpent();
    writeFileSync(`${rotated}.gz`, 'compressed');
    assert.deepEqual(list(log).added, []);
    assert.deepEqual(names(log), [[null, `0.log.${FIRST}.gz`]]);
  }
});

test('compressed before it could be opened, and its inode used again at once: the new file is another', (t) => {
  const folder = makeFolder(t);
  const log = makeLog(join(folder, '0.log'));
  const rotated = join(folder, `0.log.${FIRST}`);
  writeFileSync(rotated, 'one\n');
  list(log);
  const [first] = log.generations as [Generation];
  renameSync(rotated, `${rotated}.gz`);
  writeFileSync(log.path, 'one\ntwo\n');
  const found = filesOf(log).map((file) => (file.gzip ? { ...file, ino: 'other' } : { ...file, ino: first.ino }));
  const { added } = updateListing(log, found, NOW_MS);
  assert.deepEqual(names(log), [
    [null, `0.log.${FIRST}.gz`],
    ['0.log', null],
  ]);
  assert.ok(added.includes(log.generations[1] as Generation));
});
