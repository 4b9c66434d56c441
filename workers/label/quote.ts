const NAMED: Record<string, string> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

// Controls, separators and the byte order mark: what Go's strconv.Quote escapes and a terminal would not show. And the
// replacement character, which Loki's label parser takes for damage when it stands there as it is.
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what this is about.
const ESCAPED = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffd\p{Cs}]/gu;

function escaped(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const code = /\p{Cs}/u.test(character) ? 0xfffd : character.charCodeAt(0);
  // `\x` names a byte, not a character: above 0x7f it would not be UTF-8.
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** `value` as a Go string literal, as Loki's label parser reads it (strconv.Unquote). */
export function quote(value: string): string {
  return `"${value.replace(ESCAPED, escaped)}"`;
}
