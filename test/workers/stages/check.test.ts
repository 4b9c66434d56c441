import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStages, mistakeIn } from '../../../workers/stages/check.js';
import { type LooseStage, specOf } from './harness.js';

function told(stage: LooseStage): [argument: string, offset: number | null, message: string] {
  const mistake = mistakeIn(specOf(stage));
  assert.ok(mistake !== null);
  return [mistake.argument, mistake.offset, mistake.message];
}

test('tells what is wrong with a stage, and in which argument', () => {
  assert.equal(mistakeIn(specOf({ cri: {} })), null);
  const [argument, , message] = told({ regex: { expression: '(' } });
  assert.equal(argument, 'expression');
  assert.match(message, /RE2/);
  assert.match(told({ geoip: { db: '/none.mmdb', source: 'ip', dbType: 'city' } }).join(), /^db,,.*none\.mmdb/);
  assert.match(told({ match: { selector: '{' } }).join(), /^selector,,.*label matcher/);
});

test('leaves nested stages to questions of their own', () => {
  const nested = { match: { selector: '{a="b"}', stages: [{ regex: { expression: '(' } }] } };
  assert.equal(mistakeIn(specOf(nested)), null);
});

const templates: [template: string, offset: number, message: string][] = [
  ['ab{{ x }}', 5, 'function "x" is not defined'],
  ['{{ .a }}{{ .b | nope }}', 16, 'function "nope" is not defined'],
  ['a{{ if .a }}b', 4, '{{if}} is not ended'],
  ['a{{ end }}', 4, 'unexpected {{end}}'],
  ['abc {{ .a', 4, 'unclosed action'],
  ['{{ .a # }}', 6, 'unexpected "#" in an action'],
  ['{{ $x }}', 3, 'variable $x is not defined'],
  ['{{ "\\q" }}', 3, 'unknown escape \\q'],
  ['{{ }}', 3, 'an action or a step of its pipeline is empty'],
  ['{{ break }}', 3, '{{break}} outside {{range}}'],
  ['x{{ define }}', 11, '{{define}} needs a name in quotes'],
  ['{{ (.a }}', 7, 'a parenthesis is not closed'],
  ['{{ 1 .a }}', 3, 'arguments are given to something that is no function'],
];

for (const [template, offset, message] of templates) {
  test(`tells at which character a template is wrong: ${template}`, () => {
    const expected = `this is no Go template: ${message}`;
    assert.deepEqual(told({ template: { source: 'a', template } }), ['template', offset, expected]);
    const replace = told({ replace: { expression: '(a)', replace: template } });
    assert.deepEqual(replace, ['replace', offset, expected]);
  });
}

test('answers for each stage, in their order', async () => {
  const stages = [{ cri: {} }, { template: { source: 'a', template: '{{' } }, { docker: {} }].map(specOf);
  const { mistakes } = await checkStages({ stages });
  assert.deepEqual(
    mistakes.map((mistake) => mistake?.argument ?? null),
    [null, 'template', null],
  );
});
