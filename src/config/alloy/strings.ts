/** The number in an escape of octal or hexadecimal digits, without its backslash. */
export function codeOf(escaped: string): number {
  return /^[0-7]/.test(escaped) ? Number.parseInt(escaped, 8) : Number.parseInt(escaped.slice(1), 16);
}

const simpleEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '"': 34,
};

const piece = /\\(?:[0-7]{3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)|[^\\]/gsu;

/** The text of a string literal, and for each of its UTF-16 units (and its end) the offset in the literal it came from. */
export interface Unquoted {
  /** Null if octal or hexadecimal escapes make bytes that are not UTF-8. */
  text: string | null;
  offsets: number[];
}

/** Reads a literal that the lexer has found to be good: `"..."` with escapes, or raw in backticks without its CRs. */
export function unquote(literal: string): Unquoted {
  const raw = literal.startsWith('`');
  const ended = literal.length > 1 && literal.endsWith(literal[0]!);
  const inside = literal.slice(1, ended ? -1 : undefined);
  const offsets: number[] = [];
  let text = '';
  let good = true;
  /** Bytes from \ooo and \xHH, which may together be one character. */
  let bytes: number[] = [];
  let bytesAt: number[] = [];
  const put = (characters: string, at: number): void => {
    for (let i = 0; i < characters.length; i++) offsets.push(at);
    text += characters;
  };
  const putBytes = (): void => {
    if (bytes.length === 0) return;
    const decoded = Buffer.from(bytes).toString('utf8');
    if (!Buffer.from(decoded).equals(Buffer.from(bytes))) good = false;
    put(decoded, bytesAt[0]!);
    bytes = [];
    bytesAt = [];
  };
  if (raw) {
    for (let i = 0; i < inside.length; i++) if (inside[i] !== '\r') put(inside[i]!, i + 1);
  } else {
    for (const match of inside.matchAll(piece)) {
      const part = match[0];
      const at = match.index + 1;
      const escaped = part.slice(1);
      if (part[0] === '\\' && /^(?:[0-7]{3}|x..)$/.test(escaped)) {
        bytes.push(codeOf(escaped) & 0xff);
        bytesAt.push(at);
        continue;
      }
      putBytes();
      if (part[0] !== '\\') {
        put(part, at);
      } else if (/^[uU]./.test(escaped)) {
        const code = codeOf(escaped);
        put(code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd', at);
      } else {
        const code = simpleEscapes[escaped];
        put(code === undefined ? escaped : String.fromCharCode(code), at);
      }
    }
    putBytes();
  }
  offsets.push(inside.length + 1);
  return { text: good ? text : null, offsets };
}

/** Writes a string literal that reads back as `text`. */
export function quote(text: string): string {
  let out = '"';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const simple = Object.keys(simpleEscapes).find((name) => simpleEscapes[name] === code);
    if (simple !== undefined) out += `\\${simple}`;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code === 0xfeff || code === 0x2028 || code === 0x2029) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += character;
  }
  return `${out}"`;
}
