const ESCAPES = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes controls.
const ESCAPED = /["\\\u0000-\u001f<>&\u2028\u2029\ud800-\udfff]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes controls.
const ESCAPED_RAW = /["\\\u0000-\u001f\u2028\u2029\ud800-\udfff]/gu;

/** `value` as a JSON string, escaped for HTML too, as Go's encoders do unless told otherwise. What is no UTF-8 is U+FFFD. */
export function goJsonString(value: string): string {
  return `"${value.replace(ESCAPED, escaped)}"`;
}

/** `value` as a JSON string where Go's encoders are told to leave HTML alone. */
export function goJsonRawString(value: string): string {
  return `"${value.replace(ESCAPED_RAW, escaped)}"`;
}

/** As the library does that `stage.json` has in Alloy, which knows fewer short escapes. */
export function iteratorString(value: string): string {
  return `"${value.replace(ESCAPED, (character) => {
    return character === '\b' ? '\\u0008' : character === '\f' ? '\\u000c' : escaped(character);
  })}"`;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return ESCAPES.get(character) ?? (code >= 0xd800 ? '\\ufffd' : `\\u${code.toString(16).padStart(4, '0')}`);
}

/**
 * `value` as Go's encoders write it; a `bigint` is a whole number. Keys stay in their order; in Go it is by chance.
 *
 * @param string how texts are written
 */
export function goJson(value: unknown, string: (text: string) => string = goJsonString): string {
  if (typeof value === 'string') return string(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map((one) => goJson(one, string)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([name, one]) => `${string(name)}:${goJson(one, string)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/**
 * `JSON.parse`, but escapes of lone surrogates become U+FFFD as in Go. Lone surrogates that stand in `text` itself are bytes
 * that were no UTF-8, and stay.
 */
export function parseJson(text: string): unknown {
  if (!/\\u[dD]/.test(text) || !text.isWellFormed()) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value));
}
