import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nativePattern } from '../../src/regex/native.js';
import { compileRe2, groupNames } from '../../src/regex/re2.js';

/** The names of the groups from 1 on, as RE2 has them; null if it does not take the pattern. */
function namesByRe2(pattern: string): readonly (string | null)[] | null {
  try {
    return compileRe2(pattern).names;
  } catch {
    return null;
  }
}

const piece = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '.',
    '^',
    '$',
    '|',
    '(',
    ')',
    '(?:',
    '[',
    ']',
    '[^',
    '-',
    '\\d',
    '\\W',
    '\\b',
    '\\z',
    '\\A',
    '{',
    '}',
  ),
  fc.constantFrom(
    '*',
    '+',
    '?',
    '*?',
    '??',
    '{2}',
    '{2,}',
    '{1,3}',
    '{3,1}',
    '{40}',
    '{200,}',
    '{1000}',
    '{1001}',
    '{,5}',
  ),
  fc.constantFrom(
    '(?P<x>',
    '(?<y>',
    '(?P<z_1>',
    '(?P<1>',
    '(?i)',
    '(?s)',
    '(?U)',
    '(?=',
    '(?<=',
    '\\Q',
    '\\E',
    '\\C',
    '\\pL',
  ),
  fc.constantFrom(
    '\\x41',
    '\\x{10FFFF}',
    '\\x{110000}',
    '\\x',
    '\\1',
    '\\07',
    '\\é',
    'é',
    '😀',
    '[[:alpha:]]',
    '[a-f]',
    '[f-a]',
    '\\',
  ),
);

test('RE2 takes every pattern that the engine of the language is given, with the same names', () => {
  const property = fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
    const pattern = pieces.join('');
    const native = nativePattern(pattern);
    if (native !== null) assert.deepEqual(native.names, namesByRe2(pattern), pattern);
  });
  fc.assert(property, { numRuns: 30_000 });
});

const balanced = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom('a', 'b', '[ab]', '\\d', 'a|b', ''),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => a + b),
    fc
      .tuple(
        fc.constantFrom('(', '(?:', '(?P<x>', '(?P<y>'),
        tie('any'),
        fc.constantFrom('', '*', '{2}', '{8}', '{130}', '{1000}', '{0,9}'),
      )
      .map(([open, body, times]) => `${open}${body})${times}`),
  ),
}));

test('the same of patterns whose brackets are closed', () => {
  const property = fc.property(balanced.any, (pattern) => {
    const native = nativePattern(pattern);
    if (native !== null) assert.deepEqual(native.names, namesByRe2(pattern), pattern);
  });
  fc.assert(property, { numRuns: 10_000 });
});

/** What RE2 refuses although the engine of the language would take it. */
const refused = {
  'a repetition of more than 1,000': 'a{1001}',
  'repetitions within repetitions of more than 1,000': '(?:a{200}){6}',
  'a character beyond Unicode': '\\x{110000}',
  'more levels than 1,000': `${'('.repeat(1200)}a${')'.repeat(1200)}`,
  'look-around': 'a(?=b)',
  'a reference to a group': '(a)\\1',
};
for (const [what, pattern] of Object.entries(refused)) {
  test(`not for the engine of the language: ${what}`, () => {
    assert.equal(namesByRe2(pattern), null);
    assert.equal(nativePattern(pattern), null);
    assert.throws(() => groupNames(pattern));
  });
}

test('names of groups, by whichever library', () => {
  assert.deepEqual(groupNames('/(?P<namespace>[^_]+)_([^_]+)_(?P<pod>.*)'), ['namespace', 'pod']);
  assert.deepEqual(groupNames('(?P<a>x)(?P<b>\\pL)'), ['a', 'b']);
  assert.deepEqual(groupNames('(?P<a>x)(y)(?<a>z)'), ['a', 'a']);
  assert.deepEqual(groupNames('(?P<a>x)(\\pL)(?<a>z)(?P<2>)(?P<1>)'), ['a', 'a', '2', '1']);
});
