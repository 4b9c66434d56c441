import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLabels, parseLabels } from '../../../bench/receiver/labels.js';
import type { Pair } from '../../../bench/receiver/payload.js';

const good: [string, Pair[]][] = [
  ['{}', []],
  ['{a="v"}', [['a', 'v']]],
  [
    ' { b = "w" , a="v", } ',
    [
      ['a', 'v'],
      ['b', 'w'],
    ],
  ],
  ['{a=""}', []],
  ['{a="\\a\\b\\f\\n\\r\\t\\v\\\\\\""}', [['a', '\x07\b\f\n\r\t\v\\"']]],
  ['{a="\\x41\\101\\u00e4\\U0001f600\\xc3\\xa4"}', [['a', 'AAä😀ä']]],
  ['{a="ä😀"}', [['a', 'ä😀']]],
  ['{a="\\ufffd"}', [['a', '\ufffd']]],
  ["{a='v\"\\''}", [['a', 'v"\'']]],
  ['{a=`v\\n`}', [['a', 'v\\n']]],
];
for (const [text, labels] of good) test(`${text} parses`, () => assert.deepEqual(parseLabels(text), labels));

const bad = [
  '',
  'a="v"',
  '{a="v"',
  '{a=}',
  '{a}',
  '{"a"="v"}',
  '{a="v" b="w"}',
  '{a="v",,b="w"}',
  '{,}',
  '{a="v"}}',
  '{a-b="v"}',
  '{1a="v"}',
  '{ä="v"}',
  '{a.b="v"}',
  '{a=v}',
  '{a="v}',
  '{a="\n"}',
  '{a="\\q"}',
  '{a="\\\'"}',
  '{a="\\x4"}',
  '{a="\\u12"}',
  '{a="\\ud800"}',
  '{a="\\U00110000"}',
  '{a="\\400"}',
  '{a="\\',
  '{a="\ufffd"}',
  '{a!="v"}',
];
for (const text of bad) {
  test(`${JSON.stringify(text)} does not parse`, () => assert.throws(() => parseLabels(text), /parse error: /));
}

test('any labels survive being written and read, if they hold no U+FFFD', () => {
  const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
  const value = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\ufffd'));
  fc.assert(
    fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (labels) => {
      const pairs = Object.entries(labels);
      assert.deepEqual(Object.fromEntries(parseLabels(formatLabels(pairs))), labels);
    }),
  );
});
