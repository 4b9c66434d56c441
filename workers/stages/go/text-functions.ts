import type { Data } from './template.js';

/** Go's functions take what their parameters say; anything else ends the template. */
export function text(value: Data): string {
  if (typeof value !== 'string') throw new Error('a string is needed');
  return value;
}

export function int(value: Data): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw new Error('a whole number is needed');
  return number;
}

export function list(value: Data): Data[] {
  if (!Array.isArray(value)) throw new Error('a list is needed');
  return value;
}

/** What is missing stands for one without anything. */
export function dict(value: Data): Map<string, Data> {
  if (value === undefined || value === null) return new Map();
  if (!(value instanceof Map)) throw new Error('a dictionary is needed');
  return value;
}

const BEYOND_ASCII = /[^\0-\x7f]/;
const CHARACTERS = /./gsu;

/** Go's `strings.ToUpper`: a character becomes one character, whatever stands beside it. */
export function upper(value: string): string {
  if (!BEYOND_ASCII.test(value)) return value.toUpperCase();
  return value.replace(CHARACTERS, (character) => {
    const changed = character.toUpperCase();
    return changed.length > character.length ? character : changed;
  });
}

/** Go's `strings.ToLower`. */
export function lower(value: string): string {
  if (!BEYOND_ASCII.test(value)) return value.toLowerCase();
  return value.replace(CHARACTERS, (character) => (character === 'İ' ? 'i' : character.toLowerCase()));
}

export function trimLeft(value: string, cutset: string): string {
  const cut = new Set(cutset);
  const characters = [...value];
  let from = 0;
  while (from < characters.length && cut.has(characters[from]!)) from++;
  return characters.slice(from).join('');
}

export function trimRight(value: string, cutset: string): string {
  const cut = new Set(cutset);
  const characters = [...value];
  let to = characters.length;
  while (to > 0 && cut.has(characters[to - 1]!)) to--;
  return characters.slice(0, to).join('');
}

export function trimPrefix(value: Data, prefix: Data): string {
  return text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : text(value);
}

export function trimSuffix(value: Data, suffix: Data): string {
  const length = text(value).length - text(suffix).length;
  return text(value).endsWith(text(suffix)) ? text(value).slice(0, length) : text(value);
}

/** Go's `strings.Replace`: the first `count` places, all if it is negative. */
export function replaceSome(value: string, old: string, now: string, count: number): string {
  const parts = old === '' ? ['', ...value, ''] : value.split(old);
  if (count < 0 || parts.length - 1 <= count) return parts.join(now);
  return parts.slice(0, count + 1).join(now) + old + parts.slice(count + 1).join(old);
}

const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const SPACE_AROUND = new RegExp(`^${SPACE}|${SPACE}$`, 'gu');

/** Go's `strings.TrimSpace`; what it takes for space is not what JavaScript does. */
export function trimSpace(value: string): string {
  return value.replace(SPACE_AROUND, '');
}
