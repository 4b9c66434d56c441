import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodePush } from '../../../bench/receiver/push.js';
import { readPush } from '../../../workers/encode/read-push.js';

const text = fc.string({ maxLength: 200, unit: 'grapheme' });
const entry = fc.record({
  seconds: fc.integer({ min: 0, max: 2 ** 35 - 1 }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
  line: fc.uint8Array({ maxLength: 300 }),
  metadata: fc.array(fc.tuple(text, text), { maxLength: 3 }),
});
const streams = fc.array(fc.tuple(text, fc.array(entry, { maxLength: 4 })), { maxLength: 4 });

test('reads what protobufjs has written', () => {
  const property = fc.property(streams, (given) => {
    const payload = given.map(([labels, entries]) => ({
      labels,
      entries: entries.map(({ seconds, nanos, line, metadata }) => ({
        ns: BigInt(seconds) * 1_000_000_000n + BigInt(nanos),
        line: Buffer.from(line),
        metadata,
      })),
    }));
    assert.deepEqual(
      readPush(Buffer.from(encodePush(payload))),
      given.flatMap(([labels, entries]) =>
        entries.map(({ line, ...rest }) => ({ labels, ...rest, line: Buffer.from(line) })),
      ),
    );
  });
  fc.assert(property, { numRuns: 500 });
});
