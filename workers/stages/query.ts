import { compile, type JSONValue, TreeInterpreter } from '@jmespath-community/jmespath';
import type { Value } from '../pipeline/values.js';
import { goJson } from './go/json.js';

/** What a JMESPath finds; undefined if it fails. */
export type Query = (json: unknown) => Value | undefined;

const PATH = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;

function extracted(value: unknown): Value {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? goJson(value) : (value as Value);
}

/** Throws an Error with a message for the user if it is none. */
export function compileQuery(expression: string): Query {
  if (PATH.test(expression)) return pathQuery(expression.split('.'));
  let tree: ReturnType<typeof compile>;
  try {
    tree = compile(expression);
  } catch (error) {
    throw new Error(`not a JMESPath: ${error instanceof Error ? error.message : String(error)}`);
  }
  return (json) => {
    try {
      return extracted(TreeInterpreter.search(tree, json as JSONValue));
    } catch {
      return undefined;
    }
  };
}

/** What nearly all expressions are: keys inside keys. */
function pathQuery(names: string[]): Query {
  return (json) => {
    let value = json;
    for (const name of names) {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
        return null;
      value = (value as Record<string, unknown>)[name];
    }
    return extracted(value);
  };
}
