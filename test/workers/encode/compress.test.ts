import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uncompressSync } from 'snappy';
import { compress } from '../../../workers/encode/compress.js';

test('compresses into an ArrayBuffer of its own that can be transferred', () => {
  const plain = Buffer.alloc(200_000, 'some log line\n');
  const packed = compress(plain.subarray(1000));
  assert.equal(packed.byteOffset, 0);
  assert.equal(packed.byteLength, packed.buffer.byteLength);
  const moved = structuredClone(packed, { transfer: [packed.buffer as ArrayBuffer] });
  assert.equal(packed.byteLength, 0);
  assert.ok((uncompressSync(Buffer.from(moved)) as Buffer).equals(plain.subarray(1000)));
});
