import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markOf } from '../../workers/mark.js';

test('a mark depends on every byte, their order and their number', () => {
  const bytes = Buffer.alloc(1024);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7919 + 1) & 0xff;
  const seen = new Set<string>();
  const note = (hash: string) => {
    assert.match(hash, /^[0-9a-f]{16}$/);
    assert.ok(!seen.has(hash));
    seen.add(hash);
  };
  note(markOf(bytes, 0, bytes.length).hash);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i]! ^= 1;
    note(markOf(bytes, 0, bytes.length).hash);
    bytes[i]! ^= 1;
    if (i > 0) note(markOf(bytes, 0, i).hash);
  }
  const zeros = Buffer.alloc(64);
  for (let i = 0; i <= zeros.length; i++) note(markOf(zeros, 0, i).hash);
});

test('bits are spread over both halves', () => {
  const bytes = Buffer.alloc(4);
  const high = new Set<string>();
  const low = new Set<string>();
  for (let i = 0; i < 50_000; i++) {
    bytes.writeUInt32LE(i);
    const { hash } = markOf(bytes, 0, 4);
    high.add(hash.slice(0, 8));
    low.add(hash.slice(8));
  }
  // Of 50,000 random 32-bit numbers less than one in 100,000 pairs meets: about 0.3 pairs.
  assert.ok(high.size > 49_990 && low.size > 49_990, `${high.size} ${low.size}`);
});

test('a mark is of the range alone', () => {
  const bytes = Buffer.from('__same__same');
  assert.deepEqual(markOf(bytes, 2, 6), markOf(bytes, 8, 12));
  assert.notDeepEqual(markOf(bytes, 2, 6), markOf(bytes, 2, 5));
  assert.equal(markOf(bytes, 2, 6).bytes, 4);
});
