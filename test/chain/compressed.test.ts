import assert from 'node:assert/strict';
import { appendFileSync, closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { plainSizeOf } from '../../src/chain/gzip-size.js';
import { addGeneration, makeFolder, makeLog } from './kit.js';

test('the plain size stands at the end of a gzip file alone', (t) => {
  const folder = makeFolder(t);
  for (const [name, bytes, size] of [
    ['a.gz', gzipSync('x'.repeat(1000)), 1000],
    ['a.z', deflateSync('x'.repeat(1000)), 0],
    ['short.gz', Buffer.of(0x1f, 0x8b), 0],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const fd = openSync(path, 'r');
    t.after(() => closeSync(fd));
    assert.equal(plainSizeOf(fd, bytes.length), size, name);
  }
});

test('a compressed file that is still being written tells so once for each time it has grown', (t) => {
  const path = join(makeFolder(t), 'a.gz');
  const whole = gzipSync('x'.repeat(1000));
  writeFileSync(path, whole.subarray(0, 20));
  const generation = addGeneration(makeLog(path), Number.POSITIVE_INFINITY, { gzip: true });
  generation.fd = openSync(path, 'r');
  t.after(() => closeSync(generation.fd as number));
  generation.opened(statSync(path).size);
  assert.equal(generation.hasGrown(), false);
  appendFileSync(path, whole.subarray(20));
  assert.deepEqual([generation.hasGrown(), generation.saidBytes, generation.hasGrown()], [true, 1000, false]);
});
