const ESCAPES = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes controls.
const ESCAPED = /["\\\u0000-\u001f<>&\u2028\u2029]/g;

/** `value` as a JSON string, escaped for HTML too, as Go's encoders do unless told otherwise. */
export function goJsonString(value: string): string {
  return `"${value.replace(ESCAPED, (c) => ESCAPES.get(c) ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}

/** `value` as Go's encoders write it. Keys stay in their order; in Go it is by chance. */
export function goJson(value: unknown): string {
  if (typeof value === 'string') return goJsonString(value);
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([name, one]) => `${goJsonString(name)}:${goJson(one)}`)
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
