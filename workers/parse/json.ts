const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const LETTER_U = 0x75;
const MAX_DEPTH = 64;

/** What stands for itself or another byte after a backslash; 0 where nothing may. */
const ESCAPED = new Uint8Array(256);
for (const [letter, byte] of [
  ['"', 0x22],
  ['\\', 0x5c],
  ['/', 0x2f],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
] as const) {
  ESCAPED[letter.charCodeAt(0)] = byte;
}

/** What a string may hold as it is. */
const PLAIN = new Uint8Array(256).fill(1);
PLAIN.fill(0, 0, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** The value of four hex digits at `at`, or -1. */
export function hex4(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const digit = hexDigit(bytes[i]!);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/**
 * Walks the members of one JSON object (RFC 8259) in place, without making values. Methods take and return indices;
 * -1 means that the bytes are no JSON. Bytes above 0x7f are taken as they are, UTF-8 or not.
 */
export class JsonScanner {
  /** Whether the object has a further member. */
  more = false;
  keyFrom = 0;
  keyTo = 0;
  /** The last string, without its quotes; `lastEscape` is where the last of its `escapes` begins. */
  stringFrom = 0;
  stringTo = 0;
  escapes = 0;
  lastEscape = -1;
  readonly #bytes: Uint8Array;
  #end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Begins the object that is all of `bytes[start, end)`; returns where its first member stands. */
  beginObject(start: number, end: number): number {
    this.#end = end;
    let at = this.#space(start);
    if (this.#at(at) !== OPEN_OBJECT) return -1;
    at = this.#space(at + 1);
    this.more = this.#at(at) !== CLOSE_OBJECT;
    return this.more ? at : this.#finish(at + 1);
  }

  /** Reads a key and its colon; returns where the value begins. */
  key(at: number): number {
    const after = this.string(at);
    if (after < 0) return -1;
    this.keyFrom = this.stringFrom;
    this.keyTo = this.stringTo;
    const colon = this.#space(after);
    return this.#at(colon) === COLON ? this.#space(colon + 1) : -1;
  }

  /** Reads what separates members; returns where the next one stands, or the end of the object. */
  afterValue(at: number): number {
    const next = this.#space(at);
    const byte = this.#at(next);
    this.more = byte === COMMA;
    if (this.more) return this.#space(next + 1);
    return byte === CLOSE_OBJECT ? this.#finish(next + 1) : -1;
  }

  string(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    if (this.#at(at) !== QUOTE) return -1;
    this.stringFrom = at + 1;
    this.escapes = 0;
    this.lastEscape = -1;
    for (let i = at + 1; i < end; i++) {
      const byte = bytes[i]!;
      if (PLAIN[byte] === 1) continue;
      if (byte === QUOTE) {
        this.stringTo = i;
        return i + 1;
      }
      if (byte !== BACKSLASH) return -1;
      this.escapes++;
      this.lastEscape = i;
      const letter = this.#at(++i);
      if (letter === LETTER_U) {
        if (i + 4 >= end || hex4(bytes, i + 1) < 0) return -1;
        i += 4;
      } else if (letter < 0 || ESCAPED[letter] === 0) return -1;
    }
    return -1;
  }

  /** Skips a value of any type. */
  value(at: number): number {
    return this.#value(at, 0);
  }

  /** The same for a value that stands alone before `end`. */
  valueIn(at: number, end: number): number {
    this.#end = end;
    return this.#value(at, 0);
  }

  #value(at: number, depth: number): number {
    const byte = this.#at(at);
    if (byte === QUOTE) return this.string(at);
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return depth < MAX_DEPTH ? this.#members(at, byte, depth + 1) : -1;
    if (byte === 0x74) return this.#word(at, 'true');
    if (byte === 0x66) return this.#word(at, 'false');
    if (byte === 0x6e) return this.#word(at, 'null');
    return this.#number(at);
  }

  #members(open: number, kind: number, depth: number): number {
    const close = kind === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
    let at = this.#space(open + 1);
    if (this.#at(at) === close) return at + 1;
    for (;;) {
      if (kind === OPEN_OBJECT) at = this.#skipKey(at);
      if (at >= 0) at = this.#value(at, depth);
      if (at < 0) return -1;
      at = this.#space(at);
      const byte = this.#at(at);
      if (byte === close) return at + 1;
      if (byte !== COMMA) return -1;
      at = this.#space(at + 1);
    }
  }

  #skipKey(at: number): number {
    const after = this.string(at);
    if (after < 0) return -1;
    const colon = this.#space(after);
    return this.#at(colon) === COLON ? this.#space(colon + 1) : -1;
  }

  #word(at: number, word: string): number {
    for (let i = 0; i < word.length; i++) if (this.#at(at + i) !== word.charCodeAt(i)) return -1;
    return at + word.length;
  }

  #number(at: number): number {
    let i = this.#at(at) === 0x2d ? at + 1 : at;
    const whole = this.#digits(i);
    if (whole === i || (this.#at(i) === 0x30 && whole > i + 1)) return -1;
    i = whole;
    if (this.#at(i) === 0x2e) {
      const fraction = this.#digits(i + 1);
      if (fraction === i + 1) return -1;
      i = fraction;
    }
    if ((this.#at(i) | 0x20) === 0x65) {
      const sign = this.#at(i + 1);
      const first = sign === 0x2b || sign === 0x2d ? i + 2 : i + 1;
      const exponent = this.#digits(first);
      if (exponent === first) return -1;
      i = exponent;
    }
    return i;
  }

  #digits(at: number): number {
    let i = at;
    while (this.#at(i) >= 0x30 && this.#at(i) <= 0x39) i++;
    return i;
  }

  #at(at: number): number {
    return at < this.#end ? this.#bytes[at]! : -1;
  }

  #space(at: number): number {
    let i = at;
    for (;;) {
      const byte = this.#at(i);
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== 0x0a) return i;
      i++;
    }
  }

  #finish(at: number): number {
    const end = this.#space(at);
    return end === this.#end ? end : -1;
  }
}

/**
 * Writes the string content `bytes[from, to)`, which `JsonScanner.string` has accepted, without its escapes to
 * `bytes[into, ...)`; returns where it ends. Never longer than what it was read from. Lone surrogates become U+FFFD.
 */
export function unescapeInto(bytes: Uint8Array, into: number, from: number, to: number): number {
  let out = into;
  let i = from;
  while (i < to) {
    const byte = bytes[i++]!;
    if (byte !== BACKSLASH) {
      bytes[out++] = byte;
      continue;
    }
    const letter = bytes[i++]!;
    if (letter !== LETTER_U) {
      bytes[out++] = ESCAPED[letter]!;
      continue;
    }
    let point = hex4(bytes, i);
    i += 4;
    if (point >= 0xd800 && point <= 0xdfff) {
      const paired = point <= 0xdbff && i + 6 <= to && bytes[i] === BACKSLASH && bytes[i + 1] === LETTER_U;
      const low = paired ? hex4(bytes, i + 2) : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        i += 6;
      } else point = 0xfffd;
    }
    if (point < 0x80) bytes[out++] = point;
    else if (point < 0x800) {
      bytes[out++] = 0xc0 | (point >> 6);
      bytes[out++] = 0x80 | (point & 0x3f);
    } else if (point < 0x10000) {
      bytes[out++] = 0xe0 | (point >> 12);
      bytes[out++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[out++] = 0x80 | (point & 0x3f);
    } else {
      bytes[out++] = 0xf0 | (point >> 18);
      bytes[out++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[out++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[out++] = 0x80 | (point & 0x3f);
    }
  }
  return out;
}
