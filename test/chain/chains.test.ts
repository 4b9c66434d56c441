import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Chains } from '../../src/chain/chains.js';
import { Descriptors } from '../../src/chain/descriptors.js';
import { createMatcher } from '../../src/discover/match.js';
import { scanFolder } from '../../src/discover/scan.js';
import { makeFolder, NOW_MS, SETTINGS } from './kit.js';

test('a rotation between the first look at a folder and the opening of its files hides none of them', (t) => {
  const folder = makeFolder(t);
  const path = join(folder, '0.log');
  const matcher = createMatcher([`${folder}/*.log`], []);
  const descriptors = new Descriptors(100, () => {});
  t.after(() => descriptors.closeAll());
  let rotations = 0;
  const rotate = (): void => {
    rotations += 1;
    renameSync(path, `${path}.20260101-00000${rotations}`);
    writeFileSync(path, 'new line\n');
  };
  const ignore = () => {};
  const lost: string[] = [];
  const chains = new Chains({
    matcher,
    settings: SETTINGS,
    labelsOf: () => [],
    isStale: () => false,
    onFound: ignore,
    onForgotten: ignore,
    onAdded(generation) {
      if (rotations < 2 && generation.path === path) rotate();
      return generation.open(descriptors) === 'open';
    },
    onChanged: ignore,
    onUnidentified: ignore,
    onGone: ({ ino }) => lost.push(ino),
    onHidden: ignore,
  });
  writeFileSync(path, 'line\n');
  chains.begin(scanFolder(folder, matcher), NOW_MS, () => 0);
  const log = chains.get(path);
  assert.deepEqual(
    log?.generations.map(({ suffix, size, fd }) => [suffix, size, fd !== null]),
    [
      ['20260101-000001', 5, true],
      ['20260101-000002', 9, true],
      ['', 9, true],
    ],
  );
  assert.deepEqual(lost, []);
});
