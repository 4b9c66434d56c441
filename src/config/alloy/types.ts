import { parseGoDuration } from '../../go-duration.js';
import { groupNames } from '../../regex/re2.js';
import type { Expression } from './ast.js';
import type { Diagnostics, Place, TextProblem } from './diagnostics.js';
import { jmespathProblem, patternProblem, regexProblem, selectorProblem } from './languages.js';
import { unquote } from './strings.js';
import { parseBase2Bytes } from './units.js';
import { describe, GlobTarget, numberText, Receiver, Secret, type Value } from './value.js';

/** A value together with where it comes from, so that what is wrong with it can be shown there. */
export interface Given {
  value: Value;
  /** The expression it is the value of; for parts of computed values, that of the whole. */
  expression: Expression;
}

/** What an argument can be. */
export interface Type<T> {
  /** Its name in documentation. */
  name: string;
  /** The value as it is used, or undefined after telling what is wrong with it. */
  decode(given: Given, diagnostics: Diagnostics): T | undefined;
}

function wrong(given: Given, diagnostics: Diagnostics, message: string): undefined {
  diagnostics.error(given.expression, message);
  return undefined;
}

/** The place of the character at `offset` of a string, if it is written as a literal. */
export function insideString(expression: Expression, offset: number): Place {
  const literal = unwrapped(expression);
  if (literal.kind !== 'literal' || literal.type !== 'string') return expression;
  const { offsets } = unquote(literal.text);
  return { source: literal.source, from: literal.from + (offsets[offset] ?? 0) };
}

function unwrapped(expression: Expression): Expression {
  return expression.kind === 'paren' ? unwrapped(expression.inner) : expression;
}

function elementsOf(given: Given & { value: Value[] }): Given[] {
  const literal = unwrapped(given.expression);
  return given.value.map((value, index) => ({
    value,
    expression: (literal.kind === 'array' ? literal.elements[index]?.value : undefined) ?? given.expression,
  }));
}

/** The fields of an object, with the places of their names. */
function fieldsOf(given: Given & { value: ReadonlyMap<string, Value> }): { key: string; at: Place; given: Given }[] {
  const literal = unwrapped(given.expression);
  return [...given.value].map(([key, value]) => {
    const field = literal.kind === 'object' ? literal.fields.find((field) => field.key.text === key) : undefined;
    return { key, at: field?.key ?? given.expression, given: { value, expression: field?.value ?? given.expression } };
  });
}

/** A string; numbers become one. */
export const text: Type<string> = {
  name: 'string',
  decode(given, diagnostics) {
    const { value } = given;
    if (typeof value === 'string') return value;
    if (typeof value === 'bigint' || typeof value === 'number') return numberText(value);
    const hint = value instanceof Secret ? '; convert.nonsensitive makes a string of it' : '';
    return wrong(given, diagnostics, `expected a string, found ${describe(value)}${hint}`);
  },
};

/** A string that must pass a check, which tells what is wrong with it, or null. */
export function checkedText(check: (value: string) => string | null): Type<string> {
  return {
    name: 'string',
    decode(given, diagnostics) {
      const value = text.decode(given, diagnostics);
      const problem = value === undefined ? null : check(value);
      return problem === null ? value : wrong(given, diagnostics, problem);
    },
  };
}

export const nonEmptyText = checkedText((value) => (value === '' ? 'must not be empty' : null));

export const flag: Type<boolean> = {
  name: 'bool',
  decode(given, diagnostics) {
    if (typeof given.value === 'boolean') return given.value;
    return wrong(given, diagnostics, `expected true or false, found ${describe(given.value)}`);
  },
};

/** A number between two bounds; strings that hold one become it. */
export function real(min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, above = false): Type<number> {
  const range = above ? `more than ${min}` : max === Number.POSITIVE_INFINITY ? `${min} or more` : `${min} to ${max}`;
  return {
    name: 'number',
    decode(given, diagnostics) {
      const { value } = given;
      const isNumber = typeof value === 'string' && /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(value);
      if (typeof value !== 'bigint' && typeof value !== 'number' && !isNumber) {
        return wrong(given, diagnostics, `expected a number, found ${describe(value)}`);
      }
      const number = Number(value);
      if (number < min || number > max || (above && number === min)) {
        return wrong(given, diagnostics, `must be ${range}`);
      }
      return number;
    },
  };
}

/** A whole number of `min` or more. */
export function whole(min: number): Type<number> {
  const number = real();
  return {
    name: 'int',
    decode(given, diagnostics) {
      const value = number.decode(given, diagnostics);
      if (value === undefined) return undefined;
      return Number.isInteger(value) && value >= min && value <= Number.MAX_SAFE_INTEGER
        ? value
        : wrong(given, diagnostics, `must be a whole number of ${min} or more`);
    },
  };
}

/** A duration as Go writes it, in milliseconds. */
export function duration(minMs = Number.NEGATIVE_INFINITY, least = '', above = false): Type<number> {
  return {
    name: 'duration',
    decode(given, diagnostics) {
      const value = text.decode(given, diagnostics);
      if (value === undefined) return undefined;
      const ms = parseGoDuration(value);
      if (ms === null) {
        const days = /^\d+d$/.test(value) ? `; write days in hours, "${Number.parseInt(value, 10) * 24}h"` : '';
        return wrong(given, diagnostics, `"${value}" is no duration such as "500ms", "10s" or "1m30s"${days}`);
      }
      if (ms < minMs || (above && ms === minMs)) return wrong(given, diagnostics, `must be ${least}`);
      return ms;
    },
  };
}

/** A size with its unit, in bytes, of more than 0. */
export const size: Type<number> = {
  name: 'bytes',
  decode(given, diagnostics) {
    const value = text.decode(given, diagnostics);
    if (value === undefined) return undefined;
    const bytes = parseBase2Bytes(value);
    if (bytes === null)
      return wrong(given, diagnostics, `"${value}" is no size with a unit, such as "512KiB" or "1MiB"`);
    return bytes < 1 ? wrong(given, diagnostics, 'must be more than 0') : bytes;
  },
};

/** A secret, or a string that is to be one. */
export const secret: Type<Secret> = {
  name: 'secret',
  decode(given, diagnostics) {
    const { value } = given;
    if (value instanceof Secret) return value;
    if (typeof value === 'string') return new Secret(value);
    if (typeof value === 'bigint' || typeof value === 'number') return new Secret(numberText(value));
    return wrong(given, diagnostics, `expected a string or a secret, found ${describe(value)}`);
  },
};

/** A string that may be a secret. */
export const textOrSecret: Type<string | Secret> = {
  name: 'string or secret',
  decode: (given, diagnostics) => (given.value instanceof Secret ? given.value : text.decode(given, diagnostics)),
};

export function oneOf<const W extends string>(...words: W[]): Type<W> {
  const isWord = (value: string): value is W => words.some((word) => word === value);
  return {
    name: words.map((word) => `\`${word || '""'}\``).join(', '),
    decode(given, diagnostics) {
      const value = text.decode(given, diagnostics);
      if (value === undefined) return undefined;
      if (isWord(value)) return value;
      const allowed = words.map((word) => `"${word}"`).join(', ');
      return wrong(given, diagnostics, `"${value}" is not one of ${allowed}`);
    },
  };
}

export function list<T>(element: Type<T>, least = 0): Type<T[]> {
  return {
    name: `list(${element.name})`,
    decode(given, diagnostics) {
      const { value } = given;
      if (!Array.isArray(value)) return wrong(given, diagnostics, `expected a list, found ${describe(value)}`);
      if (value.length < least) return wrong(given, diagnostics, 'the list must not be empty');
      const decoded = elementsOf({ ...given, value }).map((each) => element.decode(each, diagnostics));
      const good = decoded.filter((each) => each !== undefined);
      return good.length === decoded.length ? good : undefined;
    },
  };
}

/** An object as pairs in the order of the file. A check of a key tells what is wrong with it, or null. */
export function map<T>(element: Type<T>, checkKey: (key: string) => string | null = () => null): Type<[string, T][]> {
  return {
    name: `map(${element.name})`,
    decode(given, diagnostics) {
      const { value } = given;
      if (!(value instanceof Map)) return wrong(given, diagnostics, `expected an object, found ${describe(value)}`);
      const pairs: [string, T][] = [];
      for (const { key, at, given: field } of fieldsOf({ ...given, value })) {
        const problem = checkKey(key);
        if (problem !== null) diagnostics.error(at, problem);
        const decoded = element.decode(field, diagnostics);
        if (decoded !== undefined && problem === null) pairs.push([key, decoded]);
      }
      return pairs.length === value.size ? pairs : undefined;
    },
  };
}

/** A value that may be null, which then counts as not given. */
export function nullable<T>(type: Type<T>): Type<T | null> {
  return {
    name: type.name,
    decode: (given, diagnostics) => (given.value === null ? null : type.decode(given, diagnostics)),
  };
}

/** A string in a little language, checked at the place in the string. */
function language(name: string, check: (text: string) => TextProblem | null): Type<string> {
  return {
    name,
    decode(given, diagnostics) {
      const value = text.decode(given, diagnostics);
      const problem = value === undefined ? null : check(value);
      if (problem === null) return value;
      diagnostics.error(insideString(given.expression, problem.at), problem.message);
      return undefined;
    },
  };
}

/** Its compiler lives with the stages. It is asked here and not only for the whole stage, which may have other mistakes. */
export const template: Type<string> = {
  name: 'Go template',
  decode(given, diagnostics) {
    const value = text.decode(given, diagnostics);
    if (value !== undefined) {
      const at = (_: string, offset: number | null) => insideString(given.expression, offset ?? 0);
      diagnostics.ask({ stage: 'template', source: 'template', template: value }, at);
    }
    return value;
  },
};
export const jmespath = language('JMESPath', jmespathProblem);
export const logPattern = language('pattern', patternProblem);
export const selector = language('selector', selectorProblem);
export const regex = language('regex', regexProblem);

/** A regex that must be there: what an empty one would do, Alloy does not want to know either. */
export const neededRegex: Type<string> = {
  name: 'regex',
  decode(given, diagnostics) {
    const value = regex.decode(given, diagnostics);
    return value === '' ? wrong(given, diagnostics, 'must not be empty') : value;
  },
};

/** One that is there for its named groups. */
export const namedRegex: Type<string> = {
  name: 'regex',
  decode(given, diagnostics) {
    const value = neededRegex.decode(given, diagnostics);
    if (value !== undefined && groupNames(value).length === 0)
      diagnostics.warning(given.expression, 'has no named group, such as (?P<name>...), so it extracts nothing');
    return value;
  },
};

/** Where entries go on: `loki.write.x.receiver` and the like. */
export const receiver: Type<Receiver> = {
  name: 'receiver',
  decode(given, diagnostics) {
    const { value } = given;
    if (value instanceof Receiver) return value;
    const exportsOne = value instanceof Map && value.get('receiver') instanceof Receiver;
    const hint = exportsOne ? '; add ".receiver"' : '';
    return wrong(
      given,
      diagnostics,
      `expected a receiver such as loki.write.default.receiver, found ${describe(value)}${hint}`,
    );
  },
};

/** Labels of one target as written, or a glob of `local.file_match`. */
export type TargetValue = ReadonlyMap<string, string> | GlobTarget;

export const target: Type<TargetValue> = {
  name: 'map(string)',
  decode(given, diagnostics) {
    if (given.value instanceof GlobTarget) return given.value;
    const pairs = map(text).decode(given, diagnostics);
    return pairs === undefined ? undefined : new Map(pairs);
  },
};

/** A value of any type. */
export const anything: Type<Value> = { name: 'any', decode: ({ value }) => value };

export const url: Type<URL> = {
  name: 'string',
  decode(given, diagnostics) {
    const value = text.decode(given, diagnostics);
    if (value === undefined) return undefined;
    const parsed = URL.canParse(value) ? new URL(value) : null;
    if (parsed !== null && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return parsed;
    return wrong(given, diagnostics, 'must be an http or https URL, such as http://loki:3100/loki/api/v1/push');
  },
};

/** Prometheus takes any UTF-8 as the name of a label; empty is none. */
export function checkLabelName(name: string): string | null {
  return name === '' ? 'the name of a label must not be empty' : null;
}
