import { goJson, iteratorString, parseJson } from '../../src/go-json.js';
import { hex4, JsonScanner } from '../parse/json.js';
import type { Entry } from '../pipeline/entry.js';
import { readText } from '../pipeline/text.js';
import type { Value } from '../pipeline/values.js';
import type { FieldLoop, Loops } from '../wasm/loops.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LETTER_E = 0x65;
const LETTER_U = 0x75;

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

/** What may stand between tokens. */
const SPACES = new Uint8Array(256);
for (const space of ' \t\r\n') SPACES[space.charCodeAt(0)] = 1;

/** A top-level key that is wanted, and the name it is extracted under. */
interface Wanted {
  key: Buffer;
  name: string;
  /** The value that was found in this line: a string's content, as it stands there, or what it is. */
  from: number;
  to: number;
  value: Value;
}

/**
 * Extracts values of top-level keys from the bytes of a line: of what is not wanted, no string and no object is made, and
 * of wanted strings none before a stage asks. Takes objects as programs write them; for all else it says so, and the line
 * has to be parsed as a whole.
 */
export class JsonFields {
  readonly #wanted: readonly Wanted[];
  readonly #loop: FieldLoop | null;
  /** Whether a key is wanted under several names. */
  readonly #repeats: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #scanner = new JsonScanner(this.#bytes);
  /** Whether the string that was passed last has escapes. */
  #escaped = false;

  /** `fields`: [name, key]. `loops`: of the memory that lines lie in; null: everything is done here. */
  constructor(fields: readonly (readonly [name: string, key: string])[], loops: Loops | null = null) {
    this.#wanted = fields.map(([name, key]) => {
      return { name, key: Buffer.from(key), from: -1, to: -1, value: null };
    });
    this.#loop = loops?.fields(this.#wanted.map(({ key }) => key)) ?? null;
    this.#repeats = new Set(fields.map(([, key]) => key)).size < fields.length;
  }

  /** Returns false, with nothing extracted, if the line is not all JSON of the plain kind. */
  extract(entry: Entry): boolean {
    const loop = this.#loop;
    return loop !== null && entry.bytes === loop.bytes ? this.#extractBy(loop, entry) : this.#extract(entry);
  }

  #extractBy(loop: FieldLoop, { bytes, from, to, extracted }: Entry): boolean {
    if (!loop.find(from, to)) return false;
    const wanted = this.#wanted;
    for (let i = 0; i < wanted.length; i++) {
      const { name } = wanted[i]!;
      const start = loop.from(i);
      if (start === 0) extracted.set(name, null);
      else if (loop.isText(i)) extracted.setSpan(name, bytes, start, loop.to(i));
      else extracted.set(name, readValue(bytes, start, loop.to(i)));
    }
    return true;
  }

  #extract({ bytes, from, to, extracted }: Entry): boolean {
    const wanted = this.#wanted;
    for (let i = 0; i < wanted.length; i++) {
      wanted[i]!.from = -1;
      wanted[i]!.value = null;
    }
    let last = to - 1;
    while (SPACES[bytes[last]!] === 1) last--;
    let at = passSpaces(bytes, from);
    if (bytes[at] !== OPEN_OBJECT || bytes[last] !== CLOSE_OBJECT) return false;
    // Nothing of this minds `to`: who runs beyond it does not end at `last`.
    for (;;) {
      at = passSpaces(bytes, at + 1);
      if (bytes[at] !== QUOTE) return false;
      const keyFrom = ++at;
      while (PLAIN[bytes[at]!] === 1) at++;
      if (bytes[at] !== QUOTE) return false;
      const keyTo = at;
      at = passSpaces(bytes, at + 1);
      if (bytes[at] !== COLON) return false;
      at = passSpaces(bytes, at + 1);
      const valueFrom = at;
      at = this.#pass(bytes, at, to);
      if (at < 0 || at >= to) return false;
      const index = this.#indexOf(bytes, keyFrom, keyTo);
      if (index >= 0) this.#take(index, bytes, valueFrom, at);
      at = passSpaces(bytes, at);
      if (bytes[at] !== COMMA) break;
    }
    if (at !== last) return false;
    for (let i = 0; i < wanted.length; i++) {
      const { name, from: start, to: end, value } = wanted[i]!;
      if (start >= 0) extracted.setSpan(name, bytes, start, end);
      else extracted.set(name, value);
    }
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
    if (bytes[from] === QUOTE && !this.#escaped) {
      wanted.from = from + 1;
      wanted.to = to - 1;
    } else {
      wanted.from = -1;
      wanted.value = readValue(bytes, from, to);
    }
    if (!this.#repeats) return;
    for (const one of this.#wanted) {
      if (!one.key.equals(wanted.key)) continue;
      one.from = wanted.from;
      one.to = wanted.to;
      one.value = wanted.value;
    }
  }
}

function readValue(bytes: Buffer, from: number, to: number): Value {
  const json = parseJson(readText(bytes, from, to));
  return typeof json === 'object' && json !== null ? goJson(json, iteratorString) : (json as Value);
}

function passSpaces(bytes: Buffer, from: number): number {
  let at = from;
  while (SPACES[bytes[at]!] === 1) at++;
  return at;
}

/** Where the number at `at` ends; -1 if it is none. */
function passNumber(bytes: Buffer, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  const whole = at;
  at = passDigits(bytes, at);
  if (at === whole || (bytes[whole] === ZERO && at > whole + 1)) return -1;
  if (bytes[at] === POINT) {
    const fraction = at + 1;
    at = passDigits(bytes, fraction);
    if (at === fraction) return -1;
  }
  if ((bytes[at]! | 0x20) !== LETTER_E) return at;
  const sign = bytes[at + 1];
  const exponent = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
  at = passDigits(bytes, exponent);
  return at === exponent ? -1 : at;
}

function passDigits(bytes: Buffer, from: number): number {
  let at = from;
  while (DIGIT[bytes[at]!] === 1) at++;
  return at;
}
