import { isUtf8 } from 'node:buffer';

const REPLACEMENT = '\ufffd';
/** A byte that is no UTF-8 stands in text as this plus the byte: a lone low surrogate, which no UTF-8 decodes to. */
const STRAY = 0xdc00;

/** Up to this length it is faster to look whether a text is ASCII than to have it decoded. */
const SHORT_BYTES = 48;

function isAscii(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i]! > 0x7f) return false;
  return true;
}

/**
 * The text of `bytes[from, to)`. Bytes that are not UTF-8 become lone surrogates U+DC80 to U+DCFF, from which
 * `writeText` makes the same bytes again: a stage that reads or changes a line leaves alone what it does not touch.
 */
export function readText(bytes: Buffer, from: number, to: number): string {
  if (to - from <= SHORT_BYTES && isAscii(bytes, from, to)) return bytes.toString('latin1', from, to);
  const text = bytes.toString('utf8', from, to);
  if (!text.includes(REPLACEMENT) || isUtf8(bytes.subarray(from, to))) return text;
  return readStray(bytes, from, to);
}

function sequenceLength(bytes: Buffer, at: number, to: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  return length > 0 && at + length <= to && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

function readStray(bytes: Buffer, from: number, to: number): string {
  let text = '';
  let whole = from;
  let at = from;
  while (at < to) {
    const length = sequenceLength(bytes, at, to);
    if (length > 0) {
      at += length;
      continue;
    }
    text += bytes.toString('utf8', whole, at) + String.fromCharCode(STRAY + bytes[at]!);
    whole = ++at;
  }
  return text + bytes.toString('utf8', whole, to);
}

function isStray(code: number): boolean {
  return code >= STRAY + 0x80 && code <= STRAY + 0xff;
}

/** Length of `text` in bytes, as `writeText` writes it. */
export function textBytes(text: string): number {
  let length = Buffer.byteLength(text);
  if (text.isWellFormed()) return length;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    if (code > 0xffff) i++;
    else if (isStray(code)) length -= 2;
  }
  return length;
}

/** The bytes of `text`; lone surrogates that are no stray byte become U+FFFD. */
export function writeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  const bytes = Buffer.allocUnsafe(textBytes(text));
  let at = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (isStray(code)) bytes[at++] = code - STRAY;
    else at += bytes.write(character, at);
  }
  return bytes;
}

/** The first `limit` bytes of `text`. A cut character leaves its first bytes, as Go's slicing does. */
export function cutText(text: string, limit: number): string {
  const bytes = writeText(text);
  return bytes.length <= limit ? text : readText(bytes, 0, limit);
}
