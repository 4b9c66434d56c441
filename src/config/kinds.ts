import { accessSync, constants, statSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { isAbsolute } from 'node:path';
import * as v from 'valibot';
import { errnoOf, SleipnirError } from '../errors.js';
import { checkLabelRegex, parseLabels } from './labels.js';
import { formatBytes, formatDuration, parseBytes, parseDurationMs } from './units.js';

/** A kind of setting: what its text may be, and how it becomes a value. */
export interface Kind<T> {
  /** What is allowed, as the end of a sentence. */
  allowed: string;
  /** Its issues read on after the value: "is not a duration". */
  schema: v.GenericSchema<string, T>;
  /** The text without what nobody should see in a log. */
  display(text: string): string;
}

const asGiven = (text: string): string => text;

/** A kind from a function that throws a SleipnirError for what is not allowed. */
function parsed<T>(allowed: string, parse: (text: string) => T): Kind<T> {
  return { allowed, schema: parsing(parse), display: asGiven };
}

function parsing<T>(parse: (text: string) => T): v.GenericSchema<string, T> {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parse(dataset.value);
      } catch (error) {
        if (!(error instanceof SleipnirError)) throw error;
        addIssue({ message: error.message });
        return NEVER;
      }
    }),
  );
}

function matching(allowed: string, pattern: RegExp, problem: string): Kind<string> {
  return { allowed, schema: v.pipe(v.string(), v.regex(pattern, problem)), display: asGiven };
}

function bad(problem: string, allowed: string): SleipnirError {
  return new SleipnirError('BAD_SETTING', problem, `Allowed: ${allowed}.`);
}

function between(parse: (text: string) => number, format: (value: number) => string, min: number, max: number) {
  return v.pipe(
    parsing(parse),
    v.minValue(min, `is less than ${format(min)}`),
    v.maxValue(max, `is more than ${format(max)}`),
  );
}

/** Bytes in [min, max]. */
export function size(min: number, max: number): Kind<number> {
  const upTo = max === Number.MAX_SAFE_INTEGER ? ' or more' : ` to ${formatBytes(max)}`;
  const allowed = `a size of ${formatBytes(min)}${upTo}, with a unit such as KiB, MiB, GiB, MB or Mi`;
  return { allowed, schema: between(parseBytes, formatBytes, min, max), display: asGiven };
}

/** Milliseconds in [min, max]. */
export function duration(minMs: number, maxMs: number): Kind<number> {
  const allowed = `a duration of ${formatDuration(minMs)} to ${formatDuration(maxMs)}, with units such as ms, s or m`;
  return { allowed, schema: between(parseDurationMs, formatDuration, minMs, maxMs), display: asGiven };
}

/** A whole number in [min, max]. */
export function count(min: number, max: number): Kind<number> {
  const allowed = `a whole number from ${min} to ${max}`;
  const parse = (text: string): number => {
    if (!/^\d+$/.test(text)) throw bad('is not a whole number', allowed);
    return Number(text);
  };
  return { allowed, schema: between(parse, String, min, max), display: asGiven };
}

/** One of a few words. */
export function oneOf<const W extends string>(...words: W[]): Kind<W> {
  const allowed = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return { allowed, schema: v.picklist(words, 'is none of these'), display: asGiven };
}

const urlAllowed = 'an http or https URL without user and password (they have settings of their own)';

/** Where to push. A user, a password or a query in it is not shown: people put secrets there. */
export const pushUrl: Kind<URL> = {
  ...parsed(urlAllowed, parseUrl),
  display: (text) => text.replace(/^(.*?:\/\/)?.*@/s, '$1***@').replace(/\?.*$/s, '?***'),
};

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw bad('is not a URL', urlAllowed);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw bad('is not an http or https URL', urlAllowed);
  if (url.username !== '' || url.password !== '') throw bad('holds a user or a password', urlAllowed);
  return url;
}

const globsAllowed = 'globs that begin with /, comma-separated';

/** Absolute globs. A comma inside braces belongs to its glob. */
export const globs: Kind<string[]> = parsed(globsAllowed, (text) => {
  const list = splitOutsideBraces(text)
    .map((glob) => glob.trim())
    .filter((glob) => glob !== '');
  if (list.length === 0) throw bad('holds no glob', globsAllowed);
  const relative = list.find((glob) => !glob.startsWith('/'));
  if (relative !== undefined) throw bad(`has "${relative}", which does not begin with /`, globsAllowed);
  return list;
});

function splitOutsideBraces(text: string): string[] {
  const items: string[] = [];
  let item = '';
  let depth = 0;
  for (const piece of text.match(/\\?./gs) ?? []) {
    if (piece === '{') depth++;
    if (piece === '}') depth--;
    if (piece === ',' && depth === 0) {
      items.push(item);
      item = '';
    } else {
      item += piece;
    }
  }
  if (depth !== 0) throw bad('has a brace without its partner', globsAllowed);
  return [...items, item];
}

/** A label regex in RE2 syntax. */
export const labelRegex: Kind<string> = parsed(
  'a regex in RE2 syntax with at least one named group, as in (?P<pod>[^/]+), each named like a Loki label',
  checkLabelRegex,
);

/** Labels for every line. */
export const labels: Kind<[string, string][]> = parsed(
  'name=value pairs, comma-separated, each name once and of the shape [a-zA-Z_][a-zA-Z0-9_]*; a value that holds a comma in "quotes"',
  parseLabels,
);

const addressAllowed = 'host:port with a port from 0 to 65535, such as 127.0.0.1:12345, [::1]:0 or :12345';

/** Where to listen. An empty host means every address of the machine, as `listen` of node:net takes it. */
export const address: Kind<{ host: string; port: number }> = parsed(addressAllowed, (text) => {
  const [, bracketed, name, digits] = /^(?:\[([^\]]*)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535) throw bad('is not host:port', addressAllowed);
  if (bracketed !== undefined && !isIPv6(bracketed)) throw bad('has no IPv6 address in its brackets', addressAllowed);
  return { host: bracketed ?? name ?? '', port };
});

/** The absolute path of a folder; made when it is first needed. */
export const folder: Kind<string> = matching('a path that begins with /', /^\//, 'is not an absolute path');

const fileAllowed = 'the absolute path of a readable file';

/** A file that can be read now. What is no path is not shown: it may be the secret itself. */
export const readableFile: Kind<string> = {
  ...parsed(fileAllowed, (path) => {
    if (!isAbsolute(path)) throw bad('is not an absolute path', fileAllowed);
    try {
      accessSync(path, constants.R_OK);
      if (statSync(path).isFile()) return path;
    } catch (error) {
      throw bad(`cannot be read (${errnoOf(error) ?? 'unknown reason'})`, fileAllowed);
    }
    throw bad('is not a file', fileAllowed);
  }),
  display: (text) => (isAbsolute(text) ? text : '***'),
};

/**
 * The value of `X-Scope-OrgID`. Loki may be stricter (its default forbids slashes); what no header can carry is refused here.
 * https://grafana.com/docs/loki/latest/operations/multi-tenancy/
 */
export const tenant: Kind<string> = matching(
  'up to 150 visible ASCII characters',
  /^[!-~]{1,150}$/,
  'cannot be the name of a tenant',
);

/** RFC 7617 forbids the colon in a user name, and control characters. */
export const userName: Kind<string> = matching(
  'a name without colon and control characters',
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  /^[^:\u0000-\u001f\u007f]+$/,
  'cannot be a user name',
);

/** A file or folder, whatever is there now. */
export const path: Kind<string> = { allowed: 'the path of a file or a folder', schema: v.string(), display: asGiven };
