import assert from 'node:assert/strict';
import { fstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Descriptors, type Holder, maxOpenFiles } from '../../src/chain/descriptors.js';
import { makeFolder } from './kit.js';

class File implements Holder {
  fd: number | null = null;
  readers = 0;
  closable = true;
  readonly path: string;
  readonly dev: string;
  readonly ino: string;

  constructor(path: string) {
    writeFileSync(path, path);
    const { dev, ino } = statSync(path, { bigint: true });
    this.path = path;
    this.dev = String(dev);
    this.ino = String(ino);
  }

  mayClose(): boolean {
    return this.closable;
  }
}

function scene(t: Parameters<typeof makeFolder>[0], max: number) {
  const folder = makeFolder(t);
  const pressures: number[] = [];
  const descriptors = new Descriptors(max, (open) => pressures.push(open));
  t.after(() => descriptors.closeAll());
  const files = Array.from({ length: 5 }, (_, index) => new File(join(folder, String(index))));
  const open = (file: File) => descriptors.open(file, file.path, file.dev, file.ino);
  const openOnes = () => files.flatMap(({ fd }, index) => (fd === null ? [] : [index]));
  return { descriptors, files, open, openOnes, pressures };
}

test('the one used longest ago makes room, and it is said once', (t) => {
  const { descriptors, files, open, openOnes, pressures } = scene(t, 3);
  for (const index of [0, 1, 2]) assert.equal(open(files[index]!), 'open');
  assert.deepEqual(pressures, []);
  descriptors.touch(files[0]!);
  assert.equal(open(files[3]!), 'open');
  assert.deepEqual(openOnes(), [0, 2, 3]);
  assert.equal(open(files[4]!), 'open');
  assert.deepEqual(openOnes(), [0, 3, 4]);
  assert.deepEqual(pressures, [3]);
  assert.equal(descriptors.openCount, 3);
});

test('one that is being read is not closed; without room nothing is opened', (t) => {
  const { files, open, openOnes } = scene(t, 2);
  for (const index of [0, 1]) {
    open(files[index]!);
    files[index]!.closable = false;
  }
  assert.equal(open(files[2]!), 'short');
  files[1]!.closable = true;
  assert.equal(open(files[2]!), 'open');
  assert.deepEqual(openOnes(), [0, 2]);
});

test('opened once, and again after it was closed', (t) => {
  const { descriptors, files, open } = scene(t, 2);
  const file = files[0]!;
  open(file);
  const { fd } = file;
  assert.equal(open(file), 'open');
  assert.equal(file.fd, fd);
  descriptors.close(file);
  descriptors.close(file);
  assert.deepEqual([file.fd, descriptors.openCount], [null, 0]);
  assert.equal(open(file), 'open');
  assert.equal(readFileSync(file.fd as number, 'utf8'), file.path);
});

test('another file under the name, or none, is not opened', (t) => {
  const { descriptors, files } = scene(t, 2);
  const [file, other] = files as [File, File];
  assert.equal(descriptors.open(file, other.path, file.dev, file.ino), 'gone');
  assert.equal(descriptors.open(file, `${file.path}-gone`, file.dev, file.ino), 'gone');
  assert.equal(descriptors.open(file, `${file.path}/below`, file.dev, file.ino), 'gone');
  assert.deepEqual([file.fd, descriptors.openCount], [null, 0]);
});

test('other failures are told', (t) => {
  const { descriptors, files } = scene(t, 2);
  const name = `${files[0]!.path}${'x'.repeat(300)}`;
  assert.throws(() => descriptors.open(files[0]!, name, '', ''), { code: 'ENAMETOOLONG' });
});

test('the limit of this process leaves something', () => {
  assert.ok(maxOpenFiles() >= 16);
});

test('what one has open is passed on, and closed with the other', (t) => {
  const { descriptors, files, open, openOnes } = scene(t, 3);
  const [from, to] = files as [File, File];
  open(from);
  const { fd } = from;
  descriptors.pass(from, to);
  assert.deepEqual([from.fd, to.fd, descriptors.openCount], [null, fd, 1]);
  descriptors.close(to);
  assert.deepEqual([openOnes(), descriptors.openCount], [[], 0]);
});

test('what is given up while a job reads through it is closed when that is over: till then no other file gets its number', (t) => {
  const { descriptors, files, open } = scene(t, 3);
  const [read, next, last] = files as [File, File, File];
  open(read);
  const fd = read.fd as number;
  read.readers = 1;
  descriptors.close(read);
  open(next);
  assert.equal(String(fstatSync(fd).ino), read.ino);
  assert.deepEqual([read.fd, next.fd === fd], [null, false]);
  read.readers = 0;
  open(last);
  assert.equal(last.fd, fd);
});
