import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inheritSpools, spoolFile, spoolFolderOf, spoolNumbers } from '../../src/chain/spool-folders.js';
import { makeFolder } from './kit.js';

test('the built-in lane has the folder itself, others one in it each', (t) => {
  const root = makeFolder(t);
  assert.equal(spoolFolderOf(root, ''), root);
  assert.notEqual(spoolFolderOf(root, 'a'), spoolFolderOf(root, 'b'));
  assert.deepEqual(spoolNumbers(join(root, 'none')), []);
});

test('copies of lanes that are gone fall to one that is there, in their order, and no copy is lost', (t) => {
  const root = makeFolder(t);
  const put = (lane: string, number: number): void => {
    const folder = spoolFolderOf(root, lane);
    mkdirSync(folder, { recursive: true });
    writeFileSync(spoolFile(folder, number), `${lane} ${number}`);
  };
  put('', 3);
  put('', 12);
  put('stays', 1);
  put('gone', 7);
  inheritSpools(root, ['stays', 'new']);
  const heir = spoolFolderOf(root, 'new');
  assert.deepEqual(
    spoolNumbers(heir).map((number) => readFileSync(spoolFile(heir, number), 'utf8')),
    [' 3', ' 12', 'gone 7'],
  );
  assert.deepEqual(spoolNumbers(spoolFolderOf(root, 'stays')), [1]);
  assert.deepEqual(spoolNumbers(root), []);
  assert.ok(!existsSync(spoolFolderOf(root, 'gone')));
});
