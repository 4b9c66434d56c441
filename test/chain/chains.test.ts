import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Descriptors } from '../../src/chain/descriptors.js';
import type { Generation } from '../../src/chain/generation.js';
import { createMatcher } from '../../src/discover/match.js';
import { scanFolder } from '../../src/discover/scan.js';
import { makeChains, makeFolder, NOW_MS } from './kit.js';

/** Chains of the logs below a folder; `beforeOpen` is called before each file is opened. `gone` are inodes of files. */
function scene(t: TestContext, beforeOpen: (path: string) => void = () => {}) {
  const root = makeFolder(t);
  const matcher = createMatcher([`${root}/*/*.log`], []);
  const descriptors = new Descriptors(100, () => {});
  t.after(() => descriptors.closeAll());
  const vanished: [string, number, number][] = [];
  const gone: string[] = [];
  const open = (generation: Generation) => {
    beforeOpen(generation.path ?? '');
    return generation.open(descriptors) === 'open';
  };
  const chains = makeChains(matcher, open, {
    onGone: ({ ino }) => gone.push(ino),
    onVanished: (path, files, bytes) => vanished.push([path, files, bytes]),
  });
  const folder = (pod: string) => join(root, pod);
  const log = (pod: string) => join(root, pod, '0.log');
  const write = (pod: string, suffix = '') => {
    mkdirSync(folder(pod), { recursive: true });
    writeFileSync(log(pod) + suffix, 'line\n');
  };
  const remove = (pod: string) => rmSync(folder(pod), { recursive: true });
  const scan = (...pods: string[]) => new Map(pods.flatMap((pod) => [...scanFolder(folder(pod), matcher)]));
  return { chains, vanished, gone, folder, log, write, remove, scan };
}

test('a rotation between the first look at a folder and the opening of its files hides none of them', (t) => {
  let rotations = 0;
  const { chains, vanished, gone, log, write, scan } = scene(t, (path) => {
    if (rotations === 2 || path !== log('web')) return;
    rotations += 1;
    renameSync(path, `${path}.20260101-00000${rotations}`);
    writeFileSync(path, 'new line\n');
  });
  write('web');
  chains.begin(scan('web'), NOW_MS, () => 0);
  assert.deepEqual(
    chains.get(log('web'))?.generations.map(({ suffix, size, fd }) => [suffix, size, fd !== null]),
    [
      ['20260101-000001', 5, true],
      ['20260101-000002', 9, true],
      ['', 9, true],
    ],
  );
  assert.deepEqual([...gone, ...vanished], []);
});

test('at the start: what was listed while its folder changed may lack a file, and is listed again', (t) => {
  const { chains, folder, log, write, scan } = scene(t);
  for (const pod of ['still', 'changing']) write(pod);
  const times = new Map([[folder('still'), statSync(folder('still')).mtimeMs]]);
  chains.begin(scan('still', 'changing'), NOW_MS, (path) => times.get(path) ?? 1);
  const fresh = () =>
    ['still', 'changing'].map((pod) => {
      const known = chains.get(log(pod));
      return [known?.generations[0]?.freshFor, known?.folderTimeMs === 0];
    });
  assert.deepEqual(fresh(), [
    [0, false],
    [3, true],
  ]);
  chains.look(folder('changing'), NOW_MS);
  assert.equal(fresh()[1]?.[0], 0);
});

test('a log that a scan has named, and that is gone before it is looked at, is told of once', (t) => {
  const { chains, vanished, folder, log, write, remove, scan } = scene(t);
  write('brief');
  write('brief', '.20260101-000000');
  const found = scan('brief');
  remove('brief');
  chains.take(found, NOW_MS, () => 0);
  assert.deepEqual(vanished, [[log('brief'), 2, 0]]);
  // Its deletion is hinted at as well.
  chains.take(new Map(), NOW_MS, () => 0);
  chains.look(folder('hinted'), NOW_MS, log('hinted'));
  chains.look(folder('hinted'), NOW_MS, log('hinted'));
  assert.deepEqual(vanished.slice(1), [[log('hinted'), 1, 0]]);
  // There has been a scan since: it has come again, and gone.
  chains.take(found, NOW_MS, () => 0);
  chains.take(found, NOW_MS, () => 0);
  assert.equal(vanished.length, 4);
});

test('a log that was read, deleted and forgotten during a scan did not vanish', (t) => {
  const { chains, vanished, folder, log, write, remove, scan } = scene(t);
  write('web');
  const found = scan('web');
  chains.take(found, NOW_MS, () => 0);
  remove('web');
  for (const _ of [1, 2]) chains.look(folder('web'), NOW_MS);
  const known = chains.get(log('web'))!;
  for (const generation of known.generations) generation.done = true;
  chains.prune(known);
  assert.equal(chains.size, 0);
  chains.take(found, NOW_MS, () => 0);
  chains.look(folder('web'), NOW_MS);
  assert.deepEqual(vanished, []);
});

test('what was renamed during a scan is found, and a link that leads nowhere is still there', (t) => {
  const { chains, vanished, folder, log, write, scan } = scene(t);
  write('web');
  write('docker');
  const found = scan('web', 'docker');
  renameSync(log('web'), `${log('web')}.20260101-000000`);
  rmSync(log('docker'));
  symlinkSync(join(folder('docker'), 'nothing'), log('docker'));
  chains.take(found, NOW_MS, () => 0);
  chains.look(folder('docker'), NOW_MS, log('docker'));
  assert.deepEqual(vanished, []);
  assert.deepEqual(
    [...chains].map(({ path, generations }) => [path, generations.length]),
    [[log('web'), 1]],
  );
});

test('at the start: what is gone before it is looked at, or before it is opened, is told of', (t) => {
  const { chains, vanished, log, write, remove, scan } = scene(t, (path) => {
    if (path === log('slow')) remove('slow');
    if (path === `${log('rotated')}.20260101-000000`) rmSync(path);
  });
  for (const pod of ['brief', 'slow', 'rotated', 'web']) write(pod);
  write('rotated', '.20260101-000000');
  const found = scan('brief', 'slow', 'rotated', 'web');
  remove('brief');
  chains.begin(found, NOW_MS, () => 0);
  assert.deepEqual(vanished, [
    [log('brief'), 1, 0],
    [log('slow'), 1, 5],
    [log('rotated'), 1, 5],
  ]);
  assert.deepEqual(
    ['rotated', 'web'].map((pod) => chains.get(log(pod))?.generations.length),
    [1, 1],
  );
});

test('at the start: a file whose rename is undone before it is opened, and that is compressed under another time, is not gone', (t) => {
  const { chains, vanished, log, write, scan } = scene(t, (path) => {
    if (path !== `${log('web')}.20260101-000002`) return;
    write('web', '.20260101-000003.gz');
    write('web');
    rmSync(path);
  });
  write('web', '.20260101-000002');
  chains.begin(scan('web'), NOW_MS, () => 0);
  assert.deepEqual(vanished, []);
  assert.deepEqual(
    chains.get(log('web'))?.generations.map(({ suffix }) => suffix),
    ['20260101-000003', ''],
  );
});
