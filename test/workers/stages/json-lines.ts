import fc from 'fast-check';

/** Keys of lines. */
export const KEYS = ['a', 'b', 'long_key', 'é', 'a\n', '__proto__', 'constructor'];
const scalar = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'x',
    'z',
    'ab"c',
    '\\',
    '\u0000',
    'ü',
    '\ud83d',
    '😀',
    '<&>',
    'line\nline',
    'y'.repeat(60),
  ),
  fc.constantFrom<unknown>(0, -0, 1, -1, 12.5, 1e21, 1e-7, true, false, null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom(...KEYS), scalar, { maxKeys: 3 }),
);
const members = fc.array(fc.tuple(fc.constantFrom(...KEYS), value), { maxLength: 6 });

/** Objects as programs write them, in several styles, with keys that come twice. */
const object = fc
  .tuple(members, fc.constantFrom(',', ', ', ' ,\t'), fc.constantFrom(':', ': ', ' :'), fc.constantFrom('', ' '))
  .map(([list, comma, colon, space]) => {
    const texts = list.map(([key, one]) => `${JSON.stringify(key)}${colon}${JSON.stringify(one)}`);
    return `${space}{${texts.join(comma)}}${space}`;
  });

const damaged = fc
  .tuple(
    object,
    fc.nat(60),
    fc.constantFrom('', '"', '\\', '\\u12', '{', '}', ',', '0', '-', '.', 'e', '\u0001', '\u00ff'),
  )
  .map(([text, at, instead]) => text.slice(0, at) + instead + text.slice(at + 1));

const odd = fc.constantFrom('{}', 'null', '[]', '{"a":01}', '{"a":-}', '{"a":1e5,"b":-0.0}', '{"a":truE}', '{"a":1}}');

/** A line that is mostly JSON. */
export const jsonLine = fc.oneof(object, object, damaged, odd).map((text) => Buffer.from(text));
