import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWith, sleipnir } from './kit.js';

const UGLY = 'loki.process "p" {\n  forward_to=[ ]  // nowhere\n}\n';
const FORMATTED = 'loki.process "p" {\n\tforward_to = [] // nowhere\n}\n';

test('standard input to standard output', () => {
  const expected = { status: 0, stdout: FORMATTED, stderr: '' };
  assert.deepEqual(sleipnir(['fmt'], UGLY), expected);
  assert.deepEqual(sleipnir(['fmt', '-'], FORMATTED), expected);
  assert.deepEqual(sleipnir(['fmt'], ''), { ...expected, stdout: '' });
});

test('files are printed, or written with -w', (t) => {
  const folder = folderWith(t, { 'a.alloy': UGLY, 'b.alloy': FORMATTED });
  const files = [join(folder, 'a.alloy'), join(folder, 'b.alloy')];
  assert.deepEqual(sleipnir(['fmt', ...files]), { status: 0, stdout: FORMATTED + FORMATTED, stderr: '' });
  assert.equal(readFileSync(files[0]!, 'utf8'), UGLY);
  assert.deepEqual(sleipnir(['fmt', '-w', ...files]), { status: 0, stdout: '', stderr: '' });
  assert.equal(readFileSync(files[0]!, 'utf8'), FORMATTED);
});

test('-t names what is not formatted, and changes nothing', (t) => {
  const folder = folderWith(t, { 'a.alloy': UGLY, 'b.alloy': FORMATTED });
  const [a, b] = [join(folder, 'a.alloy'), join(folder, 'b.alloy')];
  assert.deepEqual(sleipnir(['fmt', '--test', a, b]), { status: 1, stdout: `${a}\n`, stderr: '' });
  assert.deepEqual(sleipnir(['fmt', '-t', b]), { status: 0, stdout: '', stderr: '' });
  assert.equal(readFileSync(a, 'utf8'), UGLY);
});

test('a mistake of syntax: its place, exit 1, and the file is left alone; the others are formatted', (t) => {
  const bad = 'loki.echo "e" {\n  x = \n}\n';
  const folder = folderWith(t, { 'a.alloy': bad, 'b.alloy': UGLY });
  const [a, b] = [join(folder, 'a.alloy'), join(folder, 'b.alloy')];
  const { status, stdout, stderr } = sleipnir(['fmt', '-w', a, b]);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.ok(stderr.startsWith(`${a}:3:1: `), stderr);
  assert.equal(readFileSync(a, 'utf8'), bad);
  assert.equal(readFileSync(b, 'utf8'), FORMATTED);
  assert.match(sleipnir(['fmt'], bad).stderr, /^<stdin>:3:1: /);
});

test('bytes that are not UTF-8, and files that are not there', (t) => {
  const folder = folderWith(t, {});
  const file = join(folder, 'latin1.alloy');
  writeFileSync(file, Buffer.from('// caf\xe9\n', 'latin1'));
  const { status, stderr } = sleipnir(['fmt', '-w', file, join(folder, 'none')]);
  assert.equal(status, 1);
  assert.match(stderr, /latin1\.alloy:1:7: this byte is not UTF-8\n/);
  assert.match(stderr, /none: cannot be read or written \(ENOENT\)\n$/);
  assert.equal(readFileSync(file, 'latin1'), '// caf\xe9\n');
});
