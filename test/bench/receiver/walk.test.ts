import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DecodedPush, MalformedPush } from '../../../bench/receiver/payload.js';
import { decodePush, PushRequest } from '../../../bench/receiver/push.js';
import { walkPush } from '../../../bench/receiver/walk.js';

/** All that a decoder says of a push. */
function unfold(push: DecodedPush): unknown {
  return push.map((stream) => {
    const entries: unknown[] = [];
    stream.each((entry) => {
      const { seconds, nanos, bytes, from, to, metadataCount, metadataBytes } = entry;
      const line = bytes.subarray(from, to).toString('latin1');
      entries.push({ seconds, nanos, line, metadataCount, metadataBytes, metadata: entry.metadata() });
    });
    return { labels: stream.labels, entryCount: stream.entryCount, entries };
  });
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const pushes = fc.array(
  fc.record({
    labels: text,
    hash: fc.nat(),
    entries: fc.array(
      fc.record(
        {
          timestamp: fc.record({ seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), nanos: fc.integer() }),
          line: fc.uint8Array({ maxLength: 300 }),
          structuredMetadata: fc.array(fc.record({ name: text, value: text }), { maxLength: 3 }),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 5 },
    ),
  }),
  { maxLength: 4 },
);

test('walking a push finds what protobufjs finds', () => {
  fc.assert(
    fc.property(pushes, (streams) => {
      const bytes = Buffer.from(PushRequest.encode({ streams }).finish());
      assert.deepEqual(unfold(walkPush(bytes)), unfold(decodePush(bytes)));
    }),
  );
});

test('walking bytes that were damaged refuses them as malformed, or ends', () => {
  fc.assert(
    fc.property(pushes, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (streams, place, byte, cut) => {
      const bytes = Buffer.from(PushRequest.encode({ streams }).finish());
      if (bytes.length === 0) return;
      const at = place % bytes.length;
      bytes[at] = byte;
      try {
        unfold(walkPush(cut ? bytes.subarray(0, at) : bytes));
      } catch (error) {
        assert.ok(error instanceof MalformedPush, String(error));
      }
    }),
  );
});

test('a push that is cut short is refused wherever it is cut', () => {
  const entry = {
    timestamp: { seconds: 1, nanos: 2 },
    line: Buffer.from('x'),
    structuredMetadata: [{ name: 'a', value: 'b' }],
  };
  const bytes = Buffer.from(PushRequest.encode({ streams: [{ labels: '{a="b"}', entries: [entry] }] }).finish());
  for (let at = 1; at < bytes.length; at++) assert.throws(() => walkPush(bytes.subarray(0, at)), MalformedPush);
});

test('unknown fields are passed over', () => {
  const known = PushRequest.encode({
    streams: [{ labels: '{a="b"}', entries: [{ line: Buffer.from('x') }] }],
  }).finish();
  // Fields 15 of all wire types: varint, 64 bit, bytes, 32 bit.
  const unknown = Buffer.from([0x78, 0x80, 0x01, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 2, 9, 9, 0x7d, 1, 2, 3, 4]);
  const bytes = Buffer.concat([unknown, known, unknown]);
  assert.deepEqual(unfold(walkPush(bytes)), unfold(decodePush(Buffer.from(known))));
});
