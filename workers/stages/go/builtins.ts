import {
  queryEscape,
  replace,
  toLower,
  toUpper,
  trim,
  trimLeft,
  trimPrefix,
  trimRight,
  trimSpace,
  trimSuffix,
} from '../../../src/go-text.js';
import { createHash } from '../../hash.js';
import { Regex } from '../../pipeline/regex.js';
import { int, list, text } from './arguments.js';
import { print, sprintf } from './fmt.js';
import type { Data, Func } from './template.js';

const MAX_REMEMBERED = 256;
/** A template may make its pattern of a line, and parsing one takes up to the square of its length. */
const MAX_PATTERN_CHARS = 4096;
const regexes = new Map<string, Regex>();

/** A pattern given to a template function; those are mostly the same ones for every line. */
export function regexOf(source: string): Regex {
  let regex = regexes.get(source);
  if (regex === undefined) {
    if (source.length > MAX_PATTERN_CHARS) throw new Error('this regular expression is too long');
    regex = new Regex(source);
    if (regexes.size >= MAX_REMEMBERED) regexes.clear();
    regexes.set(source, regex);
  }
  return regex;
}

function compare(a: Data, b: Data): number {
  if (typeof a === typeof b && (typeof a === 'bigint' || typeof a === 'number' || typeof a === 'string')) {
    return a < b! ? -1 : a > b! ? 1 : 0;
  }
  throw new Error('these can not be compared');
}

function equal(a: Data, b: Data): boolean {
  const missing = a === undefined || a === null || b === undefined || b === null;
  if (missing) return (a ?? null) === (b ?? null);
  if (typeof a !== typeof b || typeof a === 'object') throw new Error('these can not be compared');
  return a === b;
}

function index(of: Data, ...keys: Data[]): Data {
  let value = of;
  for (const key of keys) {
    if (value instanceof Map) value = value.get(text(key));
    else {
      const at = int(key);
      const length = typeof value === 'string' ? Buffer.byteLength(value) : Array.isArray(value) ? value.length : -1;
      if (at < 0 || at >= length) throw new Error('the index is out of range');
      value = typeof value === 'string' ? BigInt(Buffer.from(value)[at]!) : (value as Data[])[at];
    }
  }
  return value;
}

const HTML: Record<string, string> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};

/** Text of all arguments, as `fmt.Sprint` joins them: a space where neither neighbour is a string. */
function sprint(...args: Data[]): string {
  let out = '';
  for (const [i, arg] of args.entries()) {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') out += ' ';
    out += print(arg);
  }
  return out;
}

/** The same for the functions that escape: they print what is missing as the template does. */
function shown(args: Data[]): string {
  return sprint(...args.map((arg) => arg ?? '<no value>'));
}

function escapeJs(character: string): string {
  if (/[\\'"]/.test(character)) return `\\${character}`;
  return `\\u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}

function hash(algorithm: string, salt: Data, input: Data): string {
  return createHash(algorithm)
    .update(text(salt) + text(input))
    .digest('hex');
}

/** Go's own functions, and those that Alloy adds to sprig's or puts in their place. */
export const BUILTINS: Record<string, Func> = {
  // Looked at by the template itself, which need not evaluate all their arguments.
  and: () => false,
  or: () => false,
  not: (value) => !(value instanceof Map ? value.size : Array.isArray(value) ? value.length : value),
  eq: (a, ...others) => {
    if (others.length === 0) throw new Error('eq needs two values');
    return others.some((b) => equal(a, b));
  },
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  len: (value) => {
    if (typeof value === 'string') return BigInt(Buffer.byteLength(value));
    return BigInt(value instanceof Map ? value.size : list(value).length);
  },
  index,
  print: sprint,
  println: (...args) => `${args.map(print).join(' ')}\n`,
  printf: (format, ...args) => sprintf(text(format), args),
  html: (...args) => shown(args).replace(/["'&<>\0]/g, (character) => HTML[character]!),
  js: (...args) => shown(args).replace(/[\\'"]|[<>&=]|[^\P{C}\x7f]|[\u2028\u2029]/gu, escapeJs),
  urlquery: (...args) => queryEscape(shown(args)),

  ToLower: (value) => toLower(text(value)),
  ToUpper: (value) => toUpper(text(value)),
  Replace: (value, old, now, count) => replace(text(value), text(old), text(now), int(count)),
  Trim: (value, cutset) => trim(text(value), text(cutset)),
  TrimLeft: (value, cutset) => trimLeft(text(value), text(cutset)),
  TrimRight: (value, cutset) => trimRight(text(value), text(cutset)),
  TrimPrefix: (value, prefix) => trimPrefix(text(value), text(prefix)),
  TrimSuffix: (value, suffix) => trimSuffix(text(value), text(suffix)),
  TrimSpace: (value) => trimSpace(text(value)),
  Hash: (salt, input) => hash('sha3-256', salt, input),
  Sha2Hash: (salt, input) => hash('sha256', salt, input),
  regexReplaceAll: (pattern, value, template) => {
    const regex = regexOf(text(pattern));
    const by = text(template);
    return regex.replaceAll(text(value), (groups) => regex.expand(by, groups));
  },
  regexReplaceAllLiteral: (pattern, value, template) => {
    const by = text(template);
    return regexOf(text(pattern)).replaceAll(text(value), () => by);
  },
};
