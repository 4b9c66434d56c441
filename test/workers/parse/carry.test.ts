import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { STDERR, STDOUT } from '../../../workers/encode/push.js';
import { type Carry, decodeCarry, encodeCarry } from '../../../workers/parse/carry.js';

const NONE: Carry = { skipLine: false, open: [] };

const carry: fc.Arbitrary<Carry> = fc.record({
  skipLine: fc.boolean(),
  open: fc.uniqueArray(
    fc.record({
      kind: fc.constantFrom(STDOUT, STDERR),
      seconds: fc.integer({ min: 0, max: 2 ** 35 - 1 }),
      nanos: fc.integer({ min: 0, max: 999_999_999 }),
      content: fc.option(fc.uint8Array()),
    }),
    { selector: ({ kind }) => kind },
  ),
});

describe('carry', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(carry, (value) => {
        const bytes = encodeCarry(value);
        const back = decodeCarry(bytes);
        assert.deepEqual(
          back.open.map((entry) => ({ ...entry, content: entry.content && [...entry.content] })),
          value.open.map((entry) => ({ ...entry, content: entry.content && [...entry.content] })),
        );
        assert.equal(back.skipLine, value.skipLine);
        assert.equal(bytes === null, !value.skipLine && value.open.length === 0);
      }),
    );
  });

  test('damaged, it is none or another carry, and never an error', () => {
    fc.assert(
      fc.property(carry, fc.nat(), fc.nat(255), fc.nat(), (value, at, byte, keep) => {
        const bytes = encodeCarry(value);
        if (bytes === null) return;
        bytes[at % bytes.length] = byte;
        decodeCarry(bytes);
        const shorter = decodeCarry(bytes.subarray(0, keep % bytes.length));
        assert.deepEqual(shorter, NONE);
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeCarry(bytes)));
    assert.deepEqual(decodeCarry(Uint8Array.of(9, 0, 0)), NONE);
  });
});
