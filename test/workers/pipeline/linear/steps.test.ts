import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RE2JS } from 're2js';
import { Random } from '../../../../bench/node/random.js';
import { LinearMatcher } from '../../../../workers/pipeline/linear/matcher.js';

const LENGTH = 100_000;
const A = 'a'.repeat(LENGTH);
const random = new Random('ab');
const AB = Array.from({ length: LENGTH }, () => (random.below(2) === 0 ? 'a' : 'b')).join('');

/** What makes an engine that backtracks, searches anew for each match, or follows all ways side by side, take long. */
const NASTY: [pattern: string, text: string][] = [
  ['(a+)+$', A],
  ['^(a+)+$', `${A}!`],
  ['(a|a)*[bx]', A],
  ['(a|aa)+$', A],
  ['a*a*a*[bx]', A],
  ['(.*)(.*)(.*)[xy]', A],
  ['(.*)*(.*)*(.*)*$', A],
  ['.*.*[=:].*', A],
  ['([a-z]+)*[=:]', A],
  ['a+[bx]', A],
  ['a.*x|a', A],
  ['(?:(a)+)*?b|(a)', A],
  ['(a{1,30}){1,30}', A],
  ['(a{1,30}){1,30}$', A],
  ['(?:a?){500}a{500}', A],
  ['(?:a??){1000}[bx]', A],
  ['(?:a??){500}$', A],
  ['((a*)*)*$', A],
  ['(\\b|\\B)*a$', AB],
  ['(?:|a|b|ab|ba)*?[cd]', AB],
  ['(?:a|b)*?(?:ab|ba){1,100}$', AB],
  ['(a[ab]{0,500})*c|a', AB],
  ['(?m)(^|$|a|b)*?x|(\\b)', AB],
  ['(?:(a)|(b)|(ab)|(ba)|(aa)|(bb)|())*', AB],
  [`(?:${'(c)|'.repeat(200)}(a)|(b))*`, AB],
];

/** Which of the last characters are what: more states than can be kept. For these the program counts as well. */
const MANY_STATES = ['[ab]{12}a', '[ab]{200}a', '[ab]{1000}a', '(?:[ab]|ab|ba){200}a', '(?:[ab]{300}a){3}'];

function stepsOf(pattern: string, run: (matcher: LinearMatcher) => unknown): number {
  const matcher = new LinearMatcher(RE2JS.compile(pattern));
  run(matcher);
  return matcher.steps;
}

describe('steps of the linear matcher', () => {
  test('a few for each character: whether, the first match, and all', () => {
    for (const [pattern, text] of NASTY) {
      for (const find of ['test', 'first', 'all'] as const) {
        const steps = stepsOf(pattern, (matcher) => matcher[find](text)) / LENGTH;
        assert.ok(steps <= 16, `${pattern}, ${find}: ${steps} for each character`);
      }
    }
  });

  test('twice as many for a text twice as long', () => {
    for (const [pattern, text] of NASTY) {
      const once = stepsOf(pattern, (matcher) => matcher.all(text));
      const twice = stepsOf(pattern, (matcher) => matcher.all(text + text));
      assert.ok(twice <= 2.5 * once, `${pattern}: ${once}, then ${twice}`);
    }
  });

  test('at most the size of the program for each character, where there are too many states to keep', () => {
    for (const pattern of MANY_STATES) {
      const size = RE2JS.compile(pattern).programSize();
      const steps = stepsOf(pattern, (matcher) => matcher.all(AB)) / LENGTH;
      assert.ok(steps <= size, `${pattern}: ${steps} for each character, ${size} instructions`);
    }
  });
});
