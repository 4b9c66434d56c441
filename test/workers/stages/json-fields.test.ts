import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { feed, pipelineOf } from './harness.js';
import { jsonLine, KEYS } from './json-lines.js';

describe('json-fields', () => {
  test('finds in the bytes what is found in the parsed line', () => {
    const keys = KEYS.filter((key) => /^\w+$/.test(key));
    const expressions = Object.fromEntries([...keys, 'b'].map((key, i) => [`v${i}`, key]));
    const fast = pipelineOf([{ json: { expressions, dropMalformed: true } }], { keepAll: true });
    // With a regex, lines are always parsed as a whole.
    const slow = pipelineOf([{ json: { expressions, regex: '^never$', dropMalformed: true } }], { keepAll: true });
    const property = fc.property(fc.array(jsonLine, { minLength: 1, maxLength: 4 }), (lines) => {
      const whole = lines.map((bytes) => (bytes.includes(10) ? Buffer.from('{}') : bytes));
      assert.deepEqual(feed(fast, { lines: whole }).results, feed(slow, { lines: whole }).results);
    });
    fc.assert(property, { numRuns: 4000 });
  });
});
