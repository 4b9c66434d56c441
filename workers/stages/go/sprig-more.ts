import { goJson } from '../../../src/go-json.js';
import { dict, int, list, text } from './arguments.js';
import { regexOf } from './builtins.js';
import { decimals, reckon } from './decimal.js';
import { print } from './fmt.js';
import { isEmpty, plain, SPRIG, toNumber, toText, until } from './sprig.js';
import type { Data, Func } from './template.js';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function encodeBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = bits.match(/.{1,5}/g)?.map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]!) ?? [];
  return digits.join('').padEnd(Math.ceil(digits.length / 8) * 8, '=');
}

function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return high * 65_536 + low;
}

/** Go's `path.Clean`: without empty parts and `.`, and without `..` where that can be. */
function clean(path: string): string {
  const isRooted = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!isRooted) parts.push(part);
  }
  return (isRooted ? '/' : '') + parts.join('/') || '.';
}

function base(path: string): string {
  if (path === '') return '.';
  return path.replace(/\/+$/, '').split('/').at(-1) || '/';
}

const dir = (path: string): string => clean(path.slice(0, path.lastIndexOf('/') + 1));
const ext = (path: string): string => /\.[^./]*$/.exec(path)?.[0] ?? '';
const ofPath =
  (change: (path: string) => Data): Func =>
  (path) =>
    change(text(path));

/** What is missing or empty in `into`, out of `from`. */
function merge(into: Map<string, Data>, from: ReadonlyMap<string, Data>): Map<string, Data> {
  for (const [name, value] of from) {
    const own = into.get(name);
    if (own instanceof Map && value instanceof Map) merge(own, value);
    else if (isEmpty(own)) into.set(name, value);
  }
  return into;
}

function sequence(from: number, step: number, to: number): string {
  const end = to + (to < from ? -1 : 1);
  return until(from, end, step).map(print).join(' ');
}

function chunks(size: number, values: readonly Data[]): Data[] {
  if (size < 1) throw new Error('a chunk has at least one element');
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}

/** JSON as Go writes it with an indent of two; `newline` is what begins a line. */
function pretty(value: Data, newline: string): string {
  const below = `${newline}  `;
  if (Array.isArray(value) && value.length > 0) {
    return `[${below}${value.map((one) => pretty(one, below)).join(`,${below}`)}${newline}]`;
  }
  if (!(value instanceof Map) || value.size === 0) return goJson(plain(value));
  const pairs = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = pairs.map(([name, one]) => `${goJson(name)}: ${pretty(one, below)}`);
  return `{${below}${lines.join(`,${below}`)}${newline}}`;
}

const OTHERS: Record<string, Func> = {
  // Numbers
  add1f: (value) => reckon(decimals.add, [toNumber(value), 1]),
  addf: (...values) => reckon(decimals.add, [0, ...values.map(toNumber)]),
  biggest: (...values) => SPRIG.max!(...values),
  divf: (...values) => reckon(decimals.divide, values.map(toNumber)),
  maxf: (...values) => Math.max(...values.map(toNumber)),
  minf: (...values) => Math.min(...values.map(toNumber)),
  mulf: (...values) => reckon(decimals.multiply, values.map(toNumber)),
  seq: (...values) => {
    const [a = 0, b = 0, c = 0] = values.map(int);
    if (values.length === 0 || values.length > 3) return '';
    if (values.length === 1) return sequence(1, a < 1 ? -1 : 1, a);
    if (values.length === 2) return sequence(a, b < a ? -1 : 1, b);
    return c < a && b > 0 ? '' : sequence(a, b, c);
  },
  subf: (...values) => reckon(decimals.subtract, values.map(toNumber)),
  toDecimal: (value) => BigInt(/^[+-]?[0-7]+$/.test(toText(value)) ? Number.parseInt(toText(value), 8) : 0),

  // Paths
  base: ofPath(base),
  clean: ofPath(clean),
  dir: ofPath(dir),
  ext: ofPath(ext),
  isAbs: ofPath((path) => path.startsWith('/')),
  osBase: ofPath(base),
  osClean: ofPath(clean),
  osDir: ofPath(dir),
  osExt: ofPath(ext),
  osIsAbs: ofPath((path) => path.startsWith('/')),

  // Lists and dictionaries
  chunk: (size, values) => chunks(int(size), list(values)),
  dig: (...args) => {
    if (args.length < 3) throw new Error('dig needs a name, a default and a dictionary');
    const [other, from] = args.slice(-2);
    let value: Data = dict(from);
    for (const name of args.slice(0, -2)) {
      if (!(value instanceof Map) || !value.has(text(name))) return other;
      value = value.get(text(name));
    }
    return value;
  },
  merge: (into, ...others) => others.reduce<Map<string, Data>>((whole, one) => merge(whole, dict(one)), dict(into)),
  push: (values, value) => [...list(values), value],
  splitn: (separator, count, value) => {
    const parts = text(value).split(text(separator));
    const most = int(count);
    if (most === 0) return new Map();
    const taken = most > 0 && parts.length > most ? parts.slice(0, most - 1) : parts;
    if (taken !== parts) taken.push(parts.slice(most - 1).join(text(separator)));
    return new Map(taken.map((part, i) => [`_${i}`, part]));
  },
  tuple: (...values) => values,

  // Encodings
  adler32sum: (value) => String(adler32(Buffer.from(text(value)))),
  b32enc: (value) => encodeBase32(Buffer.from(text(value))),
  toPrettyJson: (value) => pretty(value, '\n'),

  mustRegexReplaceAll: (pattern, value, template) => {
    const by = text(template);
    const regex = regexOf(text(pattern));
    return regex.replaceAll(text(value), (groups) => regex.expand(by, groups));
  },
  mustRegexReplaceAllLiteral: (pattern, value, template) => {
    const by = text(template);
    return regexOf(text(pattern)).replaceAll(text(value), () => by);
  },
};

const DOUBLED = ['append', 'compact', 'first', 'has', 'initial', 'last', 'prepend', 'regexFind', 'regexFindAll'];
DOUBLED.push('regexMatch', 'regexSplit', 'rest', 'reverse', 'toJson', 'toRawJson', 'uniq', 'without');

/** `first` is `mustFirst`: what is wrong ends a template either way. */
const MUST = DOUBLED.map((name) => [`must${name[0]!.toUpperCase()}${name.slice(1)}`, SPRIG[name]!] as const);

/** More of sprig's functions, of which few templates for logs have need. */
export const MORE: Readonly<Record<string, Func>> = {
  ...OTHERS,
  ...Object.fromEntries(MUST),
  mustChunk: OTHERS.chunk!,
  mustMerge: OTHERS.merge!,
  mustPush: OTHERS.push!,
  mustToPrettyJson: OTHERS.toPrettyJson!,
};
