import type { LogfmtStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { readLogfmt } from './go/logfmt.js';
import { extractedKeys, inputKey, inputOf } from './input.js';

export function accessLogfmt({ mapping, regex, source }: LogfmtStage): Access {
  const names = regex === null ? mapping.map(([name]) => name) : ['*'];
  return { reads: [inputKey(source)], writes: extractedKeys(names), pure: true };
}

/** Extracts values of `key=value` pairs. Two names for the same key both get its value. */
export function compileLogfmt({ mapping, regex, source }: LogfmtStage): Stage {
  const input = inputOf(source);
  const names = new Map<string, string[]>();
  for (const [name, key] of mapping) names.set(key, [...(names.get(key) ?? []), name]);
  const keys = regex === null ? null : new Regex(regex);
  return {
    process(entry: Entry): boolean {
      const text = input(entry);
      if (text === undefined) return true;
      readLogfmt(text, (key, value) => {
        for (const name of names.get(key) ?? []) entry.extracted.set(name, value);
        if (keys?.test(key)) entry.extracted.set(key, value);
      });
      return true;
    },
  };
}
