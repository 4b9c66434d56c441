import { goJson, goJsonRawString, parseJson } from '../../../src/go-json.js';
import {
  BASE64,
  replace,
  split,
  toLower,
  toUpper,
  trim,
  trimPrefix,
  trimSpace,
  trimSuffix,
} from '../../../src/go-text.js';
import { createHash } from '../../hash.js';
import { quote } from '../../label/quote.js';
import { dict, int, list, text } from './arguments.js';
import { regexOf } from './builtins.js';
import { print } from './fmt.js';
import { parseFloat64, parseInteger, toInt64 } from './numbers.js';
import type { Data, Func } from './template.js';

export function isEmpty(value: Data): boolean {
  if (value instanceof Map) return value.size === 0;
  return Array.isArray(value) ? value.length === 0 : !value;
}

/** `cast.ToFloat64`: what is no number is 0. */
export function toNumber(value: Data): number {
  if (typeof value === 'string') return parseFloat64(value) ?? 0;
  return typeof value === 'number' || typeof value === 'bigint' || value === true ? Number(value) : 0;
}

/** `cast.ToInt64`: what is no whole number is 0, as a text with a fraction. */
function toInt(value: Data): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string') return parseInteger(value.replace(/\.0+$/, '')) ?? 0n;
  const number = toNumber(value);
  return Number.isFinite(number) ? toInt64(BigInt(Math.trunc(number))) : 0n;
}

/** `strconv.Atoi` of digits, at most what 64 bits hold. */
function atoi(digits: string): bigint {
  const value = BigInt(digits.replace('+', ''));
  return value === toInt64(value) ? value : value > 0n ? 2n ** 63n - 1n : -(2n ** 63n);
}

export function toText(value: Data): string {
  return value === undefined ? '<nil>' : print(value);
}

function toTexts(value: Data): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.filter((one) => one !== null && one !== undefined).map(toText) : [toText(value)];
}

function runes(value: Data): string[] {
  return [...text(value)];
}

function title(value: string): string {
  return value.replace(
    /(^|[\0-/:-@[-^`{-\x7f]|\s)(\p{L})/gu,
    (_, before: string, letter: string) => before + toUpper(letter),
  );
}

/** Upper case where a word begins; a run of capitals there becomes one. Of connectors between words the last is left out. */
function camelCase(value: string): string {
  return value.replace(
    /([_\-\s]*)(\p{Lu}?)(\p{Lu}*)([^_\-\s]?)([^_\-\s]*)/gu,
    (all, connectors, first, capitals, next, rest, at) => {
      if (all === connectors) return all;
      const kept = at === 0 ? connectors : connectors.slice(0, -1);
      return kept + first + toLower(capitals) + (first === '' ? toUpper(next) : next) + rest;
    },
  );
}

const WORDS =
  /\p{Lu}+(?!\p{Ll})(?:\p{Nd}+(?![\p{Nd}\p{Ll}]))?|\p{Lu}?\p{Ll}+(?:\p{Nd}+(?![\p{Nd}\p{Ll}]))?|\p{Nd}[\p{Nd}\p{Ll}]*/gu;

/** Lower case, with `connector` before each word and in the place of each connector. A number goes with what is behind it. */
function connected(value: string, connector: string): string {
  const apart = value.replace(WORDS, (word, at: number) =>
    at > 0 && /[\p{Lu}\p{Ll}\p{Nd}]/u.test(value[at - 1]!) ? connector + word : word,
  );
  return toLower(apart.replace(/[_\-\s]/g, connector));
}

function fromJson(json: unknown): Data {
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json === 'object' && json !== null) {
    return new Map(Object.entries(json).map(([name, value]) => [name, fromJson(value)]));
  }
  return json as Data;
}

export function plain(value: Data): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value ?? null;
  return Object.fromEntries([...value].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, plain(one)]));
}

/** In the place of what is no base64, sprig gives the message of Go. */
function fromBase64(value: string): string {
  const digits = value.replace(/[\r\n]/g, '');
  if (BASE64.test(digits)) return Buffer.from(digits, 'base64').toString();
  const good = /^[A-Za-z\d+/\r\n]*/.exec(value)![0];
  // Where the text ends too soon it is the last group that is said to be wrong.
  const at = good.length < value.length ? good.length : good.length - (digits.length % 4);
  return `illegal base64 data at input byte ${at}`;
}

function dictOf(pairs: Data[]): Map<string, Data> {
  const map = new Map<string, Data>();
  for (let i = 0; i < pairs.length; i += 2)
    map.set(toText(pairs[i]), pairs[i + 1] ?? (i + 1 < pairs.length ? null : ''));
  return map;
}

export function until(from: number, to: number, step: number): Data[] {
  const numbers: Data[] = [];
  if (step === 0) return numbers;
  for (let i = from; step > 0 ? i < to : i > to; i += step) {
    if (numbers.length >= 100_000) throw new Error('the list is too long');
    numbers.push(BigInt(i));
  }
  return numbers;
}

function cut(value: Data, from: number, to: number): string {
  const bytes = Buffer.from(text(value));
  const start = Math.max(0, from);
  const end = from >= 0 && (to < 0 || to > bytes.length) ? bytes.length : to;
  if (start > end || end > bytes.length) throw new Error('the slice is out of range');
  return bytes.subarray(start, end).toString();
}

/** `values[from, to)`. */
function slice(values: Data, from: Data = 0n, to?: Data): Data {
  const all = list(values);
  if (all.length === 0) return null;
  const start = int(from);
  const end = to === undefined ? all.length : int(to);
  if (start < 0 || end < start || end > all.length) throw new Error('the slice is out of range');
  return all.slice(start, end);
}

function repeat(value: string, count: number): string {
  if (value.length * count > 1_000_000 || count < 0) throw new Error('the text is too long');
  return value.repeat(count);
}

const indent = (spaces: Data, value: Data): string => {
  const space = repeat(' ', int(spaces));
  return space + text(value).replaceAll('\n', `\n${space}`);
};

const digest =
  (algorithm: string): Func =>
  (value) =>
    createHash(algorithm).update(text(value)).digest('hex');

/**
 * The functions of sprig v3 that make a text from what they are given. Those that ask the clock, chance, the network or
 * the environment are left out, so that a line comes to the same entry when it is read again; so are those for
 * certificates, versions and reflection.
 */
export const SPRIG: Record<string, Func> = {
  // Text
  abbrev: (width, value) => {
    const size = int(width);
    const bytes = Buffer.from(text(value));
    return size < 4 || bytes.length <= size ? value : `${bytes.subarray(0, size - 3).toString()}...`;
  },
  camelcase: (value) => camelCase(text(value)),
  cat: (...values) =>
    values
      .filter((value) => value !== null && value !== undefined)
      .map(toText)
      .join(' '),
  contains: (part, value) => text(value).includes(text(part)),
  hasPrefix: (prefix, value) => text(value).startsWith(text(prefix)),
  hasSuffix: (suffix, value) => text(value).endsWith(text(suffix)),
  indent,
  initials: (value) =>
    trimSpace(text(value))
      .split(/\s+/u)
      .map((word) => [...word][0] ?? '')
      .join(''),
  join: (separator, values) => toTexts(values).join(text(separator)),
  kebabcase: (value) => connected(text(value), '-'),
  lower: (value) => toLower(text(value)),
  nindent: (spaces, value) => `\n${indent(spaces, value)}`,
  nospace: (value) => text(value).replace(/\s/gu, ''),
  plural: (one, many, count) => (int(count) === 1 ? one : many),
  quote: (...values) =>
    values
      .filter((value) => value !== null && value !== undefined)
      .map((value) => quote(toText(value)))
      .join(' '),
  repeat: (count, value) => repeat(text(value), int(count)),
  replace: (old, now, value) => replace(text(value), text(old), text(now), -1),
  snakecase: (value) => connected(text(value), '_'),
  squote: (...values) =>
    values
      .filter((value) => value !== null && value !== undefined)
      .map((value) => `'${toText(value)}'`)
      .join(' '),
  substr: (from, to, value) => cut(value, int(from), int(to)),
  swapcase: (value) =>
    runes(value)
      .map((c) => (c === toLower(c) ? toUpper(c) : toLower(c)))
      .join(''),
  title: (value) => title(text(value)),
  toString: toText,
  trim: (value) => trimSpace(text(value)),
  trimAll: (cutset, value) => trim(text(value), text(cutset)),
  trimPrefix: (prefix, value) => trimPrefix(text(value), text(prefix)),
  trimSuffix: (suffix, value) => trimSuffix(text(value), text(suffix)),
  trimall: (cutset, value) => trim(text(value), text(cutset)),
  trunc: (count, value) => {
    const bytes = Buffer.from(text(value));
    const size = int(count);
    return size < 0 ? bytes.subarray(Math.max(0, bytes.length + size)).toString() : bytes.subarray(0, size).toString();
  },
  untitle: (value) =>
    text(value).replace(/(^|\s)(\p{L})/gu, (_, before: string, letter: string) => before + toLower(letter)),
  upper: (value) => toUpper(text(value)),

  // Patterns
  regexFind: (pattern, value) => regexOf(text(pattern)).exec(text(value))?.[0] ?? '',
  regexFindAll: (pattern, value, count) => {
    const matches = regexOf(text(pattern)).all(text(value));
    const found = matches.map(([from, to]) => text(value).slice(from, to));
    return int(count) < 0 ? found : found.slice(0, int(count));
  },
  regexMatch: (pattern, value) => regexOf(text(pattern)).test(text(value)),
  regexQuoteMeta: (value) => text(value).replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
  regexSplit: (pattern, value, count) => {
    const whole = text(value);
    const limit = int(count);
    if (limit === 0) return [];
    if (whole === '' && pattern !== '') return [''];
    const found: string[] = [];
    let at = 0;
    let end = 0;
    for (const [from, to] of regexOf(text(pattern)).all(whole)) {
      if (found.length === limit - 1) break;
      end = from!;
      if (to !== 0) found.push(whole.slice(at, end));
      at = to!;
    }
    return end === whole.length ? found : [...found, whole.slice(at)];
  },

  // Conditions
  all: (...values) => values.every((value) => !isEmpty(value)),
  any: (...values) => values.some((value) => !isEmpty(value)),
  coalesce: (...values) => values.find((value) => !isEmpty(value)) ?? null,
  default: (other, value) => (isEmpty(value) ? other : value),
  empty: isEmpty,
  fail: (message) => {
    throw new Error(text(message));
  },
  ternary: (yes, no, condition) => {
    if (typeof condition !== 'boolean') throw new Error('true or false is needed');
    return condition ? yes : no;
  },

  // Numbers
  add: (...values) => toInt64(values.reduce<bigint>((sum, value) => sum + toInt(value), 0n)),
  add1: (value) => toInt64(toInt(value) + 1n),
  atoi: (value) => (/^[+-]?\d+$/.test(text(value)) ? atoi(text(value)) : 0n),
  ceil: (value) => Math.ceil(toNumber(value)),
  // Both throw where the other is 0.
  div: (a, b) => toInt64(toInt(a) / toInt(b)),
  mod: (a, b) => toInt(a) % toInt(b),
  float64: toNumber,
  floor: (value) => Math.floor(toNumber(value)),
  int: toInt,
  int64: toInt,
  max: (...values) => values.map(toInt).reduce((a, b) => (b > a ? b : a)),
  min: (...values) => values.map(toInt).reduce((a, b) => (b < a ? b : a)),
  mul: (...values) => toInt64(values.reduce<bigint>((product, value) => product * toInt(value), 1n)),
  round: (value, places) => {
    const scale = 10 ** int(places);
    const scaled = toNumber(value) * scale;
    return (scaled - Math.trunc(scaled) >= 0.5 ? Math.ceil(scaled) : Math.floor(scaled)) / scale;
  },
  sub: (a, b) => toInt64(toInt(a) - toInt(b)),
  until: (count) => until(0, int(count), int(count) < 0 ? -1 : 1),
  untilStep: (from, to, step) => until(int(from), int(to), int(step)),

  // Lists
  append: (values, value) => [...list(values), value],
  compact: (values) => list(values).filter((value) => !isEmpty(value)),
  concat: (...lists) => lists.flatMap(list),
  first: (values) => list(values)[0] ?? null,
  has: (value, values) => values !== undefined && values !== null && list(values).includes(value),
  initial: (values) => list(values).slice(0, -1),
  last: (values) => list(values).at(-1) ?? null,
  list: (...values) => values,
  prepend: (values, value) => [value, ...list(values)],
  rest: (values) => list(values).slice(1),
  reverse: (values) => [...list(values)].reverse(),
  slice,
  sortAlpha: (values) => toTexts(values).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  splitList: (separator, value) => split(text(value), text(separator)),
  split: (separator, value) => new Map(split(text(value), text(separator)).map((part, i) => [`_${i}`, part])),
  toStrings: toTexts,
  uniq: (values) => [...new Set(list(values))],
  without: (values, ...others) => list(values).filter((value) => !others.includes(value)),

  // Dictionaries
  dict: (...pairs) => dictOf(pairs),
  get: (map, name) => dict(map).get(text(name)) ?? '',
  hasKey: (map, name) => dict(map).has(text(name)),
  keys: (...maps) => maps.flatMap((map) => [...dict(map).keys()].sort()),
  omit: (map, ...names) => new Map([...dict(map)].filter(([name]) => !names.includes(name))),
  pick: (map, ...names) => new Map([...dict(map)].filter(([name]) => names.includes(name))),
  pluck: (name, ...maps) => maps.flatMap((map) => (dict(map).has(text(name)) ? [dict(map).get(text(name))] : [])),
  set: (map, name, value) => dict(map).set(text(name), value),
  unset: (map, name) => {
    dict(map).delete(text(name));
    return map;
  },
  values: (map) => [...dict(map)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value),

  // Encodings
  b64dec: (value) => fromBase64(text(value)),
  b64enc: (value) => Buffer.from(text(value)).toString('base64'),
  fromJson: (value) => {
    const json = text(value);
    try {
      return fromJson(parseJson(json));
    } catch {
      return null;
    }
  },
  sha1sum: digest('sha1'),
  sha256sum: digest('sha256'),
  sha512sum: digest('sha512'),
  toJson: (value) => goJson(plain(value)),
  toRawJson: (value) => goJson(plain(value), goJsonRawString),
};
