import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PushRequest } from '../../../bench/receiver/push.js';
import type { StreamMode } from '../../../src/protocol.js';
import { CUT_MARK, PushWriter, type StreamKind } from '../../../workers/encode/push.js';
import { Memory } from '../../../workers/memory.js';

const MAX_LINE_BYTES = 40_000;
const memory = new Memory({ batchBytes: 1 << 20, maxLineBytes: MAX_LINE_BYTES });
const NAMES = ['', 'stdout', 'stderr'];

interface Entry {
  kind: StreamKind;
  seconds: number;
  nanos: number;
  line: Buffer;
}

const entry: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constantFrom<StreamKind>(0, 1, 2),
  seconds: fc.oneof(
    fc.constantFrom(0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 35 - 1, 1_754_000_000),
    fc.integer({ min: 0, max: 2 ** 35 - 1 }),
  ),
  nanos: fc.oneof(
    fc.constantFrom(0, 127, 128, 2 ** 28 - 1, 2 ** 28, 999_999_999),
    fc.integer({ min: 0, max: 999_999_999 }),
  ),
  line: fc
    .oneof(fc.nat(300), fc.constantFrom(0, 1, 106, 107, 108, 127, 128, 16_347, 16_348, 16_349, 16_383, 16_384, 40_000))
    .map((length) => Buffer.alloc(length, 'line \xff', 'latin1')),
});

const slices = fc.array(fc.array(entry, { maxLength: 8 }), { maxLength: 4 });

const block = (slice: number, kind: number) =>
  Buffer.from(`{app="a${slice}"${kind === 0 ? '' : `, stream="${NAMES[kind]}"`}}`);

function put(push: PushWriter, { kind, seconds, nanos, line }: Entry): boolean {
  line.copy(memory.bytes);
  push.setSecond(seconds);
  return push.put(kind, 0, line.length, nanos);
}

function finished(push: PushWriter): Buffer | null {
  return push.length === 0 ? null : push.part(0, push.length);
}

function write(push: PushWriter, mode: StreamMode, all: Entry[][]): Buffer | null {
  push.beginPush(mode, MAX_LINE_BYTES);
  all.forEach((entries, i) => {
    assert.ok(push.beginSlice(mode === 'label' ? [block(i, 0), block(i, 1), block(i, 2)] : [block(i, 0)]));
    for (const entry of entries) assert.ok(put(push, entry));
    push.endSlice();
  });
  return finished(push);
}

/** What protobufjs reads from the bytes, as plain values. */
function decoded(bytes: Buffer | null): unknown[] {
  if (bytes === null) return [];
  const object = PushRequest.toObject(PushRequest.decode(bytes), { longs: Number, bytes: String, defaults: true });
  return object.streams;
}

function expected(mode: StreamMode, all: Entry[][]): unknown[] {
  return all.flatMap((entries, i) =>
    (mode === 'label' ? [0, 1, 2] : [0]).flatMap((slot) => {
      const mine = mode === 'label' ? entries.filter(({ kind }) => kind === slot) : entries;
      if (mine.length === 0) return [];
      return {
        labels: block(i, slot).toString(),
        hash: 0,
        entries: mine.map(({ kind, seconds, nanos, line }) => ({
          timestamp: { seconds, nanos },
          line: line.toString('base64'),
          structuredMetadata: mode === 'metadata' && kind > 0 ? [{ name: 'stream', value: NAMES[kind] }] : [],
        })),
      };
    }),
  );
}

describe('push', () => {
  for (const mode of ['metadata', 'label', 'off'] as const) {
    test(`${mode}: protobufjs reads what was written`, () => {
      const push = new PushWriter(memory);
      fc.assert(
        fc.property(slices, (all) => {
          assert.deepEqual(decoded(write(push, mode, all)), expected(mode, all));
        }),
      );
    });
  }

  test('tells the oldest and the newest entry', () => {
    const push = new PushWriter(memory);
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        write(push, 'metadata', [entries]);
        const ms = entries.map(({ seconds, nanos }) => seconds * 1000 + Math.floor(nanos / 1e6));
        assert.equal(push.oldestMs, ms.length === 0 ? 0 : Math.min(...ms));
        assert.equal(push.newestMs, ms.length === 0 ? 0 : Math.max(...ms));
      }),
    );
  });

  test('a slice that is not ended leaves nothing', () => {
    const push = new PushWriter(memory);
    const one: Entry = { kind: 1, seconds: 1, nanos: 1, line: Buffer.from('one') };
    push.beginPush('label', MAX_LINE_BYTES);
    push.beginSlice([block(0, 0), block(0, 1), block(0, 2)]);
    put(push, one);
    push.endSlice();
    const before = Buffer.from(finished(push)!);
    push.beginSlice([block(1, 0), block(1, 1), block(1, 2)]);
    put(push, one);
    assert.deepEqual(finished(push), before);
  });

  test('without room an entry is refused, and nothing is written beyond the output', () => {
    const small = new Memory(
      { batchBytes: 1, maxLineBytes: 1000 },
      { readChunkBytes: 2000, headRoomBytes: 100, spareOutputBytes: 200 },
    );
    for (const mode of ['metadata', 'label'] as const) {
      for (let length = 0; length <= 1000; length += 37) {
        const push = new PushWriter(small);
        const end = small.outputAt[0] + small.outputBytes;
        const behind = small.bytes.subarray(end, small.stateAt).fill(0xee);
        push.beginPush(mode, 1000);
        assert.ok(push.beginSlice(mode === 'label' ? [block(0, 0), block(0, 1), block(0, 2)] : [block(0, 0)]));
        push.setSecond(1);
        let count = 0;
        while (push.put((count % 3) as StreamKind, 0, length, 1)) count++;
        push.endSlice();
        assert.ok(count > 0);
        assert.equal(push.entries, count);
        const bytes = finished(push)!;
        assert.ok(bytes.length <= small.outputBytes);
        PushRequest.decode(bytes);
        if (mode === 'metadata') assert.ok(behind.every((byte) => byte === 0xee));
      }
    }
  });

  test('a slice whose labels have no room is not begun', () => {
    const push = new PushWriter(memory);
    push.beginPush('metadata', MAX_LINE_BYTES);
    assert.equal(push.beginSlice([Buffer.alloc(memory.outputBytes)]), false);
    assert.equal(finished(push), null);
  });

  test('cuts on the boundary of a character, and anywhere if the bytes are not UTF-8', () => {
    const push = new PushWriter(memory);
    for (const [unit, wasted] of [
      ['a', [0]],
      ['é', [0, 1]],
      ['漢', [0, 1, 2]],
      ['😀', [0, 1, 2, 3]],
      [Buffer.from([0x80]), [0]],
    ] as const) {
      for (let most = 20; most < 40; most++) {
        const line = Buffer.alloc(100, unit);
        line.copy(memory.bytes);
        push.beginPush('off', most);
        push.beginSlice([block(0, 0)]);
        push.setSecond(0);
        assert.ok(push.put(0, 0, 100, 0));
        push.endSlice();
        const [stream] = decoded(finished(push)) as { entries: { line: string }[] }[];
        const got = Buffer.from(stream!.entries[0]!.line, 'base64');
        const kept = got.length - CUT_MARK.length;
        assert.ok(got.equals(Buffer.concat([line.subarray(0, kept), Buffer.from(CUT_MARK)])));
        assert.ok((wasted as readonly number[]).includes(most - got.length), `${unit} ${most} ${got.length}`);
        if (typeof unit === 'string') assert.equal(kept % Buffer.byteLength(unit), 0);
        assert.equal(push.cutBytes, 100 - kept);
      }
    }
  });
});
