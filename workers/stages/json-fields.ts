import { hex4, JsonScanner } from '../parse/json.js';
import type { Entry } from '../pipeline/entry.js';
import { readText } from '../pipeline/text.js';
import type { Value } from '../pipeline/values.js';
import { goJson, parseJson } from './go/json.js';

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LETTER_U = 0x75;
/** Longest string that is remembered. */
const SHORT_BYTES = 16;

/** What a string may hold as it is. */
const PLAIN = new Uint8Array(256).fill(1);
PLAIN.fill(0, 0, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** What may stand behind a backslash, but for `u`. */
const ESCAPED = new Uint8Array(256);
for (const letter of '"\\/bfnrt') ESCAPED[letter.charCodeAt(0)] = 1;

const DIGIT = new Uint8Array(256);
DIGIT.fill(1, 0x30, 0x3a);

/** A top-level key that is wanted, and the name it is extracted under. */
interface Wanted {
  key: Buffer;
  name: string;
  /** The short string that was read last, and its bytes: many fields have few values. */
  text: string;
  bytes: Buffer;
  length: number;
}

/**
 * Extracts values of top-level keys from the bytes of a line: of what is not wanted, no string and no object is made.
 * Takes objects as programs write them; for all else it says so, and the line has to be parsed as a whole.
 */
export class JsonFields {
  readonly #wanted: readonly Wanted[];
  readonly #found: (Value | undefined)[];
  /** Whether a key is wanted under several names. */
  readonly #repeats: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #scanner = new JsonScanner(this.#bytes);
  /** Whether the string that was passed last has escapes. */
  #escaped = false;

  /** `fields`: [name, key]. */
  constructor(fields: readonly (readonly [name: string, key: string])[]) {
    this.#wanted = fields.map(([name, key]) => {
      return { name, key: Buffer.from(key), text: '', bytes: Buffer.alloc(SHORT_BYTES), length: 0 };
    });
    this.#found = fields.map(() => undefined);
    this.#repeats = new Set(fields.map(([, key]) => key)).size < fields.length;
  }

  /** Returns false, with nothing extracted, if the line is not all JSON of the plain kind. */
  extract(entry: Entry): boolean {
    const { bytes, from, to } = entry;
    const found = this.#found;
    found.fill(null);
    if (bytes[from] !== OPEN_OBJECT || bytes[to - 1] !== CLOSE_OBJECT) return false;
    let at = from + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return false;
      const keyFrom = ++at;
      while (PLAIN[bytes[at]!] === 1) at++;
      if (bytes[at] !== QUOTE) return false;
      const keyTo = at++;
      if (bytes[at] !== COLON) return false;
      if (bytes[++at] === SPACE) at++;
      const valueFrom = at;
      at = this.#pass(bytes, at, to);
      if (at < 0 || at >= to) return false;
      const index = this.#indexOf(bytes, keyFrom, keyTo);
      if (index >= 0) this.#take(index, bytes, valueFrom, at);
      if (bytes[at] !== COMMA) break;
      if (bytes[++at] === SPACE) at++;
    }
    if (at !== to - 1) return false;
    for (let i = 0; i < found.length; i++) entry.extracted.set(this.#wanted[i]!.name, found[i]!);
    return true;
  }

  /** Where the value at `at` ends; -1 if it is none. May run beyond `to`. */
  #pass(bytes: Buffer, at: number, to: number): number {
    const first = bytes[at]!;
    if (first === QUOTE) return this.#passString(bytes, at + 1);
    return DIGIT[first] === 1 || first === MINUS ? passNumber(bytes, at) : this.#passOther(bytes, at, to);
  }

  /** Where the string ends whose content begins at `from`. */
  #passString(bytes: Buffer, from: number): number {
    let at = from;
    this.#escaped = false;
    for (;;) {
      while (PLAIN[bytes[at]!] === 1) at++;
      const byte = bytes[at++];
      if (byte === QUOTE) return at;
      if (byte !== BACKSLASH) return -1;
      this.#escaped = true;
      const letter = bytes[at++]!;
      if (ESCAPED[letter] === 1) continue;
      if (letter !== LETTER_U || hex4(bytes, at) < 0) return -1;
      at += 4;
    }
  }

  #passOther(bytes: Buffer, at: number, to: number): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#scanner = new JsonScanner(bytes);
    }
    return this.#scanner.valueIn(at, to);
  }

  #indexOf(bytes: Buffer, from: number, to: number): number {
    const wanted = this.#wanted;
    const length = to - from;
    next: for (let i = 0; i < wanted.length; i++) {
      const { key } = wanted[i]!;
      if (key.length !== length) continue;
      for (let k = 0; k < length; k++) if (key[k] !== bytes[from + k]) continue next;
      return i;
    }
    return -1;
  }

  #take(index: number, bytes: Buffer, from: number, to: number): void {
    const wanted = this.#wanted[index]!;
    const value = this.#read(wanted, bytes, from, to);
    this.#found[index] = value;
    if (!this.#repeats) return;
    for (const [i, { key }] of this.#wanted.entries()) if (key.equals(wanted.key)) this.#found[i] = value;
  }

  #read(wanted: Wanted, bytes: Buffer, from: number, to: number): Value {
    if (bytes[from] === QUOTE && !this.#escaped) return readString(wanted, bytes, from + 1, to - 1);
    const json = parseJson(readText(bytes, from, to));
    return typeof json === 'object' && json !== null ? goJson(json) : (json as Value);
  }
}

/** Where the number at `at` ends; -1 if it is none, or has an exponent. */
function passNumber(bytes: Buffer, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  const whole = at;
  while (DIGIT[bytes[at]!] === 1) at++;
  if (at === whole || (bytes[whole] === ZERO && at > whole + 1)) return -1;
  if (bytes[at] !== POINT) return at;
  const fraction = ++at;
  while (DIGIT[bytes[at]!] === 1) at++;
  return at === fraction ? -1 : at;
}

function readString(wanted: Wanted, bytes: Buffer, from: number, to: number): string {
  const length = to - from;
  if (length > SHORT_BYTES) return readText(bytes, from, to);
  const last = wanted.bytes;
  let same = length === wanted.length;
  for (let i = 0; same && i < length; i++) same = last[i] === bytes[from + i];
  if (same) return wanted.text;
  for (let i = 0; i < length; i++) last[i] = bytes[from + i]!;
  wanted.length = length;
  wanted.text = readText(bytes, from, to);
  return wanted.text;
}
