import type { RegexStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { extractedKeys, inputKey, inputOf, labelKeys } from './input.js';

interface Named {
  regex: Regex;
  groups: { name: string; index: number }[];
}

/** A route asks several times for the same stage. */
const compiled = new WeakMap<RegexStage, Named>();

function namedGroups(spec: RegexStage): Named {
  const known = compiled.get(spec);
  if (known !== undefined) return known;
  const regex = new Regex(spec.expression);
  const groups = regex.names.flatMap((name, i) => (name === null ? [] : [{ name, index: i + 1 }]));
  const named = { regex, groups };
  compiled.set(spec, named);
  return named;
}

export function accessRegex(spec: RegexStage): Access {
  const { source, labelsFromGroups } = spec;
  const names = namedGroups(spec).groups.map(({ name }) => name);
  const labels = labelsFromGroups ? labelKeys(names) : [];
  return { reads: [inputKey(source)], writes: [...extractedKeys(names), ...labels], pure: true };
}

/** Extracts the named groups of the first match. */
export function compileRegex(spec: RegexStage): Stage {
  const { source, labelsFromGroups } = spec;
  const { regex, groups } = namedGroups(spec);
  const input = inputOf(source);
  return {
    process(entry: Entry): boolean {
      const text = input(entry);
      const match = text === undefined ? null : regex.exec(text);
      if (match === null) return true;
      for (const { name, index } of groups) {
        const value = match[index] ?? '';
        entry.extracted.set(name, value);
        if (labelsFromGroups && value.isWellFormed()) entry.labels = entry.labels.with(name, value);
      }
      return true;
    },
  };
}
