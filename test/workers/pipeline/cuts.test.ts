import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { feed, pipelineOf } from '../stages/harness.js';
import { STAGES } from './remembering.js';

const content = fc.constantFrom('a', ' b', 'x', '12', '12', '34 a', '[1,2]', '', 'ü', '\tat b', '99 x');
const line = fc.tuple(fc.constantFrom('stdout', 'stderr'), fc.constantFrom('F', 'F', 'P'), content);
const lines = fc.array(line, { minLength: 1, maxLength: 14 });

function bytesOf(given: [string, string, string][]): Buffer[] {
  return given.map(([stream, flag, text], i) =>
    Buffer.from(`2026-08-01T12:00:0${i % 10}.5Z ${stream} ${flag} ${text}`),
  );
}

const stages = fc.array(fc.constantFrom(...STAGES), { minLength: 1, maxLength: 6 });

describe('the outcome of a pipeline', () => {
  test('does not depend on where slices are cut, nor on how much room a push has', () => {
    const cuts = fc.array(fc.nat(14), { maxLength: 6 });
    const property = fc.property(stages, lines, cuts, fc.integer({ min: 1, max: 3 }), (chain, given, at, room) => {
      const all = bytesOf(given);
      const whole = feed(pipelineOf(chain), { lines: all });
      const cut = feed(pipelineOf(chain), { lines: all, cuts: at });
      const narrow = feed(pipelineOf(chain), { lines: all, room });
      const shown = ({ results }: typeof whole) => results.map(({ values: _, ...rest }) => rest);
      assert.deepEqual(shown(cut), shown(whole));
      assert.deepEqual(shown(narrow), shown(whole));
      assert.deepEqual(cut.delta, whole.delta);
    });
    fc.assert(property, { numRuns: 1500 });
  });

  test('does not depend on what was hoisted, nor on what was kept', () => {
    const property = fc.property(stages, lines, (chain, given) => {
      const all = bytesOf(given);
      const seen = (options: object) => {
        const fed = feed(pipelineOf(chain, options), { lines: all });
        return { results: fed.results.map(({ values: _, ...rest }) => rest), delta: fed.delta };
      };
      assert.deepEqual(seen({ hoist: false, keepAll: true }), seen({}));
    });
    fc.assert(property, { numRuns: 1500 });
  });

  test('is the same with more streams than are remembered, and the carry stays small', () => {
    const chain = [
      { regex: { expression: '(?P<t>\\d+) (?P<id>\\d+)' } },
      { labels: { values: { id: '' } } },
      { timestamp: { source: 't', format: 'Unix' } },
    ];
    const given = Array.from({ length: 2400 }, (_, i) => Buffer.from(`1785585600 ${i % (i < 1200 ? 200 : 1000)}`));
    const whole = feed(pipelineOf(chain), { lines: given, flush: false });
    const cut = feed(pipelineOf(chain), { lines: given, cuts: [10, 300, 301, 700], flush: false });
    assert.deepEqual(
      cut.results.map(({ ns }) => ns),
      whole.results.map(({ ns }) => ns),
    );
    assert.ok(whole.carry!.length < 256 * 200, `${whole.carry!.length}`);
  });
});
