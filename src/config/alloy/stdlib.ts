import { arch, hostname } from 'node:os';
import { posix } from 'node:path';
import type { ScalarTag } from 'yaml';
import { goJsonString, parseJson } from '../../go-json.js';
import {
  BASE64,
  queryEscape,
  replace,
  split,
  toLower,
  toUpper,
  trim,
  trimPrefix,
  trimSpace,
  trimSuffix,
} from '../../go-text.js';
import { VERSION } from '../../version.js';
import { type Json, jsonPath } from './json-path.js';
import { library } from './libraries.js';
import { sprintf } from './sprintf.js';
import {
  CallError,
  describe,
  equal,
  FunctionValue,
  isZero,
  numberText,
  type ObjectValue,
  Secret,
  type Value,
} from './value.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names of the flat functions of old, and what they are called now. */
export const deprecatedNames: Readonly<Record<string, string>> = {
  env: 'sys.env',
  nonsensitive: 'convert.nonsensitive',
  concat: 'array.concat',
  json_decode: 'encoding.from_json',
  yaml_decode: 'encoding.from_yaml',
  base64_decode: 'encoding.from_base64',
  format: 'string.format',
  join: 'string.join',
  replace: 'string.replace',
  split: 'string.split',
  to_lower: 'string.to_lower',
  to_upper: 'string.to_upper',
  trim: 'string.trim',
  trim_prefix: 'string.trim_prefix',
  trim_suffix: 'string.trim_suffix',
  trim_space: 'string.trim_space',
};

type Args = readonly Value[];

/** In UTF-16 units; texts that grow beyond it are a mistake, and would grow without end. */
const MAX_TEXT = 2 ** 24;

/** What Go calls amd64 and arm64. */
const goArch: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

const constants: ObjectValue = new Map<string, Value>([
  ['hostname', hostname()],
  ['os', process.platform === 'win32' ? 'windows' : process.platform],
  ['arch', goArch[arch()] ?? arch()],
  ['version', VERSION],
]);

/** Everything that is known without a component, by its first name: functions, namespaces of functions, constants. */
export function standardLibrary(env: Environment): ReadonlyMap<string, Value> {
  const library = new Map<string, Value>([['constants', constants]]);
  for (const [name, call] of Object.entries({ ...functions, 'sys.env': environmentOf(env) })) {
    const value = new FunctionValue(name, call);
    const [first, second] = name.split('.');
    if (second === undefined) {
      library.set(name, value);
      continue;
    }
    const found = library.get(first!);
    const namespace = found instanceof Map ? found : new Map<string, Value>();
    library.set(first!, namespace.set(second, value));
  }
  for (const [old, name] of Object.entries(deprecatedNames)) {
    const [first, second] = name.split('.');
    const namespace = library.get(first!);
    const value = namespace instanceof Map ? namespace.get(second!) : undefined;
    if (value !== undefined) library.set(old, value);
  }
  return library;
}

function environmentOf(env: Environment): (args: Args) => Value {
  return (args) => {
    takes(args, 1);
    return env[text(args, 0)] ?? '';
  };
}

/** The functions, by their full name. Each checks its arguments. */
const functions: Readonly<Record<string, (args: Args) => Value>> = {
  coalesce: (args) => args.find((value) => !isZero(value)) ?? args.at(-1) ?? null,
  json_path: (args) => {
    takes(args, 2);
    return jsonPath(parsedJson(args), text(args, 1)).map(fromJson);
  },
  'convert.nonsensitive': (args) => {
    takes(args, 1);
    const [secret] = args;
    return secret instanceof Secret ? secret.reveal() : text(args, 0);
  },
  'array.concat': (args) => args.flatMap((_, index) => list(args, index)),
  'array.combine_maps': combineMaps,
  'array.group_by': groupBy,
  'encoding.from_json': (args) => {
    takes(args, 1);
    return fromJson(parsedJson(args));
  },
  'encoding.from_yaml': (args) => {
    takes(args, 1);
    const yaml = library('yaml');
    if (yaml === null) throw new CallError(0, 'YAML cannot be read yet');
    try {
      // Bounded, since a few aliases of aliases can stand for more than fits into memory.
      return fromYaml(readYaml(yaml, text(args, 0)));
    } catch {
      // The library's message quotes the text, which may hold what should not be printed.
      throw new CallError(0, 'this is not YAML');
    }
  },
  'encoding.from_base64': (args) => decodedBase64(args, BASE64),
  'encoding.from_URLbase64': (args) => decodedBase64(args, /^(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?$/),
  'encoding.to_base64': (args) => {
    takes(args, 1);
    return Buffer.from(text(args, 0)).toString('base64');
  },
  'encoding.to_URLbase64': (args) => {
    takes(args, 1);
    return Buffer.from(text(args, 0)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  },
  'encoding.to_json': (args) => {
    takes(args, 1);
    if (args[0] instanceof Map) return toJson(args[0]);
    throw new CallError(0, `takes an object, not ${describe(args[0]!)}`);
  },
  'encoding.url_encode': (args) => {
    takes(args, 1);
    return queryEscape(Buffer.from(text(args, 0)).toString());
  },
  'encoding.url_decode': (args) => {
    takes(args, 1);
    try {
      return decodeURIComponent(text(args, 0).replaceAll('+', ' '));
    } catch {
      throw new CallError(0, 'this is not URL-encoded');
    }
  },
  'file.path_join': (args) => {
    const parts = args.map((_, index) => text(args, index)).filter((part) => part !== '');
    if (parts.length === 0) return '';
    const joined = posix.join(...parts);
    return joined.length > 1 ? joined.replace(/\/$/, '') : joined;
  },
  'string.format': (args) => {
    if (args.length === 0) throw new CallError(-1, 'takes a format');
    return sprintf(text(args, 0), args.slice(1));
  },
  'string.join': (args) => {
    takes(args, 2);
    const items = list(args, 0);
    return items.map((_, index) => textOf(items[index]!, 0, 'a list of strings')).join(text(args, 1));
  },
  'string.replace': (args) => {
    takes(args, 3);
    const [whole, old, replacement] = [text(args, 0), text(args, 1), text(args, 2)];
    const length = whole.length + (whole.split(old).length - 1) * (replacement.length - old.length);
    if (length > MAX_TEXT) throw new CallError(-1, 'the text gets too long');
    return replace(whole, old, replacement, -1);
  },
  'string.split': (args) => {
    takes(args, 2);
    const separator = text(args, 1);
    return split(text(args, 0), separator);
  },
  'string.to_lower': (args) => mapped(args, toLower),
  'string.to_upper': (args) => mapped(args, toUpper),
  'string.trim': (args) => {
    takes(args, 2);
    const cutset = text(args, 1);
    return trim(text(args, 0), cutset);
  },
  'string.trim_prefix': (args) => {
    takes(args, 2);
    return trimPrefix(text(args, 0), text(args, 1));
  },
  'string.trim_suffix': (args) => {
    takes(args, 2);
    return trimSuffix(text(args, 0), text(args, 1));
  },
  'string.trim_space': (args) => mapped(args, trimSpace),
};

/** Names of all functions and constants, for documentation. */
export const libraryNames: readonly string[] = [
  ...Object.keys(functions),
  'sys.env',
  ...[...constants.keys()].map((name) => `constants.${name}`),
].sort();

function takes(args: Args, count: number): void {
  if (args.length !== count) {
    throw new CallError(-1, `takes ${count} argument${count === 1 ? '' : 's'}, not ${args.length}`);
  }
}

function text(args: Args, index: number): string {
  return textOf(args[index]!, index, 'a string');
}

/** Numbers become strings where a string is wanted, and null an empty one; secrets never do. */
function textOf(value: Value, index: number, wanted: string): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'number') return numberText(value);
  const hint = value instanceof Secret ? '; convert.nonsensitive makes a string of it' : '';
  throw new CallError(index, `takes ${wanted}, not ${describe(value)}${hint}`);
}

function list(args: Args, index: number): Value[] {
  const value = args[index]!;
  if (Array.isArray(value)) return value;
  throw new CallError(index, `takes a list, not ${describe(value)}`);
}

function mapped(args: Args, change: (value: string) => string): string {
  takes(args, 1);
  return change(text(args, 0));
}

function objects(args: Args, index: number): ObjectValue[] {
  return list(args, index).map((value) => {
    if (value instanceof Map) return value;
    throw new CallError(index, `takes a list of objects; one element is ${describe(value)}`);
  });
}

/**
 * Each pair of a left and a right object that are equal in all the given keys, as one object; if the last argument asks
 * for it, the left one also for each pair that is not.
 */
function combineMaps(args: Args): Value {
  if (args.length !== 4) takes(args, 3);
  const others = args[3] ?? false;
  if (typeof others !== 'boolean') throw new CallError(3, `takes a bool, not ${describe(others)}`);
  const [left, right] = [objects(args, 0), objects(args, 1)];
  const keys = list(args, 2).map((key) => textOf(key, 2, 'a list of strings'));
  if (keys.length === 0) throw new CallError(2, 'takes at least one key');
  const matches = (a: ObjectValue, b: ObjectValue): boolean =>
    keys.every((key) => a.has(key) && b.has(key) && equal(a.get(key)!, b.get(key)!));
  return left.flatMap((a) =>
    right.flatMap((b) => {
      if (matches(a, b)) return [new Map([...a, ...b])];
      return others ? [a] : [];
    }),
  );
}

/** Objects with the same value of a key, as `{<key> = <value>, items = [...]}`. */
function groupBy(args: Args): Value {
  takes(args, 3);
  const key = text(args, 1);
  const dropMissing = args[2]!;
  if (typeof dropMissing !== 'boolean') throw new CallError(2, `takes a bool, not ${describe(dropMissing)}`);
  const groups = new Map<string, Value[]>();
  for (const item of objects(args, 0)) {
    const value = item.get(key);
    if (value === undefined && dropMissing) continue;
    const group = value === undefined ? '' : textOf(value, 0, `strings as "${key}"`);
    groups.set(group, [...(groups.get(group) ?? []), item]);
  }
  return [...groups].map(
    ([value, items]) =>
      new Map<string, Value>([
        [key, value],
        ['items', items],
      ]),
  );
}

function parsedJson(args: Args): Json {
  try {
    return parseJson(text(args, 0)) as Json;
  } catch (error) {
    if (error instanceof CallError) throw error;
    // The engine's message quotes the text, which may hold what should not be printed.
    throw new CallError(0, 'this is not JSON');
  }
}

function fromJson(json: Json): Value {
  if (Array.isArray(json)) return json.map(fromJson);
  if (json === null || typeof json !== 'object') return json;
  return new Map(Object.entries(json).map(([key, value]) => [key, fromJson(value)]));
}

/**
 * The first document, with the numbers and the `<<` of YAML 1.1 that Alloy's library reads as well.
 * @throws an Error for what is no YAML
 */
function readYaml(yaml: typeof import('yaml'), text: string): unknown {
  const whole = (test: RegExp, radix: string, digits: RegExp): ScalarTag => ({
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test,
    resolve: (found) => {
      const sign = found.startsWith('-') ? -1n : 1n;
      return sign * BigInt(radix + found.replace(digits, '').replaceAll('_', ''));
    },
  });
  const ints = [
    whole(/^[-+]?0b[01_]+$/, '0b', /^[-+]?0b/),
    whole(/^[-+]?0[0-7_]+$/, '0o', /^[-+]?0/),
    whole(/^[-+]?[1-9][\d_]*$/, '', /^[-+]?/),
  ];
  // Bounded, since a few aliases of aliases can stand for more than fits into memory. Warnings quote the text.
  const options = { intAsBigInt: true, merge: true, logLevel: 'error', prettyErrors: false } as const;
  const [document] = yaml.parseAllDocuments(text, { ...options, customTags: (tags) => [...ints, ...tags] });
  if (document === undefined || !('errors' in document)) return null;
  const [error] = document.errors;
  if (error !== undefined) throw error;
  return document.toJS({ maxAliasCount: 100 });
}

function fromYaml(yaml: unknown): Value {
  if (Array.isArray(yaml)) return yaml.map(fromYaml);
  if (yaml === undefined || yaml === null) return null;
  if (typeof yaml === 'object') return new Map(Object.entries(yaml).map(([key, value]) => [key, fromYaml(value)]));
  if (typeof yaml === 'bigint' || typeof yaml === 'number' || typeof yaml === 'boolean') return yaml;
  return String(yaml);
}

/** JSON as Go writes it: fields in the order of their names, nothing that HTML could take for its own. */
function toJson(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (value instanceof Map) {
    const keys = [...value.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `{${keys.map((key) => `${toJson(key)}:${toJson(value.get(key)!)}`).join(',')}}`;
  }
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return goJsonString(value);
  if (value !== null && typeof value === 'object')
    throw new CallError(0, `holds ${describe(value)}, which has no JSON`);
  return JSON.stringify(value);
}

function decodedBase64(args: Args, shape: RegExp): string {
  takes(args, 1);
  const encoded = text(args, 0).replace(/[\r\n]/g, '');
  const bytes = Buffer.from(encoded, 'base64');
  const decoded = bytes.toString('utf8');
  if (!shape.test(encoded)) throw new CallError(0, 'this is not base64');
  if (!Buffer.from(decoded).equals(bytes)) throw new CallError(0, 'the bytes in this base64 are not UTF-8');
  return decoded;
}
