import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { distinctNames } from '../../src/regex/names.js';
import { compileRe2, re2js } from '../../src/regex/re2.js';
import { Regex } from '../../workers/pipeline/regex.js';

/** A part of a pattern, the same without names, and the names of its groups. */
interface Part {
  named: string;
  plain: string;
  names: (string | null)[];
}

/** What holds something like a group that is none. */
const LOOKALIKES = [
  '\\(?P<x>',
  '\\\\',
  '[(?P<x>]',
  '[](?P<x>]',
  '[^](?P<x>]',
  '[[:alpha:](?P<x>]',
  '[\\](?P<x>]',
  '[[:(?P<x>]',
  '[a[(?<x>]',
  '\\Q(?P<x>\\E',
  '\\Q\\(?P<x>[\\E',
  '\\x{5b}',
  '\\pL',
  'é',
  'g_',
  '😀',
];

function same(text: string): Part {
  return { named: text, plain: text, names: [] };
}

function group(name: string | null, { named, plain, names }: Part, times: string, open = '(?P<'): Part {
  const start = name === null ? '(' : `${open}${name}>`;
  return { named: `${start}${named})${times}`, plain: `(${plain})${times}`, names: [name, ...names] };
}

const part = fc.letrec<{ any: Part }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'b', '.', '(?:a+)+', ...LOOKALIKES).map(same),
    fc.tuple(tie('any'), fc.constantFrom('', '|'), tie('any')).map(([left, between, right]) => ({
      named: left.named + between + right.named,
      plain: left.plain + between + right.plain,
      names: [...left.names, ...right.names],
    })),
    fc
      .tuple(
        fc.constantFrom(null, 'x', 'y', 'g0', 'g_1', '1'),
        tie('any'),
        fc.constantFrom('', '?', '*'),
        fc.constantFrom('(?P<', '(?<'),
      )
      .map(([name, body, times, open]) => group(name, body, times, open)),
  ),
})).any;

const texts = fc.array(fc.constantFrom('a', 'b', 'é', 'g', '_', '(', '?', 'P<x>', '\\', '[', '😀'), {
  maxLength: 10,
});

function accepts(compile: () => unknown): boolean {
  try {
    compile();
    return true;
  } catch {
    return false;
  }
}

function groups(regex: Regex, text: string): (string | undefined)[] | null {
  const match = regex.exec(text);
  return match && [...match];
}

describe('groups of one name', () => {
  test('match as groups without a name do, and keep theirs', () => {
    const property = fc.property(part, texts, ({ named, plain, names }, characters) => {
      assert.equal(
        accepts(() => compileRe2(named)),
        accepts(() => RE2JS.compile(plain)),
        named,
      );
      if (!accepts(() => RE2JS.compile(plain))) return;
      const [text, regex] = [characters.join(''), new Regex(named)];
      assert.deepEqual(compileRe2(named).names, names, named);
      assert.deepEqual(regex.names, names, named);
      assert.deepEqual(groups(regex, text), groups(new Regex(plain), text), named);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  const refused: [pattern: string, part: string][] = [
    ['(?P<x>a)(?P<x>b)(?P<x>(?=c))', '(?='],
    ['(?P<x>a)(?P<x>b)(?P<x-(?P<x>)', '(?P<x-(?P<x>'],
    ['(?P<x>a)(?P<x>b)(?P<x', '(?P<x'],
    ['(?P<x>a)(?P<x>b', '(?P<x>a)(?P<x>b'],
    ['(?P<g_0>a)(?P<g_0>[(?P<g_0>', '[(?P<g_0>'],
    ['(?P<x>a)(?P<x>b)[z-a](?P<x>c)', 'z-a'],
  ];
  for (const [pattern, wrong] of refused) {
    test(`do not show in what is said against ${pattern}`, () => {
      assert.throws(
        () => compileRe2(pattern),
        (error) => error instanceof re2js().RE2JSSyntaxException && error.getPattern() === wrong,
      );
    });
  }

  test('are told apart in a long pattern, ended or not', () => {
    for (const piece of ['[', '[[:', '[^]', '(?P<', '(?P<x', '\\Q', 'g_', '\\']) {
      const pattern = `(?P<x>a)(?P<x>b)${piece.repeat(50_000)}`;
      const distinct = distinctNames(pattern);
      assert.notEqual(distinct.pattern, pattern);
      assert.equal(distinct.restored(distinct.pattern), pattern);
    }
  });
});
