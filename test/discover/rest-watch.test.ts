import assert from 'node:assert/strict';
import fs, { appendFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RestWatch } from '../../src/discover/rest-watch.js';
import { makeFolder } from '../chain/kit.js';

const BOUND = { timeout: 10_000 };
const EXT4 = 0xef53;
const NFS = 0x6969;

/** Replaces a function of `node:fs` for the rest of the test. */
function replace<Name extends 'watch' | 'statfsSync'>(t: TestContext, name: Name, value: (typeof fs)[Name]): void {
  const original = fs[name];
  const set = (next: (typeof fs)[Name]) => {
    fs[name] = next;
    syncBuiltinESMExports();
  };
  set(value);
  t.after(() => set(original));
}

function onFileSystem(t: TestContext, type: number): void {
  replace(t, 'statfsSync', (() => ({ type })) as unknown as typeof fs.statfsSync);
}

function scene(t: TestContext) {
  onFileSystem(t, EXT4);
  const folder = makeFolder(t);
  const path = join(folder, '0.log');
  writeFileSync(path, 'line\n');
  const stirred: string[] = [];
  let heard = (_folder: string): void => {};
  const watch = new RestWatch((it) => {
    stirred.push(it);
    heard(it);
  });
  // A watch alone does not keep a process running.
  const alive = setInterval(() => {}, 60_000);
  t.after(() => {
    clearInterval(alive);
    watch.giveUp();
  });
  /** Resolves with the folder that is told of after `action`. */
  const after = (action: () => void) =>
    new Promise<string>((resolve) => {
      heard = resolve;
      action();
    });
  return { folder, path, watch, stirred, after };
}

const CHANGES: [string, (path: string, folder: string) => void][] = [
  ['a line', (path) => appendFileSync(path, 'line\n')],
  ['a truncation', (path) => truncateSync(path, 0)],
  ['a new name', (_path, folder) => writeFileSync(join(folder, '1.log'), '')],
  ['a rename', (path) => renameSync(path, `${path}.1`)],
  ['a deletion', (path) => rmSync(path)],
  ['its own deletion', (_path, folder) => rmSync(folder, { recursive: true })],
];

for (const [what, change] of CHANGES) {
  test(`a folder stirs: ${what}`, BOUND, async (t) => {
    const { folder, path, watch, after } = scene(t);
    assert.ok(watch.begin(folder));
    assert.equal(await after(() => change(path, folder)), folder);
  });
}

test('only the first change is told of, until the folder is watched again', BOUND, async (t) => {
  const { folder, path, watch, stirred, after } = scene(t);
  const other = join(folder, 'other');
  mkdirSync(other);
  assert.ok(watch.begin(folder) && watch.begin(other));
  await after(() => appendFileSync(path, 'line\n'));
  appendFileSync(path, 'line\n');
  await after(() => writeFileSync(join(other, '0.log'), ''));
  assert.deepEqual(stirred, [folder, other]);
  assert.ok(watch.begin(folder));
  await after(() => appendFileSync(path, 'line\n'));
  assert.deepEqual(stirred, [folder, other, folder]);
});

test('a folder on a file system that others write to is not watched', (t) => {
  const { folder, watch } = scene(t);
  onFileSystem(t, NFS);
  assert.deepEqual([watch.begin(folder), watch.failed], [false, false]);
});

test('a folder that is gone is not watched', (t) => {
  const { folder, watch } = scene(t);
  assert.deepEqual([watch.begin(join(folder, 'gone')), watch.failed], [false, false]);
});

test('where there are no more watches, none is asked for again', (t) => {
  const { folder, watch } = scene(t);
  let asked = 0;
  replace(t, 'watch', () => {
    asked += 1;
    throw Object.assign(new Error('no more watches'), { code: 'ENOSPC' });
  });
  assert.deepEqual([watch.begin(folder), watch.begin(folder), watch.failed, asked], [false, false, true, 1]);
});

test('watches that are given up tell of their folders', (t) => {
  const { folder, watch, stirred } = scene(t);
  assert.ok(watch.begin(folder));
  assert.deepEqual([watch.giveUp(), watch.giveUp()], [true, false]);
  assert.deepEqual([stirred, watch.begin(folder)], [[folder], false]);
});
