import { FIELD_BYTES, FIELD_FROM, FIELD_IS_TEXT, FIELD_KEY, FIELD_KEY_BYTES, FIELD_TO } from '../layout';
import { equalLength } from './bytes';

const QUOTE: u8 = 0x22;
const PLUS: u8 = 0x2b;
const COMMA: u8 = 0x2c;
const MINUS: u8 = 0x2d;
const POINT: u8 = 0x2e;
const ZERO: u8 = 0x30;
const COLON: u8 = 0x3a;
const OPEN_ARRAY: u8 = 0x5b;
const BACKSLASH: u8 = 0x5c;
const CLOSE_ARRAY: u8 = 0x5d;
const LETTER_E: u8 = 0x65;
const LETTER_U: u8 = 0x75;
const OPEN_OBJECT: u8 = 0x7b;
const CLOSE_OBJECT: u8 = 0x7d;
const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;
const FALS: u32 = 0x736c6166;
/** What may stand behind a backslash and is less than 0x60 (`"`, `/`, `\`), less 0x20. */
const ESCAPED: u64 = (<u64>1 << 0x02) | (<u64>1 << 0x0f) | (<u64>1 << 0x3c);
const MAX_DEPTH: i32 = 64;

/** Whether the string that was passed last has escapes. */
let escaped: bool = false;

// Nothing here minds where the line ends: the newline behind it, or what stands there instead, ends whatever is open, and
// who ran on does not end where the object must.

@inline
function passSpaces(at: usize): usize {
  while (true) {
    const byte = load<u8>(at);
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return at;
    at++;
  }
}

function isHex(byte: u8): bool {
  return <u32>byte - 0x30 < 10 || (<u32>byte | 0x20) - 0x61 < 6;
}

function isEscape(letter: u8): bool {
  if (letter < 0x60) return letter >= 0x20 && ((ESCAPED >> (letter - 0x20)) & 1) !== 0;
  return letter === 0x62 || letter === 0x66 || letter === 0x6e || letter === 0x72 || letter === 0x74;
}

/** Where the string ends whose content begins at `at`; 0 if it is none. Sets `escaped`. */
@inline
function passString(at: usize): usize {
  escaped = false;
  while (true) {
    const bytes = v128.load(at);
    const marks = v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(BACKSLASH)));
    const found = i8x16.bitmask(v128.or(marks, i8x16.lt_u(bytes, i8x16.splat(0x20))));
    if (found === 0) {
      at += 16;
      continue;
    }
    at += ctz(found);
    const byte = load<u8>(at++);
    if (byte === QUOTE) return at;
    if (byte !== BACKSLASH) return 0;
    escaped = true;
    const letter = load<u8>(at++);
    if (letter === LETTER_U) {
      for (let i = 0; i < 4; i++) if (!isHex(load<u8>(at++))) return 0;
    } else if (!isEscape(letter)) return 0;
  }
}

function passDigits(at: usize): usize {
  while (<u32>load<u8>(at) - 0x30 < 10) at++;
  return at;
}

/** Where the number at `at` ends; 0 if it is none. */
function passNumber(at: usize): usize {
  if (load<u8>(at) === MINUS) at++;
  const whole = at;
  at = passDigits(at);
  if (at === whole || (load<u8>(whole) === ZERO && at > whole + 1)) return 0;
  if (load<u8>(at) === POINT) {
    const fraction = at + 1;
    at = passDigits(fraction);
    if (at === fraction) return 0;
  }
  if ((load<u8>(at) | 0x20) !== LETTER_E) return at;
  at++;
  const sign = load<u8>(at);
  if (sign === PLUS || sign === MINUS) at++;
  const exponent = at;
  at = passDigits(at);
  return at === exponent ? 0 : at;
}

/** Where the value at `at` ends; 0 if it is none, or lies too deep. */
function passValue(at: usize, depth: i32): usize {
  const first = load<u8>(at);
  if (first === QUOTE) return passString(at + 1);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return depth < MAX_DEPTH ? passMembers(at, first, depth + 1) : 0;
  const word = load<u32>(at);
  if (word === TRUE || word === NULL) return at + 4;
  if (word === FALS) return load<u8>(at + 4) === LETTER_E ? at + 5 : 0;
  return passNumber(at);
}

function passMembers(at: usize, kind: u8, depth: i32): usize {
  const close = kind === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
  at = passSpaces(at + 1);
  if (load<u8>(at) === close) return at + 1;
  while (true) {
    if (kind === OPEN_OBJECT) {
      if (load<u8>(at) !== QUOTE) return 0;
      at = passString(at + 1);
      if (at === 0) return 0;
      at = passSpaces(at);
      if (load<u8>(at) !== COLON) return 0;
      at = passSpaces(at + 1);
    }
    at = passValue(at, depth);
    if (at === 0) return 0;
    at = passSpaces(at);
    const byte = load<u8>(at);
    if (byte === close) return at + 1;
    if (byte !== COMMA) return 0;
    at = passSpaces(at + 1);
  }
}

/**
 * Whether [from, to) is a JSON object (RFC 8259) that is not too deep and has no escapes in its own keys. Then `count`
 * fields, of which each is FIELD_BYTES at `fields` (see layout.ts), know where their values are: FIELD_FROM is 0 for those
 * that have none.
 */
export function findFields(from: usize, to: usize, fields: usize, count: i32): bool {
  const fieldsEnd = fields + count * FIELD_BYTES;
  for (let field = fields; field < fieldsEnd; field += FIELD_BYTES) store<u32>(field + FIELD_FROM, 0);
  let at = passSpaces(from);
  if (load<u8>(at) !== OPEN_OBJECT) return false;
  at = passSpaces(at + 1);
  if (load<u8>(at) !== CLOSE_OBJECT) {
    while (true) {
      if (load<u8>(at) !== QUOTE) return false;
      const key = at + 1;
      at = passString(key);
      if (at === 0 || escaped) return false;
      const keyBytes = <i32>(at - key) - 1;
      at = passSpaces(at);
      if (load<u8>(at) !== COLON) return false;
      const value = passSpaces(at + 1);
      at = passValue(value, 0);
      if (at === 0 || at >= to) return false;
      for (let field = fields; field < fieldsEnd; field += FIELD_BYTES) {
        if (load<i32>(field + FIELD_KEY_BYTES) !== keyBytes) continue;
        if (keyBytes > 0 && equalLength(load<u32>(field + FIELD_KEY), key, keyBytes) < keyBytes) continue;
        const isText = <u32>(load<u8>(value) === QUOTE && !escaped);
        store<u32>(field + FIELD_FROM, <u32>value + isText);
        store<u32>(field + FIELD_TO, <u32>at - isText);
        store<u32>(field + FIELD_IS_TEXT, isText);
      }
      at = passSpaces(at);
      const byte = load<u8>(at);
      if (byte === CLOSE_OBJECT) break;
      if (byte !== COMMA) return false;
      at = passSpaces(at + 1);
    }
  }
  if (at >= to) return false;
  at = passSpaces(at + 1);
  return at >= to;
}
