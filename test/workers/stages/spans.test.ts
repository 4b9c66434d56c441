import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { feed, type LooseStage, pipelineOf } from './harness.js';

const pad = (value: number, length: number): string => String(value).padStart(length, '0');

const time = fc
  .tuple(
    fc.constantFrom('2026-08-01', '2026-08-01', '2024-02-29', '2026-02-29', '1969-12-31', '2262-04-12', '26-08-01'),
    fc.constantFrom('T', 'T', 'T', ' ', 't'),
    fc.constantFrom('12:00:00', '12:00:00', '23:59:59', '24:00:00', '1:00:00', '12:60:00'),
    fc.oneof(
      fc.nat(999_999_999).map((nanos) => `.${pad(nanos, 9)}`),
      fc.constantFrom('', '.', '.5', ',5', '.1234567890', '.12x'),
    ),
    fc.constantFrom('Z', 'Z', 'Z', 'z', '', '+02:00', '-11:30', '+24:00', '+02', '+23:60', 'Zx'),
  )
  .map((parts) => parts.join(''));
const level = fc.constantFrom(
  'info',
  'warn',
  'error',
  '',
  'ü',
  'x'.repeat(24),
  'x'.repeat(25),
  'debug',
  'a"b',
  '\u0000',
);
const line = fc
  .record({ ts: time, level, gone: fc.constantFrom('', 'gone', 'gon', 'goné', '\\u0067one') }, { requiredKeys: [] })
  .map((fields) => {
    const members = Object.entries(fields).map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
    return Buffer.from(`{${members.join(',')}}`.replace('\\\\u0067', '\\u0067'));
  });
/** With bytes that are no UTF-8 in it. */
const strayLine = Buffer.from('{"level":"\xff\xfe","ts":"\xff","gone":"g\xffne"}', 'latin1');

/** What follows the values from stage to stage. With a regex, stage.json makes texts at once. */
function pipelineWith(regex: string | null, more: LooseStage[]) {
  const names = { level: '', ts: '', gone: '' };
  return pipelineOf([{ json: { expressions: names, regex } }, ...more], { keepAll: true });
}

const STAGES: LooseStage[][] = ['RFC3339Nano', 'RFC3339', 'DateTime'].map((format) => [
  { labels: { values: { level: '' } } },
  { timestamp: { source: 'ts', format } },
  { drop: { source: ['gone'], value: 'gone' } },
]);
STAGES.push([{ drop: { source: ['gone'], value: '' } }, { structured_metadata: { values: { level: '', ts: '' } } }]);
STAGES.push([{ drop: { source: ['gone', 'level'], value: 'gone;info' } }, { pack: { labels: ['level', 'ts'] } }]);
STAGES.push([
  { match: { selector: '{a!="b"}', stages: [{ labels: { values: { level: '' } } }] } },
  { output: { source: 'ts' } },
]);

test('values that stay bytes come to the same as texts', () => {
  for (const stages of STAGES) {
    const fast = pipelineWith(null, stages);
    const slow = pipelineWith('^never$', stages);
    const lines = fc.array(fc.oneof({ weight: 9, arbitrary: line }, fc.constant(strayLine)), { maxLength: 12 });
    const property = fc.property(lines, (some) => {
      assert.deepEqual(feed(fast, { lines: some }), feed(slow, { lines: some }));
    });
    fc.assert(property, { numRuns: 400 });
  }
});
