import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { filesOf } from '../../src/config/alloy/lanes.js';
import type { TargetPlan } from '../../src/config/alloy/plan.js';
import { fromDoublestar } from '../../src/discover/doublestar.js';
import { createFileMatch, matcherOf } from '../../src/discover/match.js';
import { Scanner } from '../../src/discover/scan.js';

/** What doublestar.PathMatch (v4.10) says. */
const table: [glob: string, yes: string[], no: string[]][] = [
  ['/a/[!b]*', ['/a/c', '/a/cb', '/a/.b', '/a/!'], ['/a/b', '/a/bc', '/a/']],
  ['/a/[^b]', ['/a/c', '/a/!'], ['/a/b']],
  ['/a/[a-c]', ['/a/b'], ['/a/d']],
  ['/a/[!a-c]', ['/a/d'], ['/a/b', '/a/-/x']],
  ['/a/*', ['/a/b', '/a/.b'], ['/a/b/c', '/b']],
  ['/a/**/b', ['/a/b', '/a/x/b', '/a/x/y/b'], ['/a/xb']],
  ['/a/b**.log', ['/a/b.log', '/a/bcd.log'], ['/a/b/c.log']],
  ['/a/{b,c{d,e}}.log', ['/a/b.log', '/a/cd.log', '/a/ce.log'], ['/a/c.log', '/a/d.log']],
  ['/a/{b}', ['/a/b'], ['/a/{b}']],
  ['/a/{1..3}', ['/a/1..3'], ['/a/2']],
  ['/a/{[!b,],x}', ['/a/c', '/a/x'], ['/a/b', '/a/,']],
  ['/a/(b|c)', ['/a/(b|c)'], ['/a/b', '/a/c']],
  ['/a/b|c', ['/a/b|c'], ['/a/b']],
  ['/a/@(b|c)', ['/a/@(b|c)'], ['/a/b']],
  ['/a/!(b)', ['/a/!(b)'], ['/a/c']],
  ['/a/+(b)', ['/a/+(b)'], ['/a/b', '/a/bb']],
  ['/a/?(b)', ['/a/x(b)'], ['/a/b', '/a/']],
  ['/a/\\*', ['/a/*'], ['/a/b']],
  ['/a/\\[!b]', ['/a/[!b]'], ['/a/c']],
  ['/a/\\{b\\}', ['/a/{b}'], ['/a/b']],
];

for (const [glob, yes, no] of table) {
  test(`${glob} matches as in Alloy`, () => {
    const isWanted = createFileMatch([fromDoublestar(glob)], []);
    for (const path of yes) assert.ok(isWanted(path), path);
    for (const path of no) assert.ok(!isWanted(path), path);
  });
}

const folder = mkdtempSync(join(tmpdir(), 'sleipnir-doublestar-'));
after(() => rmSync(folder, { recursive: true }));

test('the targets of a configuration find and leave out the same files', async () => {
  const names = ['a/0.log', 'b/0.log', 'c/0.log', '(d)/0.log', 'd/0.log', 'x1/0.log'];
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), '');
  }
  const found = async (path: string, exclude: string | null): Promise<string[]> => {
    const target = { literal: false, labels: [], relabel: [], ignoreOlderThanMs: 0 } satisfies Partial<TargetPlan>;
    const files = filesOf([{ ...target, path: join(folder, path), exclude: exclude && join(folder, exclude) }]);
    const scanner = new Scanner(
      [...files.globs],
      matcherOf((file) => files.labelsOf(file) !== null),
    );
    return [...(await scanner.scan()).keys()].map((file) => file.slice(folder.length + 1)).sort();
  };
  assert.deepEqual(await found('[!ab]*/*.log', null), ['(d)/0.log', 'c/0.log', 'd/0.log', 'x1/0.log']);
  assert.deepEqual(await found('{a,(d)}/*.log', null), ['(d)/0.log', 'a/0.log']);
  assert.deepEqual(await found('*/*.log', '[!ab]/*'), ['(d)/0.log', 'a/0.log', 'b/0.log', 'x1/0.log']);
});
