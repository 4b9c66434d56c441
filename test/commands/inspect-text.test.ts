import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InspectText } from '../../src/commands/inspect-text.js';
import type { InspectedPass, InspectedStep } from '../../src/protocol.js';

function step(stage: string, rest: Partial<InspectedStep> = {}): InspectedStep {
  const nothing = { changes: {}, reason: null, counted: [], because: null, nested: [], emitted: [] };
  return { component: 'loki.process.p', stage, outcome: 'passed', ...nothing, ...rest };
}

function lineOf(steps: InspectedStep[], colors = false): string {
  const pass: InspectedPass = { steps, entry: null };
  return new InspectText(['way'], colors).line({ number: 7, line: 'text', cut: false, passes: [[pass]] });
}

test('each aspect that a stage changes, before and after', () => {
  const changes = {
    line: { before: 'a"b', after: 'c' },
    timestamp: { before: '2026-01-01T00:00:00.000000000Z', after: '2026-01-02T00:00:00.000000000Z' },
    labels: [{ name: 'app', before: 'x', after: 'y' }],
    extracted: [
      { name: 'n', after: 3 },
      { name: 'gone', before: null },
    ],
    metadata: [{ name: 'id', after: '1' }],
  };
  assert.equal(
    lineOf([step('stage.x', { changes })]),
    `7: text
  loki.process.p
    stage.x
      line      - "a\\"b"
      line      + "c"
      timestamp - 2026-01-01T00:00:00.000000000Z
      timestamp + 2026-01-02T00:00:00.000000000Z
      labels    - app = "x"
      labels    + app = "y"
      extracted + n = 3
      extracted - gone = null
      metadata  + id = "1"

`,
  );
});

test('what is dropped, and why', () => {
  const dropped = step('stage.drop', { outcome: 'dropped', reason: 'debug', because: { expression: 'level=debug' } });
  assert.match(lineOf([dropped]), /stage\.drop: dropped, counted as debug \(expression = "level=debug"\)\n/);
});

test('ways stand apart under their names; a way that nothing took is left out at the end', () => {
  const text = new InspectText(['first', 'second'], false);
  const pass: InspectedPass = { steps: [step('stage.x')], entry: null };
  assert.equal(
    text.line({ number: 1, line: null, cut: false, passes: [[], [pass]] }),
    'end: what was held back\n  second\n    loki.process.p\n      stage.x: nothing changes\n\n',
  );
});

test('colours only where they are asked for', () => {
  const dropped = [step('stage.drop', { outcome: 'dropped' })];
  assert.ok(!lineOf(dropped).includes('\u001b'));
  const colored = lineOf(dropped, true);
  assert.ok(colored.includes('\u001b[31m: dropped'), colored);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  assert.equal(colored.replace(/\u001b\[\d+m/g, ''), lineOf(dropped));
});
