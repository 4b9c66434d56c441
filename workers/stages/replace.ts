import type { ReplaceStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { type Reads, Template } from './go/template.js';
import { extractedKeys, inputKey, inputOf } from './input.js';
import { templateData } from './template.js';

/** What a template without any action is, which needs no data. */
function constantOf(template: string): string | null {
  return template.includes('{{') ? null : template;
}

function readsOf(reads: Reads): string[] {
  return reads === null ? ['x:*'] : extractedKeys([...reads].filter((name) => name !== 'Value'));
}

export function accessReplace({ expression, replace, source }: ReplaceStage): Access {
  const names = new Regex(expression).names.filter((name) => name !== null);
  const input = inputKey(source === '' ? null : source);
  const template = new Template(replace);
  return { reads: [input, ...readsOf(template.reads)], writes: [input, ...extractedKeys(names)], pure: true };
}

/** Replaces every capture group of every match by a template of what was captured. */
export function compileReplace({ expression, replace, source }: ReplaceStage): Stage {
  const from = source === '' ? null : source;
  const regex = new Regex(expression);
  const input = inputOf(from);
  const template = new Template(replace);
  const constant = constantOf(replace);

  function replacement(entry: Entry, captured: string): string | null {
    if (constant !== null) return constant;
    const data = templateData(entry, template.reads);
    return template.execute(data.set('Value', captured));
  }

  return {
    process(entry: Entry): boolean {
      const text = input(entry);
      const matches = text === undefined ? [] : regex.all(text);
      if (text === undefined || matches.length === 0) return true;
      const replaced = new Map<string, string>();
      let result = '';
      let at = 0;
      for (const match of matches) {
        for (let i = 2; i < match.length; i += 2) {
          const start = match[i]!;
          if (start < 0) continue;
          const captured = text.slice(start, match[i + 1]);
          const value = replacement(entry, captured);
          if (value === null) return true;
          replaced.set(captured, value);
          // A group inside one that was replaced has gone with it.
          if (start < at) continue;
          result += text.slice(at, start) + value;
          at = match[i + 1]!;
        }
      }
      result += text.slice(at);
      if (from === null) {
        if (result !== text) entry.line = result;
      } else entry.extracted.set(from, result);
      const [first] = matches;
      for (const [i, name] of regex.names.entries()) {
        const start = first![2 * i + 2]!;
        const value = replaced.get(start < 0 ? '' : text.slice(start, first![2 * i + 3]));
        if (name !== null && value !== undefined) entry.extracted.set(name, value);
      }
      return true;
    },
  };
}
