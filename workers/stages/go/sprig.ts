import { createHash } from '../../hash.js';
import { quote } from '../../label/quote.js';
import { regexOf } from './builtins.js';
import { print } from './fmt.js';
import { goJson } from './json.js';
import type { Data, Func } from './template.js';
import { dict, int, list, replaceSome, text, trimLeft, trimRight, trimSpace } from './text-functions.js';

function isEmpty(value: Data): boolean {
  if (value instanceof Map) return value.size === 0;
  return Array.isArray(value) ? value.length === 0 : !value;
}

/** `cast.ToInt64` and `cast.ToFloat64`: what is no number is 0. */
function toNumber(value: Data): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  const number = typeof value === 'string' ? (value.trim() === value && value !== '' ? Number(value) : 0) : value;
  return typeof number === 'number' && !Number.isNaN(number) ? number : 0;
}

const toInt = (value: Data): number => Math.trunc(toNumber(value)) + 0;

function toText(value: Data): string {
  return value === undefined ? '<nil>' : print(value);
}

function toTexts(value: Data): string[] {
  return Array.isArray(value) ? value.filter((one) => one !== null && one !== undefined).map(toText) : [toText(value)];
}

function runes(value: Data): string[] {
  return [...text(value)];
}

function title(value: string): string {
  return value.replace(
    /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );
}

function words(value: string): string[] {
  return value
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[\s_\-.]+/)
    .filter((word) => word !== '');
}

function fromJson(json: unknown): Data {
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json === 'object' && json !== null) {
    return new Map(Object.entries(json).map(([name, value]) => [name, fromJson(value)]));
  }
  return json as Data;
}

function plain(value: Data): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value ?? null;
  return Object.fromEntries([...value].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, plain(one)]));
}

function dictOf(pairs: Data[]): Map<string, Data> {
  const map = new Map<string, Data>();
  for (let i = 0; i < pairs.length; i += 2)
    map.set(toText(pairs[i]), pairs[i + 1] ?? (i + 1 < pairs.length ? null : ''));
  return map;
}

function until(from: number, to: number, step: number): Data[] {
  const numbers: Data[] = [];
  if (step === 0) return numbers;
  for (let i = from; step > 0 ? i < to : i > to; i += step) {
    if (numbers.length >= 100_000) throw new Error('the list is too long');
    numbers.push(i);
  }
  return numbers;
}

function cut(value: Data, from: number, to: number): string {
  const bytes = Buffer.from(text(value));
  if (from < 0) return bytes.subarray(0, Math.max(0, to)).toString();
  return bytes.subarray(from, to < 0 || to > bytes.length ? bytes.length : to).toString();
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
    if (size < 4 || text(value).length <= size) return value;
    return `${text(value).slice(0, size - 3)}...`;
  },
  camelcase: (value) => words(text(value)).map(title).join(''),
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
    words(text(value).replace(/[^\p{L}\s]/gu, ''))
      .map((word) => [...word][0]!)
      .join(''),
  join: (separator, values) => toTexts(values).join(text(separator)),
  kebabcase: (value) => words(text(value)).join('-').toLowerCase(),
  lower: (value) => text(value).toLowerCase(),
  nindent: (spaces, value) => `\n${indent(spaces, value)}`,
  nospace: (value) => text(value).replace(/\s/gu, ''),
  plural: (one, many, count) => (int(count) === 1 ? one : many),
  quote: (...values) =>
    values
      .filter((value) => value !== null && value !== undefined)
      .map((value) => quote(toText(value)))
      .join(' '),
  repeat: (count, value) => repeat(text(value), int(count)),
  replace: (old, now, value) => replaceSome(text(value), text(old), text(now), -1),
  snakecase: (value) => words(text(value)).join('_').toLowerCase(),
  squote: (...values) =>
    values
      .filter((value) => value !== null && value !== undefined)
      .map((value) => `'${toText(value)}'`)
      .join(' '),
  substr: (from, to, value) => cut(value, int(from), int(to)),
  swapcase: (value) =>
    runes(value)
      .map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()))
      .join(''),
  title: (value) => title(text(value)),
  toString: toText,
  trim: (value) => trimSpace(text(value)),
  trimAll: (cutset, value) => trimRight(trimLeft(text(value), text(cutset)), text(cutset)),
  trimPrefix: (prefix, value) =>
    text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : value,
  trimSuffix: (suffix, value) => {
    return text(suffix) !== '' && text(value).endsWith(text(suffix))
      ? text(value).slice(0, -text(suffix).length)
      : value;
  },
  trimall: (cutset, value) => trimRight(trimLeft(text(value), text(cutset)), text(cutset)),
  trunc: (count, value) => {
    const bytes = Buffer.from(text(value));
    const size = int(count);
    return size < 0 ? bytes.subarray(Math.max(0, bytes.length + size)).toString() : bytes.subarray(0, size).toString();
  },
  untitle: (value) =>
    text(value).replace(/(^|\s)(\p{L})/gu, (_, before: string, letter: string) => before + letter.toLowerCase()),
  upper: (value) => text(value).toUpperCase(),

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
    const limit = int(count);
    const parts: string[] = [];
    let at = 0;
    for (const [from, to] of regexOf(text(pattern)).all(text(value))) {
      if (limit > 0 && parts.length === limit - 1) break;
      if (to === 0) continue;
      parts.push(text(value).slice(at, from));
      at = to!;
    }
    return limit === 0 ? [] : [...parts, text(value).slice(at)];
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
  ternary: (yes, no, condition) => (condition === true ? yes : no),

  // Numbers
  add: (...values) => values.reduce<number>((sum, value) => sum + toInt(value), 0),
  add1: (value) => toInt(value) + 1,
  addf: (...values) => values.reduce<number>((sum, value) => sum + toNumber(value), 0),
  atoi: (value) => (/^[+-]?\d+$/.test(text(value)) ? Number(value) : 0),
  ceil: (value) => Math.ceil(toNumber(value)),
  div: (a, b) => {
    if (toInt(b) === 0) throw new Error('division by zero');
    return Math.trunc(toInt(a) / toInt(b));
  },
  float64: toNumber,
  floor: (value) => Math.floor(toNumber(value)),
  int: toInt,
  int64: toInt,
  max: (...values) => Math.max(...values.map(toInt)),
  min: (...values) => Math.min(...values.map(toInt)),
  mod: (a, b) => {
    if (toInt(b) === 0) throw new Error('division by zero');
    return toInt(a) % toInt(b);
  },
  mul: (...values) => values.reduce<number>((product, value) => product * toInt(value), 1),
  round: (value, places) => {
    const scale = 10 ** int(places);
    return Math.floor(toNumber(value) * scale + 0.5) / scale;
  },
  sub: (a, b) => toInt(a) - toInt(b),
  until: (count) => until(0, int(count), int(count) < 0 ? -1 : 1),
  untilStep: (from, to, step) => until(int(from), int(to), int(step)),

  // Lists
  append: (values, value) => [...list(values), value],
  compact: (values) => list(values).filter((value) => !isEmpty(value)),
  concat: (...lists) => lists.flatMap(list),
  first: (values) => list(values)[0] ?? null,
  has: (value, values) => list(values).includes(value),
  initial: (values) => list(values).slice(0, -1),
  last: (values) => list(values).at(-1) ?? null,
  list: (...values) => values,
  prepend: (values, value) => [value, ...list(values)],
  rest: (values) => list(values).slice(1),
  reverse: (values) => [...list(values)].reverse(),
  sortAlpha: (values) => toTexts(values).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  splitList: (separator, value) => text(value).split(text(separator)),
  split: (separator, value) =>
    new Map(
      text(value)
        .split(text(separator))
        .map((part, i) => [`_${i}`, part]),
    ),
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
  b64dec: (value) => Buffer.from(text(value), 'base64').toString(),
  b64enc: (value) => Buffer.from(text(value)).toString('base64'),
  fromJson: (value) => {
    try {
      return fromJson(JSON.parse(text(value)));
    } catch {
      return null;
    }
  },
  sha1sum: digest('sha1'),
  sha256sum: digest('sha256'),
  sha512sum: digest('sha512'),
  toJson: (value) => goJson(plain(value)),
  toRawJson: (value) => JSON.stringify(plain(value)),
};
