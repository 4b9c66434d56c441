import { createHash } from 'node:crypto';
import { toLower, toUpper } from '../../go-text.js';
import { LABEL_NAME, type RelabelRule } from '../../pipeline.js';
import { expand } from '../../regex/expand.js';
import { compileRe2, type Re2 } from '../../regex/re2.js';

/**
 * Applies rules to a set of labels, as Prometheus does. Rules are those that `relabelRule` has accepted.
 * @returns the labels that come out, or null if they are dropped
 */
export function relabel(
  rules: readonly RelabelRule[],
  labels: ReadonlyMap<string, string>,
): Map<string, string> | null {
  const result = new Map(labels);
  return rules.every((rule) => apply(rule, result)) ? result : null;
}

/** Changes `labels`; false drops them. */
function apply(rule: RelabelRule, labels: Map<string, string>): boolean {
  const compiled = compileRe2(`^(?s:${rule.regex})$`);
  const regex = compiled.re2;
  const value = rule.sourceLabels.map((name) => labels.get(name) ?? '').join(rule.separator);
  switch (rule.action) {
    case 'keep':
      return regex.matches(value);
    case 'drop':
      return !regex.matches(value);
    case 'keepequal':
      return (labels.get(rule.targetLabel) ?? '') === value;
    case 'dropequal':
      return (labels.get(rule.targetLabel) ?? '') !== value;
    case 'replace': {
      const fill = filler(compiled, value);
      if (fill === null) return true;
      const name = fill(rule.targetLabel);
      // A target that becomes no name of a label is left alone.
      if (LABEL_NAME.test(name)) setLabel(labels, name, fill(rule.replacement));
      return true;
    }
    case 'lowercase':
      setLabel(labels, rule.targetLabel, toLower(value));
      return true;
    case 'uppercase':
      setLabel(labels, rule.targetLabel, toUpper(value));
      return true;
    case 'hashmod': {
      const hash = createHash('md5').update(value).digest().readBigUInt64BE(8);
      setLabel(labels, rule.targetLabel, String(hash % BigInt(rule.modulus)));
      return true;
    }
    case 'labelmap':
      for (const [name, text] of [...labels]) {
        const fill = filler(compiled, name);
        if (fill !== null) setLabel(labels, fill(rule.replacement), text);
      }
      return true;
    case 'labeldrop':
    case 'labelkeep':
      for (const name of [...labels.keys()]) {
        if (regex.matches(name) === (rule.action === 'labeldrop')) labels.delete(name);
      }
      return true;
  }
}

/** A label without a value is none. */
function setLabel(labels: Map<string, string>, name: string, value: string): void {
  if (value === '') labels.delete(name);
  else if (name !== '') labels.set(name, value);
}

/** Puts what the groups matched into a template; null without a match. */
function filler({ re2, names }: Re2, value: string): ((template: string) => string) | null {
  const matcher = re2.matcher(value);
  if (!matcher.matches()) return null;
  const groups = [null, ...names].map((_, index) => matcher.group(index) ?? undefined);
  return (template) => expand(template, names, groups);
}
