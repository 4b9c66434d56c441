const BEYOND_ASCII = /[^\0-\x7f]/;
const CHARACTERS = /./gsu;

/** Greek letters with an iota below: they have a capital of one character, which JavaScript writes as two letters. */
const CAPITALS = new Map<string, string>();
for (let code = 0x1f80; code < 0x2000; code++) {
  const letter = String.fromCharCode(code);
  const small = letter.toLowerCase();
  if (small !== letter && letter.toUpperCase().length > 1) CAPITALS.set(small, letter);
}

/** Go's `strings.ToUpper`: a character becomes one character, whatever stands beside it, so that `ß` has no capital letter. */
export function toUpper(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text.toUpperCase();
  return text.replace(CHARACTERS, (character) => {
    const changed = character.toUpperCase();
    return changed.length > character.length ? (CAPITALS.get(character) ?? character) : changed;
  });
}

/** Go's `strings.ToLower`; `Σ` has only one small letter there. */
export function toLower(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text.toLowerCase();
  return text.replace(CHARACTERS, (character) => (character === 'İ' ? 'i' : character.toLowerCase()));
}

const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const SPACE_AROUND = new RegExp(`^${SPACE}|${SPACE}$`, 'gu');

/** Go's `strings.TrimSpace`; what it takes for space is not what JavaScript does. */
export function trimSpace(text: string): string {
  return text.replace(SPACE_AROUND, '');
}

/** Go's `strings.TrimLeft`: without the characters of `cutset` at its start. */
export function trimLeft(text: string, cutset: string): string {
  const cut = new Set(cutset);
  const characters = [...text];
  let from = 0;
  while (from < characters.length && cut.has(characters[from]!)) from++;
  return characters.slice(from).join('');
}

/** Go's `strings.TrimRight`. */
export function trimRight(text: string, cutset: string): string {
  const cut = new Set(cutset);
  const characters = [...text];
  let to = characters.length;
  while (to > 0 && cut.has(characters[to - 1]!)) to--;
  return characters.slice(0, to).join('');
}

/** Go's `strings.Trim`. */
export function trim(text: string, cutset: string): string {
  return trimRight(trimLeft(text, cutset), cutset);
}

/** Go's `strings.TrimPrefix`. */
export function trimPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

/** Go's `strings.TrimSuffix`. */
export function trimSuffix(text: string, suffix: string): string {
  return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text;
}

/** Go's `strings.Replace`: the first `count` places, all if it is negative. Nothing is before and behind each character. */
export function replace(text: string, old: string, now: string, count: number): string {
  const parts = old === '' ? ['', ...text, ''] : text.split(old);
  if (count < 0 || parts.length - 1 <= count) return parts.join(now);
  return parts.slice(0, count + 1).join(now) + old + parts.slice(count + 1).join(old);
}

/** Go's `strings.Split`. */
export function split(text: string, separator: string): string[] {
  return separator === '' ? [...text] : text.split(separator);
}

/** Go's `url.QueryEscape`. Throws an Error for lone surrogates. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** What Go's `base64.StdEncoding` reads, line breaks left out. */
export const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;
