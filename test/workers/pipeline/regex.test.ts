import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { Regex } from '../../../workers/pipeline/regex.js';

function re2Groups(source: string, text: string): string[] | null {
  const matcher = RE2JS.compile(source).matcher(text);
  if (!matcher.find()) return null;
  return Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? '');
}

function groups(source: string, text: string): string[] | null {
  return new Regex(source).exec(text)?.map((group) => group ?? '') ?? null;
}

const ATOMS = [
  'a',
  'b',
  '.',
  '\\d',
  '\\w',
  '\\s',
  '\\S',
  '[ab]',
  '[^a]',
  '[^"\\s]',
  'é',
  '1',
  ' ',
  '\\.',
  '"',
  '$',
  '\\b',
];

const pattern = fc.letrec<{ atom: string; piece: string; sequence: string; any: string }>((tie) => ({
  atom: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...ATOMS) },
    { weight: 1, arbitrary: tie('any').map((inner) => `(${inner})`) },
    { weight: 1, arbitrary: tie('any').map((inner) => `(?:${inner})`) },
  ),
  piece: fc
    .tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '{2}', '{1,3}', '{2,}'))
    .map(([atom, times]) => {
      return atom === '$' || atom === '\\b' ? atom : atom + times;
    }),
  sequence: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')),
  any: fc.oneof(
    { weight: 5, arbitrary: tie('sequence') },
    { weight: 1, arbitrary: fc.tuple(tie('sequence'), tie('sequence')).map(([a, b]) => `${a}|${b}`) },
  ),
}));

const text = fc.array(fc.constantFrom('a', 'b', '1', ' ', '.', '"', 'é', '\n', '\u2028', '😀', 'K', '\u000b'), {
  maxLength: 12,
});

describe('regex', () => {
  test('matches as RE2 does, on whichever engine', () => {
    const property = fc.property(
      fc.constantFrom('', '^', '(?s)', '(?i)'),
      pattern.any,
      text,
      (head, body, characters) => {
        const source = head + body;
        assert.deepEqual(
          groups(source, characters.join('')),
          re2Groups(source, characters.join('')),
          new Regex(source).engine,
        );
      },
    );
    fc.assert(property, { numRuns: 5000 });
  });

  test('finds every match, as Go does', () => {
    const all = (source: string, subject: string) => new Regex(source).all(subject).map((match) => match.join(' '));
    assert.deepEqual(all('a*', 'baac'), ['0 0', '1 3', '4 4']);
    assert.deepEqual(all('(a)|b', 'ab'), ['0 1 0 1', '1 2 -1 -1']);
    assert.deepEqual(all('', '😀'), ['0 0', '2 2']);
    assert.deepEqual(all('(a+)+', 'aab'), ['0 2 0 2']);
    assert.deepEqual(all('-?\\B', 's😀'), ['3 3']);
  });

  test('uses the faster engine where it can do no harm', () => {
    const engine = (source: string) => new Regex(source).engine;
    assert.equal(
      engine('^/var/log/pods/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_[^/]+/(?P<container>[^/]+)/.*\\.log$'),
      'native',
    );
    assert.equal(engine('level=(?P<level>\\w+)'), 'native');
    assert.equal(engine('\\d+x'), 'native when short');
    assert.equal(engine('(a+)+$'), 'linear');
    assert.equal(engine('^.*a.*b.*c'), 'linear');
    assert.equal(engine('\\pL+'), 'linear');
  });

  // Steps are counted in linear/steps.test.ts; here an engine that backtracks would take hours.
  test('no pattern and no line stalls: a hundred thousand a', () => {
    const line = 'a'.repeat(100_000);
    for (const source of [
      '(a+)+$',
      '(a|a)*b',
      '(a|aa)+$',
      'a*a*a*b',
      '(.*)(.*)(.*)x',
      'a+b',
      '^(a+)+$',
      '([a-z]+)*=',
      '.*.*=.*',
      'a.*x|a',
      '(?:(a)+)*?b|(a)',
      '(a{1,30}){1,30}$',
      '(a?){500}a{500}',
    ]) {
      const regex = new Regex(source);
      const [first] = regex.all(line);
      assert.equal(regex.test(line), first !== undefined, source);
      assert.equal(regex.exec(line)?.[0], first && line.slice(first[0], first[1]), source);
      const rest = regex.replaceAll(line, () => '');
      assert.equal(rest.length === line.length, first === undefined, source);
    }
  });

  test('fills in what a template names', () => {
    const regex = new Regex('(?P<x>a)(b)?');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how Go names a group.
    const template = '$1-${x}-$x-$2-$9-$$-$1x';
    const match = regex.exec('a')!;
    assert.equal(regex.expand(template, match), 'a-a-a---$-');
  });
});
