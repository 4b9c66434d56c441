import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Memory } from '../../../workers/memory.js';
import { TimestampParser } from '../../../workers/parse/timestamp.js';
import { stamp } from '../arbitraries.js';
import { parseStamp } from '../reference.js';

const memory = new Memory({ batchBytes: 1024, maxLineBytes: 1024 });

test('reads what the reference reads, whatever was read before', () => {
  const parser = new TimestampParser(memory);
  const damaged = fc
    .tuple(stamp, fc.nat(34), fc.constantFrom('', '0', ':', 'Z', '.', 'x', '-'))
    .map(([text, at, instead]) => text.slice(0, at) + instead + text.slice(at + 1));
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 3, arbitrary: stamp }, damaged)), (texts) => {
      for (const text of texts) {
        memory.bytes.write(`${text} `, 'latin1');
        const end = parser.parse(0, text.length);
        const want = parseStamp(text);
        // What comes after a whole timestamp is for the caller to judge.
        const got = end === text.length ? BigInt(parser.seconds) * 1_000_000_000n + BigInt(parser.nanos) : null;
        assert.equal(got, want, text);
      }
    }),
    { numRuns: 500 },
  );
});

test('knows every day from 1970 to 2262', () => {
  const parser = new TimestampParser(memory);
  for (let ms = 0; ms < Date.UTC(2262, 3, 11); ms += 86_400_000) {
    const text = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    memory.bytes.write(text, 'latin1');
    assert.equal(parser.parse(0, text.length), text.length, text);
    assert.equal(parser.seconds, ms / 1000, text);
  }
});
