import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { LinearMatcher } from '../../../../workers/pipeline/linear/matcher.js';
import { largePattern, longText, pattern, re2All, text } from './patterns.js';

function findsWhatRe2Finds(re2: RE2JS, matcher: LinearMatcher, subject: string): void {
  const all = re2All(re2, subject);
  assert.deepEqual(matcher.all(subject), all);
  assert.deepEqual(matcher.first(subject), all[0] ?? null);
  assert.equal(matcher.test(subject), all.length > 0);
}

describe('linear matcher', () => {
  test('finds what RE2 finds: whether, the first with its groups, and all', () => {
    const property = fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 4 }), (source, texts) => {
      const re2 = RE2JS.compile(source);
      const matcher = new LinearMatcher(re2);
      for (const subject of texts) findsWhatRe2Finds(re2, matcher, subject);
    });
    fc.assert(property, { numRuns: Number(process.env.REGEX_RUNS ?? 3000) });
  });

  test('finds what RE2 finds with programs of many nodes', () => {
    const property = fc.property(largePattern, fc.array(longText, { minLength: 1, maxLength: 3 }), (source, texts) => {
      const re2 = RE2JS.compile(source);
      const matcher = new LinearMatcher(re2);
      for (const subject of texts) findsWhatRe2Finds(re2, matcher, subject);
    });
    fc.assert(property, { numRuns: Number(process.env.REGEX_RUNS ?? 1000) });
  });

  test('finds the same with next to no memory', () => {
    const limits = fc.record({
      words: fc.constant(0),
      states: fc.integer({ min: 3, max: 6 }),
      places: fc.integer({ min: 1, max: 6 }),
      choiceSteps: fc.integer({ min: 0, max: 3 }),
      choiceWords: fc.integer({ min: 0, max: 40 }),
    });
    const property = fc.property(
      pattern,
      fc.array(text, { minLength: 1, maxLength: 4 }),
      limits,
      (source, texts, little) => {
        const re2 = RE2JS.compile(source);
        const matcher = new LinearMatcher(re2, little);
        for (const subject of texts) findsWhatRe2Finds(re2, matcher, subject);
      },
    );
    fc.assert(property, { numRuns: Number(process.env.REGEX_RUNS ?? 3000) });
  });
});
