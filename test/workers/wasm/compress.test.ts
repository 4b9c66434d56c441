import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compressSync, uncompressSync } from 'snappy';
import { corpusBytes } from '../../../bench/corpus.js';
import { compileLoops } from '../../../src/plan/loops.js';
import type { StreamMode } from '../../../src/protocol.js';
import type { StreamKind } from '../../../workers/encode/push.js';
import { labelBlock } from '../../../workers/label/labels.js';
import { Memory } from '../../../workers/memory.js';
import { WorkerState } from '../../../workers/worker-state.js';

const worker = new WorkerState({ batchBytes: 1 << 20, maxLineBytes: 262_144, loops: compileLoops() });
const { memory, output } = worker;
const { push } = output;
const loops = worker.loops!;

function input(length: number): Buffer {
  return memory.bytes.subarray(memory.outputAt[0], memory.outputAt[0] + length);
}

/** Compresses `bytes`, which are written to where a push is. */
function assertRoundTrip(bytes: Uint8Array): Buffer {
  const plain = input(bytes.length);
  plain.set(bytes);
  const behind = memory.bytes.subarray(memory.tableAt - 8, memory.tableAt).fill(0xee);
  const packed = Buffer.from(loops.compress(plain)!);
  assert.ok((uncompressSync(packed) as Buffer).equals(bytes));
  assert.ok(packed.length <= 32 + bytes.length + bytes.length / 6);
  assert.ok(behind.every((byte) => byte === 0xee));
  return packed;
}

/** `whole`: the entries are whole CRI lines. */
function encodedCorpus(lineBytes: number, whole: boolean): Buffer {
  const lines = corpusBytes(1 << 20, 3, lineBytes);
  const loop = loops.lines(worker.unstamped, whole);
  push.beginPush(whole ? 'off' : 'metadata', 262_144);
  push.beginSlice([labelBlock(new Map([['namespace', 'shop']]))]);
  for (let at = 0; at < lines.length; ) {
    // In pieces, as a worker reads them.
    const piece = lines.subarray(at, at + 64 * 1024);
    piece.copy(memory.bytes);
    const end = piece.lastIndexOf(0x0a) + 1;
    memory.bytes[end] = 0x0a;
    for (let line = 0; line < end; ) {
      line = loop.take(line, end, end);
      if (line < end) line = memory.bytes.indexOf(0x0a, line) + 1;
    }
    at += end;
  }
  push.endSlice();
  return push.part(0, push.length);
}

interface Entry {
  kind: StreamKind;
  seconds: number;
  nanos: number;
  content: Buffer;
}

/** Streams of entries with what makes matches, literals and lengths of every kind. */
const content = fc.array(
  fc.oneof(
    fc.constantFrom('GET /api/v1/orders/', 'level=info msg="request completed" ', 'x', 'é', ' 200 ', '0'.repeat(70)),
    fc.nat(99_999).map(String),
    fc.string({ maxLength: 80 }),
    fc.constantFrom('long '.repeat(3000)),
  ),
  { maxLength: 12 },
);
/** What CRI lines begin with, and what is only much like it. */
const head = fc
  .tuple(
    fc.constantFrom('2026-01-02T15:04:05.', '2026-01-02T15:04:06.', '2026-01-02T15:04:05', '2027-', ''),
    fc.constantFrom('123456789', '123499999', '1234', '7', '0000000000', ''),
    fc.constantFrom('Z stdout F ', 'Z stderr P ', '+02:00 stdout F ', ''),
  )
  .map((parts) => parts.join(''));
const entry: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constantFrom<StreamKind>(0, 1, 1, 1, 2),
  seconds: fc.constantFrom(1_754_000_000, 1_754_000_000, 1_754_000_001, 2 ** 34),
  nanos: fc.oneof(fc.constant(5), fc.nat(999_999_999)),
  content: content.map((parts) => Buffer.from(parts.join(''))),
});
const wholeLine: fc.Arbitrary<Entry> = fc
  .tuple(entry, head)
  .map(([entry, head]) => ({ ...entry, content: Buffer.concat([Buffer.from(head), entry.content]) }));

const slices = fc.array(fc.array(entry, { maxLength: 12 }), { maxLength: 4 });
const wholeSlices = fc.array(fc.array(wholeLine, { maxLength: 12 }), { maxLength: 4 });

function written(mode: StreamMode, all: readonly Entry[][]): Buffer {
  push.beginPush(mode, 262_144);
  for (const entries of all) {
    const blocks = mode === 'label' ? ['a', 'b', 'c'] : ['a'];
    push.beginSlice(blocks.map((value) => labelBlock(new Map([['app', value]]))));
    for (const { kind, seconds, nanos, content } of entries) {
      content.copy(memory.bytes);
      push.setSecond(seconds);
      push.put(kind, 0, content.length, nanos);
    }
    push.endSlice();
  }
  return Buffer.from(push.part(0, push.length));
}

describe('compress', () => {
  for (const mode of ['metadata', 'label', 'off'] as const) {
    test(`${mode}: what it made of a push, snappy gives back`, () => {
      fc.assert(fc.property(slices, (all) => void assertRoundTrip(written(mode, all))));
    });
  }

  test('so with entries that are whole CRI lines, or begin much like them', () => {
    fc.assert(
      fc.property(wholeSlices, (all) => void assertRoundTrip(written('off', all))),
      { numRuns: 1000 },
    );
  });

  test('so with a push that is cut anywhere, or has wrong bytes', () => {
    const wrong = fc.array(fc.tuple(fc.nat(400), fc.constantFrom(0, 1, 0x0a, 0x12, 0x1a, 0x7f, 0x80, 0xff)), {
      maxLength: 4,
    });
    for (const [mode, slicesOfMode] of [['metadata', slices] as const, ['off', wholeSlices] as const]) {
      const property = fc.property(slicesOfMode, fc.nat(), wrong, (all, to, bytes) => {
        const push = written(mode, all);
        for (const [at, byte] of bytes) if (at < push.length) push[at] = byte;
        assertRoundTrip(push.subarray(0, to % (push.length + 1)));
      });
      fc.assert(property, { numRuns: 1000 });
    }
  });

  test('so with whole CRI lines that are cut at each of their bytes', () => {
    const lines = ['INFO started', 'INFO started', 'INFO stopped'].map((text, i) => ({
      kind: 0 as const,
      seconds: 1_754_000_000,
      nanos: i,
      content: Buffer.from(`2026-01-02T15:04:05.12345678${i}Z stdout F ${text}`),
    }));
    const push = written('off', [lines]);
    for (let to = 0; to <= push.length; to++) assertRoundTrip(push.subarray(0, to));
  });

  test('so with whole CRI lines that are as far apart as the window', () => {
    const timestamp = [0x0a, 0x0c, 0x08, 0x80, 0x80, 0x80, 0x80, 0x01, 0x10, 0x81, 0x82, 0x83, 0x84, 0x00];
    const text = Buffer.from('2026-01-02T15:04:05.123456789Z stdout F INFO started');
    const field = (tag: number, bytes: Uint8Array): Buffer => {
      const { length } = bytes;
      const varint =
        length < 0x80 ? [length] : [length | 0x80, (length >> 7) | 0x80, length >> 14].map((byte) => byte & 0xff);
      return Buffer.concat([Buffer.from([tag, ...varint]), bytes]);
    };
    const entry = (metadata: Buffer): Buffer =>
      field(0x12, Buffer.concat([Buffer.from(timestamp), field(0x12, text), metadata]));
    for (let bytes = 65_400; bytes < 65_540; bytes++) {
      const entries = [entry(field(0x1a, new Uint8Array(bytes))), entry(Buffer.alloc(0))];
      assertRoundTrip(field(0x0a, Buffer.concat([field(0x0a, Buffer.from('{}')), ...entries])));
    }
  });

  test('so with streams that are the first once more, whatever stands before the push', () => {
    const line = Buffer.from('2026-01-02T15:04:05.123456789Z stdout F xxxxxxxx');
    const bare: Entry = { kind: 0, seconds: 1_754_000_000, nanos: 5, content: line };
    const other: Entry = { ...bare, kind: 1, seconds: 1_700_000_000 };
    // What is the same on both sides of a match is taken into it, but nothing from before the push.
    memory.bytes.fill('x', memory.outputAt[0] - 16, memory.outputAt[0]);
    for (const all of [
      [[bare], [bare]],
      [[bare], [other], [bare]],
    ]) {
      assertRoundTrip(written('off', all));
      assertRoundTrip(written('metadata', all));
    }
  });

  test('so with bytes of every other kind', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 3000, size: 'max' }), (bytes) => void assertRoundTrip(bytes)));
    const few = fc.array(fc.constantFrom(0, 1, 2, 0x0a, 0x12, 0x1a, 0x7f, 0x80, 0xff), {
      maxLength: 3000,
      size: 'max',
    });
    fc.assert(fc.property(few, (bytes) => void assertRoundTrip(Uint8Array.from(bytes))));
  });

  test('it lies on a word whatever the sizes, or it would go to the memory of all threads byte by byte', () => {
    for (let maxLineBytes = 1000; maxLineBytes < 1008; maxLineBytes++) {
      const { bytes, compressedAt } = new Memory({ batchBytes: 1000, maxLineBytes });
      assert.equal((bytes.byteOffset + compressedAt) % 8, 0);
    }
  });

  test('as much as a push can hold, in one color, in noise, and in noise that comes back after the window', () => {
    const length = memory.outputBytes;
    assertRoundTrip(new Uint8Array(length));
    const noise = new Uint8Array(length);
    let state = 1;
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
      noise[i] = state >>> 24;
    }
    assertRoundTrip(noise);
    for (const period of [65_534, 65_535, 65_536, 65_537]) {
      assertRoundTrip(noise.map((_, i) => noise[i % period]!));
    }
  });

  test('not larger than what snappy makes of the same push', () => {
    for (const lineBytes of [0, 40, 400]) {
      for (const whole of [false, true]) {
        const plain = Buffer.from(encodedCorpus(lineBytes, whole));
        const theirs = compressSync(plain).length;
        const ours = assertRoundTrip(plain).length;
        assert.ok(ours <= theirs, `${lineBytes}, ${whole}: ${ours} and ${theirs} of ${plain.length}`);
      }
    }
  });
});
