import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { InputLines } from '../../../workers/inspect/lines.js';

/** The lines of the pieces, as `offset:text`, those that are cut with a mark. */
function linesOf(pieces: readonly Buffer[], holdBytes: number): string[] {
  const input = new InputLines(holdBytes);
  const lines: string[] = [];
  const take = (generator: ReturnType<InputLines['add']>): void => {
    for (const { bytes, from, to, offset, cut } of generator) {
      lines.push(`${offset}:${bytes.toString('latin1', from, to)}${cut ? '!' : ''}`);
    }
  };
  for (const piece of pieces) take(input.add(piece));
  take(input.end());
  return lines;
}

describe('lines of the input', () => {
  test('end at newlines; the last one needs none', () => {
    const all = ['0:a', '2:', '3:bc\r', '7:d'];
    assert.deepEqual(linesOf([Buffer.from('a\n\nbc\r\nd')], 10), all);
    assert.deepEqual(linesOf([Buffer.from('a\n\nbc\r\nd\n')], 10), all);
    assert.deepEqual(linesOf([], 10), []);
  });

  test('are cut when they are too long, and the rest is skipped', () => {
    assert.deepEqual(linesOf([Buffer.from('abcd\nx')], 3), ['0:abc!', '5:x']);
    assert.deepEqual(linesOf([Buffer.from('abc'), Buffer.from('d'), Buffer.from('efg\nx')], 3), ['0:abc!', '8:x']);
    assert.deepEqual(linesOf([Buffer.from('abcdef')], 3), ['0:abc!']);
  });

  test('do not depend on how the input comes', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', '\n', '\n', 'cde'), { maxLength: 30 })
      .map((parts) => parts.join(''));
    const property = fc.property(text, fc.array(fc.nat(40), { maxLength: 8 }), (given, cuts) => {
      const bytes = Buffer.from(given);
      const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
      const pieces = at.slice(1).map((to, index) => bytes.subarray(at[index], to));
      assert.deepEqual(linesOf(pieces, 4), linesOf([bytes], 4));
    });
    fc.assert(property, { numRuns: 1000 });
  });
});
