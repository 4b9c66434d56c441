// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is expanded
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { relabel } from '../../../src/config/alloy/relabel.js';
import { RELABEL_RULE_DEFAULTS, type RelabelRule } from '../../../src/pipeline.js';
import { Entry } from '../../../workers/pipeline/entry.js';
import { LabelSets } from '../../../workers/pipeline/labels.js';
import { Tally } from '../../../workers/pipeline/tally.js';
import { compileRelabel } from '../../../workers/stages/relabel.js';

const base: RelabelRule = { ...RELABEL_RULE_DEFAULTS, sourceLabels: [] };

function run(rule: Partial<RelabelRule>, labels: Record<string, string>): Record<string, string> | null {
  const result = relabel([{ ...base, ...rule }], new Map(Object.entries(labels)));
  return result === null ? null : Object.fromEntries(result);
}

describe('relabelling of targets', () => {
  const labels = { a: 'x1', b: 'y' };
  const cases: [what: string, rule: Partial<RelabelRule>, expected: Record<string, string> | null][] = [
    ['replaces', { sourceLabels: ['a', 'b'], targetLabel: 'c' }, { ...labels, c: 'x1;y' }],
    ['leaves what does not match', { sourceLabels: ['a'], regex: 'x', targetLabel: 'c' }, labels],
    ['deletes what becomes empty', { sourceLabels: ['none'], targetLabel: 'a' }, { b: 'y' }],
    ['expands the target', { sourceLabels: ['b'], targetLabel: '${1}_1', replacement: 'z' }, { ...labels, y_1: 'z' }],
    [
      'expands named groups and dollars',
      { sourceLabels: ['a'], regex: '(?P<l>.)(.)', targetLabel: 'c', replacement: '$2-${l}$$$x' },
      { ...labels, c: '1-x$' },
    ],
    [
      'reads as many letters as a name has',
      { sourceLabels: ['b'], targetLabel: 'c', replacement: 'v$1x' },
      { ...labels, c: 'v' },
    ],
    [
      'takes of groups of one name the first that took part',
      { sourceLabels: ['a'], regex: '(?P<l>y)?(?P<l>.)(?P<l>.)', targetLabel: 'c', replacement: '$l${l}$01' },
      { ...labels, c: 'xx' },
    ],
    ['keeps', { action: 'keep', sourceLabels: ['a'], regex: 'x.' }, labels],
    ['does not keep', { action: 'keep', sourceLabels: ['a'], regex: 'x' }, null],
    ['drops', { action: 'drop', sourceLabels: ['a'], regex: 'x|x1' }, null],
    ['keeps what is equal', { action: 'keepequal', sourceLabels: ['a'], targetLabel: 'b' }, null],
    ['drops what is equal', { action: 'dropequal', sourceLabels: ['a'], targetLabel: 'b' }, labels],
    ['hashes', { action: 'hashmod', sourceLabels: ['a'], modulus: 1000, targetLabel: 'h' }, { ...labels, h: '565' }],
    ['maps labels', { action: 'labelmap', regex: '(a)', replacement: 'm_$1' }, { ...labels, m_a: 'x1' }],
    ['drops labels', { action: 'labeldrop', regex: 'a.*' }, { b: 'y' }],
    ['keeps labels', { action: 'labelkeep', regex: 'a.*' }, { a: 'x1' }],
    ['lowers', { action: 'lowercase', sourceLabels: ['a'], targetLabel: 'c' }, { ...labels, c: 'x1' }],
    ['raises', { action: 'uppercase', sourceLabels: ['a'], targetLabel: 'c' }, { ...labels, c: 'X1' }],
  ];
  for (const [what, rule, expected] of cases) {
    it(what, () => assert.deepEqual(run(rule, labels), expected));
  }

  it('does what the stage does', () => {
    const word = fc.constantFrom('', 'a', 'b', 'ab', 'a_b', 'B');
    const name = fc.constantFrom('a', 'b', 'ab', 'a_b');
    const rule = fc.record({
      action: fc.constantFrom(
        ...([
          'replace',
          'keep',
          'drop',
          'keepequal',
          'dropequal',
          'hashmod',
          'labelmap',
          'labeldrop',
          'labelkeep',
        ] as const),
        'lowercase' as const,
        'uppercase' as const,
      ),
      sourceLabels: fc.array(name, { maxLength: 2 }),
      separator: fc.constantFrom(';', '', '_'),
      regex: fc.constantFrom('(.*)', 'a', '(a)(.*)', '(?P<n>a|b)_?(.*)', '.', ''),
      replacement: fc.constantFrom('c$1', 'b${2}', 'a$n', '_${n}_$2', 'x$$', 'a'),
      targetLabel: fc.constantFrom('a', 'c', 'ab', 'x_$1'),
      modulus: fc.constantFrom(1, 7),
    });
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 3 }), fc.dictionary(name, word), (rules, dictionary) => {
        const labels = new Map(Object.entries(dictionary).filter(([, value]) => value !== ''));
        const entry = new Entry(new LabelSets().of(labels));
        const kept = compileRelabel({ stage: 'relabel', rules }, { tally: new Tally('', true) }).process(entry);
        const expected = kept ? Object.fromEntries(entry.labels.labels) : null;
        const result = relabel(rules, labels);
        assert.deepEqual(result === null ? null : Object.fromEntries(result), expected);
      }),
      { numRuns: 500 },
    );
  });
});
