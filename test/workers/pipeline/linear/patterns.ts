import fc from 'fast-check';
import { RE2JS } from 're2js';

const ATOMS = [
  'a',
  'b',
  'k',
  'A',
  'K',
  '.',
  '\\d',
  '\\w',
  '\\W',
  '\\s',
  '[ab]',
  '[^a]',
  '[^\\n]',
  '\\pL',
  '\\PL',
  '[[:alpha:]]',
  '[\\x{1F600}-\\x{1F6FF}]',
  'é',
  'σ',
  '😀',
  ' ',
  '\\n',
  '(?i:k)',
  '(?i:s)',
  '(?i:σ)',
  '(?s:.)',
  '(?:)',
  '()',
];
const ASSERTIONS = ['^', '$', '\\A', '\\z', '\\b', '\\B', '(?m:^)', '(?m:$)'];
const TIMES = ['', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{0,2}', '{1,3}', '{2,}', '{1,2}?', '{0}'];

/** Patterns of every kind of syntax that RE2 has; those it refuses are left out. */
export const pattern: fc.Arbitrary<string> = patternOf(ATOMS, TIMES);

/** Patterns whose programs are too large for a word of bits. */
export const largePattern: fc.Arbitrary<string> = patternOf(
  ['a', 'a', 'b', '[ab]', '.', 'ab', '$', '\\b'],
  ['', '', '*', '+?', '{33}', '{0,40}', '{5,70}?', '{2,}', '?'],
);

function patternOf(atoms: readonly string[], times: readonly string[]): fc.Arbitrary<string> {
  return fc
    .letrec<{ atom: string; piece: string; sequence: string; any: string }>((tie) => ({
      atom: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...atoms) },
        { weight: 1, arbitrary: fc.constantFrom(...ASSERTIONS) },
        { weight: 2, arbitrary: tie('any').map((inner) => `(${inner})`) },
        { weight: 1, arbitrary: tie('any').map((inner) => `(?:${inner})`) },
      ),
      piece: fc.tuple(tie('atom'), fc.constantFrom(...times)).map(([atom, times]) => atom + times),
      sequence: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')),
      any: fc.oneof(
        { weight: 4, arbitrary: tie('sequence') },
        { weight: 1, arbitrary: fc.tuple(tie('sequence'), tie('sequence')).map((branches) => branches.join('|')) },
        { weight: 1, arbitrary: tie('sequence').map((sequence) => `|${sequence}`) },
      ),
    }))
    .any.chain((body) =>
      fc.constantFrom('', '', '', '(?i)', '(?s)', '(?m)', '(?U)', '(?im)').map((head) => head + body),
    )
    .filter(isTaken);
}

function isTaken(source: string): boolean {
  try {
    RE2JS.compile(source);
    return true;
  } catch {
    return false;
  }
}

const CHARACTERS = [
  'a',
  'a',
  'b',
  'k',
  'K',
  'A',
  'K',
  's',
  '1',
  ' ',
  '_',
  '\n',
  'é',
  'σ',
  'ς',
  'Σ',
  'ſ',
  '\u212a',
  '😀',
  '\ud83d',
  '\ude00',
];

/** Texts over a few characters, halves of others among them. */
export const text: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...CHARACTERS), { maxLength: 14 })
  .map((characters) => characters.join(''));

/** Longer texts over fewer characters. */
export const longText: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('a', 'a', 'a', 'b', 'ab', 'aaaaaaaa', 'bbbbbbbbbbbb', ' ', 'ababababababababababab'), {
    maxLength: 40,
  })
  .map((parts) => parts.join(''));

/** The first match at or after `from`, as pairs of start and end, by re2js' own engines. */
function re2First(re2: RE2JS, subject: string, from: number): number[] | null {
  const matcher = re2.matcher(subject);
  if (!matcher.find(from)) return null;
  return Array.from({ length: matcher.groupCount() + 1 }, (_, i) => [matcher.start(i), matcher.end(i)]).flat();
}

/** Every match by re2js' own engines, as Go's FindAllSubmatchIndex puts them together. */
export function re2All(re2: RE2JS, subject: string): number[][] {
  const matches: number[][] = [];
  let lastEnd = -1;
  for (let at = 0; at <= subject.length; ) {
    const match = re2First(re2, subject, at);
    if (match === null) break;
    const [start, end] = [match[0]!, match[1]!];
    if (start !== end || start !== lastEnd) matches.push(match);
    lastEnd = end;
    if (end > at) at = end;
    else at += (subject.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return matches;
}
