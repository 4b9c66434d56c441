const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' };

/** The value of what stands inside of a Go literal in such quotes. Throws an Error for an escape that Go does not take. */
export function unescapeGo(text: string, quote = '"'): string {
  if (!text.includes('\\')) return text;
  const parts = text.matchAll(/\\(?:x([\da-fA-F]{2})|([0-7]{3})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.)|$)|[^\\]+/gsu);
  const values = [...parts].map(([all, hex, octal, short, long, letter]) => {
    if (!all.startsWith('\\')) return Buffer.from(all);
    // These two name a byte, all others a character.
    const byte = hex === undefined ? Number.parseInt(octal ?? 'none', 8) : Number.parseInt(hex, 16);
    if (byte <= 0xff) return Uint8Array.of(byte);
    const code = Number.parseInt(short ?? long ?? 'none', 16);
    if (code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)) return Buffer.from(String.fromCodePoint(code));
    const control = letter === undefined ? undefined : (ESCAPES[letter] ?? (letter === quote ? quote : undefined));
    if (control === undefined) throw new Error(`unknown escape ${all}`);
    return Buffer.from(control);
  });
  return Buffer.concat(values).toString();
}
