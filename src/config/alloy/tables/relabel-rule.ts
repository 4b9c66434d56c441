import { RELABEL_RULE_DEFAULTS, type RelabelRule } from '../../../pipeline.js';
import { type DecodedOf, optional, schema } from '../schema.js';
import * as t from '../types.js';

const actions = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

/** The block `rule` of `loki.relabel` and `discovery.relabel`. */
export const relabelRule = schema(
  {
    action: optional(t.oneOf(...actions), 'replace'),
    source_labels: optional(t.list(t.text), []),
    separator: optional(t.text, ';'),
    regex: optional(t.regex, '(.*)'),
    replacement: optional(t.text, '$1'),
    target_label: optional(t.text, ''),
    modulus: optional(t.whole(0), 0),
  },
  {},
  ({ args, place, at }, diagnostics) => {
    const { action } = args;
    const needsTarget = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'].includes(action);
    if (needsTarget && args.target_label === '') {
      diagnostics.error(place, `the action "${action}" needs "target_label"`);
    }
    if (action === 'hashmod' && args.modulus === 0) {
      diagnostics.error(place, 'the action "hashmod" needs a "modulus" above 0');
    }
    const takes: Partial<Record<typeof action, readonly string[]>> = {
      labeldrop: ['regex'],
      labelkeep: ['regex'],
      keepequal: ['source_labels', 'target_label', 'separator'],
      dropequal: ['source_labels', 'target_label', 'separator'],
    };
    const taken = takes[action];
    if (taken === undefined) return;
    const given = {
      source_labels: args.source_labels.length > 0,
      separator: args.separator !== RELABEL_RULE_DEFAULTS.separator,
      regex: args.regex !== RELABEL_RULE_DEFAULTS.regex,
      replacement: args.replacement !== RELABEL_RULE_DEFAULTS.replacement,
      target_label: args.target_label !== '',
      modulus: args.modulus !== 0,
    };
    for (const [name, isGiven] of Object.entries(given)) {
      if (isGiven && !taken.includes(name))
        diagnostics.error(at(name), `the action "${action}" does not take "${name}"`);
    }
  },
);

export function relabelRuleOf({ args }: DecodedOf<typeof relabelRule>): RelabelRule {
  return {
    action: args.action,
    sourceLabels: args.source_labels,
    separator: args.separator,
    regex: args.regex,
    replacement: args.replacement,
    targetLabel: args.target_label,
    modulus: args.modulus,
  };
}
