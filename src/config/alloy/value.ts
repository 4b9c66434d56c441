import { inspect } from 'node:util';
import { formatFloat } from '../../go-number.js';
import type { RelabelRule } from '../../pipeline.js';

/**
 * What an expression can be. Whole numbers are bigint (64 bits, as in Go), others number. Objects are Maps in the order
 * of the file.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Value[]
  | ObjectValue
  | FunctionValue
  | Secret
  | Receiver
  | GlobTarget;

export type ObjectValue = Map<string, Value>;

/** A text that nothing prints: not a message, not JSON, not an inspection. Only `reveal` gives it. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '(secret)';
  }

  toJSON(): string {
    return '(secret)';
  }

  [inspect.custom](): string {
    return '(secret)';
  }
}

/** A function of the standard library. Throws a `CallError` for arguments that it does not take. */
export class FunctionValue {
  readonly name: string;
  readonly call: (args: readonly Value[]) => Value;

  constructor(name: string, call: (args: readonly Value[]) => Value) {
    this.name = name;
    this.call = call;
  }
}

/** What is wrong with a call; `argument` is the index of the argument to blame, or -1. */
export class CallError extends Error {
  readonly argument: number;

  constructor(argument: number, message: string) {
    super(message);
    this.argument = argument;
  }
}

/** Where `forward_to` leads. `Node` is what stands there; the graph knows what it is. */
export class Receiver {
  /** Id of the component, with the modules it is in. */
  readonly component: string;

  constructor(component: string) {
    this.component = component;
  }
}

/** A target of `local.file_match`: which files there are is only known while running. */
export class GlobTarget {
  readonly glob: string;
  readonly exclude: string | null;
  /** All labels of the path target but `__path__`, those with `__` included. */
  readonly labels: ReadonlyMap<string, string>;
  readonly ignoreOlderThanMs: number;
  /** To be applied to the labels of each file, `__path__` included; a file they drop is left out. */
  readonly relabel: readonly RelabelRule[];

  constructor(target: Omit<GlobTarget, 'withRelabel'>) {
    this.glob = target.glob;
    this.exclude = target.exclude;
    this.labels = target.labels;
    this.ignoreOlderThanMs = target.ignoreOlderThanMs;
    this.relabel = target.relabel;
  }

  withRelabel(rules: readonly RelabelRule[]): GlobTarget {
    return new GlobTarget({ ...this, relabel: [...this.relabel, ...rules] });
  }
}

/** A value in the middle of a sentence, by its type alone. */
export function describe(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof Secret) return 'a secret';
  if (value instanceof Receiver) return 'a receiver';
  if (value instanceof GlobTarget) return 'a target';
  if (value instanceof FunctionValue) return `the function ${value.name}`;
  if (value instanceof Map) return 'an object';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a string';
  return typeof value === 'boolean' ? 'a bool' : 'a number';
}

/** The text of a number as Alloy converts it: never with an exponent. */
export function numberText(value: bigint | number): string {
  return typeof value === 'bigint' ? value.toString() : formatFloat(value);
}

/** Whether two values are equal; those of different types never are. */
export function equal(a: Value, b: Value): boolean {
  if (typeof a === 'bigint' || typeof a === 'number') {
    if (typeof b !== 'bigint' && typeof b !== 'number') return false;
    return typeof a === typeof b ? a === b : Number(a) === Number(b);
  }
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((value, index) => equal(value, b[index]!));
  }
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false;
    return [...a].every(([key, value]) => b.has(key) && equal(value, b.get(key)!));
  }
  if (a instanceof Secret || b instanceof Secret) return textOf(a) !== null && textOf(a) === textOf(b);
  if (a instanceof FunctionValue) return false;
  return a === b;
}

function textOf(value: Value): string | null {
  if (value instanceof Secret) return value.reveal();
  return typeof value === 'string' ? value : null;
}

/** Null, false, 0, and what is empty. */
export function isZero(value: Value): boolean {
  if (value instanceof Secret) return value.reveal() === '';
  if (value instanceof Map) return value.size === 0;
  if (Array.isArray(value)) return value.length === 0;
  return value === null || value === false || value === '' || value === 0n || value === 0;
}
