import { goJson, iteratorString, parseJson } from '../../src/go-json.js';
import type { JsonStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';
import { extractedKeys, inputKey, inputOf } from './input.js';
import { JsonFields } from './json-fields.js';
import { compileQuery } from './query.js';

export function accessJson({ expressions, regex, source, dropMalformed }: JsonStage): Access {
  const names = regex === null ? expressions.map(([name]) => name) : ['*'];
  return { reads: [inputKey(source)], writes: extractedKeys(names), pure: !dropMalformed };
}

/** An expression that is a top-level key. */
const KEY = /^[A-Za-z_]\w*$/;

/** A top-level object, empty for null; undefined for everything else. */
function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const json = parseJson(text);
    if (json === null) return {};
    return typeof json === 'object' && !Array.isArray(json) ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Extracts values of a JSON object. */
export function compileJson(spec: JsonStage, { loops, tally }: StageContext): Stage {
  const { expressions, regex, source, dropMalformed } = spec;
  const input = inputOf(source);
  const queries = expressions.map(([name, expression]) => ({ name, query: compileQuery(expression) }));
  const keys = regex === null ? null : new Regex(regex);
  const isPlain = source === null && keys === null && expressions.every(([, expression]) => KEY.test(expression));
  const fields = isPlain ? new JsonFields(expressions, loops) : null;
  return {
    process(entry: Entry): boolean {
      if (fields !== null && entry.hasBytes && fields.extract(entry)) return true;
      const text = input(entry);
      if (text === undefined) return true;
      const json = parseObject(text);
      if (json === undefined) {
        if (dropMalformed) tally.droppedSilently('json_malformed');
        return !dropMalformed;
      }
      for (const { name, query } of queries) {
        const value = query(json);
        if (value !== undefined) entry.extracted.set(name, value);
      }
      if (keys === null) return true;
      for (const [key, value] of Object.entries(json)) {
        if (!keys.test(key)) continue;
        const isSimple = typeof value !== 'object' || value === null;
        entry.extracted.set(
          key,
          isSimple ? (value as string | number | boolean | null) : goJson(value, iteratorString),
        );
      }
      return true;
    },
  };
}
