import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createMatcher } from '../../src/discover/match.js';
import { Scanner, scanFolder } from '../../src/discover/scan.js';
import { makeFolder } from '../chain/kit.js';

function scene(t: Parameters<typeof makeFolder>[0], exclude: string[] = []) {
  const root = makeFolder(t);
  const glob = `${root}/*/*/*.log`;
  const matcher = createMatcher([glob], exclude);
  const scanner = new Scanner([glob], matcher);
  const write = (name: string) => {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, name);
  };
  /** Paths of all files found, by log, without the root. */
  const scan = async () => {
    const found = [...(await scanner.scan())].map(
      ([log, files]) => [log.slice(root.length + 1), files.map(({ path }) => path.slice(log.length)).sort()] as const,
    );
    return Object.fromEntries(found);
  };
  /** As if nothing had changed for a minute: the folders may now be remembered. */
  const age = () => {
    for (const entry of ['', ...readdirSync(root, { recursive: true, encoding: 'utf8' })]) {
      const path = join(root, entry);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
        utimesSync(path, Date.now() / 1000 - 60, Date.now() / 1000 - 60);
    }
  };
  return { root, matcher, write, scan, age };
}

test('every generation of every log', async (t) => {
  const { root, write, scan } = scene(t, ['**/noisy/*']);
  for (const name of ['a/app/0.log', 'a/app/1.log', 'a/app/0.log.20260101-000000', 'b/app/0.log.20260101-000000.gz']) {
    write(name);
  }
  for (const name of ['a/app/0.log.20260101-000000.tmp', 'a/app/notes.txt', 'a/0.log', 'a/noisy/0.log']) write(name);
  mkdirSync(join(root, 'a/app/2.log'));
  assert.deepEqual(await scan(), {
    'a/app/0.log': ['', '.20260101-000000'],
    'a/app/1.log': [''],
    'b/app/0.log': ['.20260101-000000.gz'],
  });
});

test('links to files and folders are followed, as Docker needs it', async (t) => {
  const { root, write, scan } = scene(t);
  const elsewhere = makeFolder(t);
  writeFileSync(join(elsewhere, 'json.log'), '{}');
  write('a/app/0.log');
  symlinkSync(join(elsewhere, 'json.log'), join(root, 'a/app/1.log'));
  symlinkSync(join(root, 'a'), join(root, 'b'));
  symlinkSync(join(root, 'nowhere'), join(root, 'a/app/2.log'));
  assert.deepEqual(await scan(), {
    'a/app/0.log': [''],
    'a/app/1.log': [''],
    'b/app/0.log': [''],
    'b/app/1.log': [''],
  });
});

test('behind a link, the rotated files are those beside the file that it leads to', async (t) => {
  const { root, matcher, write, scan } = scene(t);
  const elsewhere = makeFolder(t);
  for (const name of [
    'id-json.log',
    'id-json.log.1',
    'id-json.log.2.gz',
    'id-json.log.3.tmp',
    'id-json.logs.1',
    'x.log.1',
  ]) {
    writeFileSync(join(elsewhere, name), '{}');
  }
  write('a/app/1.log');
  symlinkSync(join(elsewhere, 'id-json.log'), join(elsewhere, 'link'));
  symlinkSync(join(elsewhere, 'link'), join(root, 'a/app/0.log'));
  const log = join(root, 'a/app/0.log');
  const wanted = ['id-json.log.1', 'id-json.log.2.gz'].map((name) => join(elsewhere, name).slice(log.length)).sort();
  const all = { 'a/app/0.log': ['', ...wanted], 'a/app/1.log': [''] };
  assert.deepEqual(await scan(), all);
  assert.deepEqual(await scan(), all);
  const names = scanFolder(dirname(log), matcher).get(log) ?? [];
  assert.deepEqual(
    names.map(({ suffix, gzip, target }) => [suffix, gzip, target]).sort(),
    [
      ['', false],
      ['1', false],
      ['2', true],
    ].map((name) => [...name, join(elsewhere, 'id-json.log')]),
  );
  // Between the rename and the new file.
  rmSync(join(elsewhere, 'id-json.log'));
  assert.equal(scanFolder(dirname(log), matcher).get(log)?.length, 3);
});

test('changes between two scans are seen, though folders are remembered', async (t) => {
  const { root, write, scan, age } = scene(t);
  write('a/app/0.log');
  write('b/app/0.log');
  age();
  const before = { 'a/app/0.log': [''], 'b/app/0.log': [''] };
  assert.deepEqual(await scan(), before);
  assert.deepEqual(await scan(), before);

  write('a/app/1.log');
  write('a/sidecar/0.log');
  write('c/app/0.log');
  assert.deepEqual(Object.keys(await scan()).sort(), [
    'a/app/0.log',
    'a/app/1.log',
    'a/sidecar/0.log',
    'b/app/0.log',
    'c/app/0.log',
  ]);

  age();
  await scan();
  renameSync(join(root, 'a/app/0.log'), join(root, 'a/app/0.log.20260101-000000'));
  rmSync(join(root, 'b'), { recursive: true });
  rmSync(join(root, 'c/app/0.log'));
  assert.deepEqual(await scan(), {
    'a/app/0.log': ['.20260101-000000'],
    'a/app/1.log': [''],
    'a/sidecar/0.log': [''],
  });
});

test('a folder is read again only if its time has changed', async (t) => {
  const { root, write, scan, age } = scene(t);
  write('a/app/0.log');
  age();
  await scan();
  const { atime, mtime } = statSync(join(root, 'a/app'));
  write('a/app/1.log');
  utimesSync(join(root, 'a/app'), atime, mtime);
  assert.deepEqual(await scan(), { 'a/app/0.log': [''] });
  utimesSync(join(root, 'a/app'), atime, Date.now() / 1000);
  assert.deepEqual(Object.keys(await scan()), ['a/app/0.log', 'a/app/1.log']);
});

test('a folder that has just changed is not remembered: more may come in the same tick', async (t) => {
  const { root, write, scan } = scene(t);
  write('a/app/0.log');
  const soon = Date.now() / 1000 + 1;
  utimesSync(join(root, 'a/app'), soon, soon);
  await scan();
  write('a/app/1.log');
  utimesSync(join(root, 'a/app'), soon, soon);
  assert.deepEqual(Object.keys(await scan()), ['a/app/0.log', 'a/app/1.log']);
});

test('a root that is missing, and comes later', async (t) => {
  const { root, write, scan } = scene(t);
  rmSync(root, { recursive: true });
  assert.deepEqual(await scan(), {});
  write('a/app/0.log');
  assert.deepEqual(await scan(), { 'a/app/0.log': [''] });
});

test('more folders than are answered at once', async (t) => {
  const { write, scan, age } = scene(t);
  for (let pod = 0; pod < 150; pod += 1) write(`pod-${pod}/app/0.log`);
  age();
  for (const _ of [1, 2]) assert.equal(Object.keys(await scan()).length, 150);
});

test('one folder', (t) => {
  const { root, matcher, write } = scene(t);
  write('a/app/0.log');
  write('a/app/0.log.20260101-000000.gz');
  const folder = join(root, 'a/app');
  assert.deepEqual(scanFolder(folder, matcher).get(`${folder}/0.log`)?.length, 2);
  assert.equal(scanFolder(join(root, 'gone'), matcher).size, 0);
  assert.equal(scanFolder(join(folder, '0.log'), matcher).size, 0);
});

test('a folder in which nothing has changed is not matched again', async (t) => {
  const { root, matcher, write, age } = scene(t);
  for (const name of ['a/app/0.log', 'b/app/0.log']) write(name);
  age();
  const scanner = new Scanner([`${root}/*/*/*.log`], matcher);
  const first = await scanner.scan();
  assert.equal(first.size, 2);
  assert.equal(await scanner.scan(), first);
  write('c/app/0.log');
  assert.equal((await scanner.scan()).size, 3);
  age();
  await scanner.scan();
  rmSync(join(root, 'a'), { recursive: true });
  assert.equal((await scanner.scan()).size, 2);
});

test('a link may come to lead somewhere while its folder stays as it is', async (t) => {
  const { root, matcher, write, age } = scene(t);
  write('a/app/0.log');
  const elsewhere = join(makeFolder(t), 'elsewhere');
  symlinkSync(elsewhere, join(root, 'a/app/1.log'));
  age();
  const scanner = new Scanner([`${root}/*/*/*.log`], matcher);
  assert.equal((await scanner.scan()).size, 1);
  writeFileSync(elsewhere, 'x');
  assert.equal((await scanner.scan()).size, 2);
});
