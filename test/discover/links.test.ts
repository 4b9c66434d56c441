import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { rotatedBeside, targetOf } from '../../src/discover/links.js';

function scene(t: TestContext) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'links-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pathOf = (name: string) => join(folder, name);
  const link = (name: string, target: string) => symlinkSync(target, pathOf(name));
  return { pathOf, link };
}

test('a link leads to what the last of its links names, be there a file or not', (t) => {
  const { pathOf, link } = scene(t);
  writeFileSync(pathOf('file'), '');
  link('first', 'second');
  link('second', pathOf('file'));
  link('nowhere', 'none');
  const targets = ['file', 'first', 'second', 'nowhere', 'missing'].map((name) => targetOf(pathOf(name)));
  assert.deepEqual(targets, [null, pathOf('file'), pathOf('file'), pathOf('none'), null]);
});

test('links in a ring lead nowhere', (t) => {
  const { pathOf, link } = scene(t);
  link('one', 'other');
  link('other', 'one');
  assert.equal(targetOf(pathOf('one')), null);
});

test('beside a folder that is gone nothing is rotated, and a file is not beside itself', (t) => {
  const { pathOf } = scene(t);
  for (const name of ['x.log', 'x.log.1', 'y.log.1']) writeFileSync(pathOf(name), '');
  assert.deepEqual(
    rotatedBeside(pathOf('x.log')).map(({ path, suffix }) => [path, suffix]),
    [[pathOf('x.log.1'), '1']],
  );
  assert.deepEqual(rotatedBeside(join(pathOf('gone'), 'x.log')), []);
});
