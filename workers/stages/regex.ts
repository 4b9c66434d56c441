import type { RegexStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { extractedKeys, inputKey, inputOf, labelKeys } from './input.js';

function namedGroups(expression: string): { regex: Regex; groups: { name: string; index: number }[] } {
  const regex = new Regex(expression);
  const groups = regex.names.flatMap((name, i) => (name === null ? [] : [{ name, index: i + 1 }]));
  return { regex, groups };
}

export function accessRegex({ expression, source, labelsFromGroups }: RegexStage): Access {
  const names = namedGroups(expression).groups.map(({ name }) => name);
  const labels = labelsFromGroups ? labelKeys(names) : [];
  return { reads: [inputKey(source)], writes: [...extractedKeys(names), ...labels], pure: true };
}

/** Extracts the named groups of the first match. */
export function compileRegex({ expression, source, labelsFromGroups }: RegexStage): Stage {
  const { regex, groups } = namedGroups(expression);
  const input = inputOf(source);
  return {
    process(entry: Entry): boolean {
      const text = input(entry);
      const match = text === undefined ? null : regex.exec(text);
      if (match === null) return true;
      for (const { name, index } of groups) {
        const value = match[index] ?? '';
        entry.extracted.set(name, value);
        if (labelsFromGroups) entry.labels = entry.labels.with(name, value);
      }
      return true;
    },
  };
}
