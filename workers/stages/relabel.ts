import { toLower, toUpper } from '../../src/go-text.js';
import { LABEL_NAME, type RelabelRule, type RelabelStage } from '../../src/pipeline.js';
import { createHash } from '../hash.js';
import type { Entry } from '../pipeline/entry.js';
import type { LabelSet } from '../pipeline/labels.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';

export function accessRelabel(): Access {
  return { reads: ['l:*'], writes: ['l:*'], pure: true };
}

/** Changes labels by a rule; null: the entry is dropped. */
type Rule = (labels: LabelSet) => LabelSet | null;

/** Changes labels as Prometheus does (package relabel). Entries that a rule drops are gone. */
export function compileRelabel({ rules }: RelabelStage, { tally }: Pick<StageContext, 'tally'>): Stage {
  const compiled = rules.map(compileRule);
  return {
    process(entry: Entry): boolean {
      for (const rule of compiled) {
        const labels = rule(entry.labels);
        if (labels === null) {
          tally.droppedSilently('relabel');
          return false;
        }
        entry.labels = labels;
      }
      return true;
    },
  };
}

function put(labels: LabelSet, name: string, value: string): LabelSet {
  return value === '' ? labels.without(name) : labels.with(name, value);
}

function filterNames(labels: LabelSet, keeps: (name: string) => boolean): LabelSet {
  let result = labels;
  for (const name of labels.labels.keys()) if (!keeps(name)) result = result.without(name);
  return result;
}

/** Throws an Error with a message for the user if the regex does not hold. */
function compileRule(rule: RelabelRule): Rule {
  const { sourceLabels, separator, replacement, targetLabel } = rule;
  const regex = new Regex(`(?s)^(?:${rule.regex})$`);
  const joined = (labels: LabelSet): string => sourceLabels.map((name) => labels.get(name) ?? '').join(separator);
  switch (rule.action) {
    case 'replace':
      return (labels) => {
        const groups = regex.exec(joined(labels));
        if (groups === null) return labels;
        const target = regex.expand(targetLabel, groups);
        return LABEL_NAME.test(target) ? put(labels, target, regex.expand(replacement, groups)) : labels;
      };
    case 'keep':
      return (labels) => (regex.test(joined(labels)) ? labels : null);
    case 'drop':
      return (labels) => (regex.test(joined(labels)) ? null : labels);
    case 'keepequal':
      return (labels) => (joined(labels) === (labels.get(targetLabel) ?? '') ? labels : null);
    case 'dropequal':
      return (labels) => (joined(labels) === (labels.get(targetLabel) ?? '') ? null : labels);
    case 'hashmod':
      return (labels) => {
        const hash = createHash('md5').update(joined(labels)).digest();
        return put(labels, targetLabel, String(hash.readBigUInt64BE(8) % BigInt(rule.modulus)));
      };
    case 'labelmap':
      return (labels) => {
        let result = labels;
        for (const [name, value] of labels.labels) {
          const groups = regex.exec(name);
          if (groups !== null) result = put(result, regex.expand(replacement, groups), value);
        }
        return result;
      };
    case 'labeldrop':
      return (labels) => filterNames(labels, (name) => !regex.test(name));
    case 'labelkeep':
      return (labels) => filterNames(labels, (name) => regex.test(name));
    case 'lowercase':
      return (labels) => put(labels, targetLabel, toLower(joined(labels)));
    case 'uppercase':
      return (labels) => put(labels, targetLabel, toUpper(joined(labels)));
  }
}
