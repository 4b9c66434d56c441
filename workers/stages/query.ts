import type { JSONValue } from '@jmespath-community/jmespath';
import { goJson, iteratorString } from '../../src/go-json.js';
import type { Value } from '../pipeline/values.js';

/** What a JMESPath finds; undefined if it fails. */
export type Query = (json: unknown) => Value | undefined;

const PATH = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;

type Library = typeof import('@jmespath-community/jmespath');

let library: Library | null = null;

/** Loads what `compileQuery` needs for some of these expressions, if any: few files have such. */
export async function loadQueries(
  expressions: readonly (readonly [name: string, expression: string])[],
): Promise<void> {
  if (library !== null || expressions.every(([, expression]) => PATH.test(expression))) return;
  library = await import('@jmespath-community/jmespath');
}

function extracted(value: unknown): Value {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? goJson(value, iteratorString) : (value as Value);
}

/** Throws an Error with a message for the user if it is none. `loadQueries` must have seen it. */
export function compileQuery(expression: string): Query {
  if (PATH.test(expression)) return pathQuery(expression.split('.'));
  if (library === null) throw new TypeError('a query whose library was not loaded');
  const { compile, TreeInterpreter } = library;
  let tree: ReturnType<Library['compile']>;
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
