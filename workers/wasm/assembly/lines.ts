import {
  ENDS,
  HEAD_STEP,
  HEADS,
  LINES,
  MAX_LINE_BYTES,
  METADATA_BYTES,
  METADATA_SIZE,
  NANOS,
  NEWEST_MS,
  OLDEST_MS,
  ROOM,
  SECOND_AT,
  SECOND_SIZE,
  SECONDS,
  SLOT_MASK,
} from '../layout';
import { copyWide, findNewline } from './bytes';
import { NO_OFFSET, offsetAt, secondAt } from './date';

/** Entries up to this long have lengths of at most three bytes; longer lines are left to the caller. */
const MOST_BYTES = 0x1fffff - 64;

const STDOUT: u64 = 0x2074756f64747320; // ` stdout `
const STDERR: u64 = 0x2072726564747320; // ` stderr `
const FULL_TAG: u16 = 0x2046; // `F `
const ZULU: u8 = 0x5a;
const CARRIAGE_RETURN: u8 = 0x0d;
/** The last second that fits the signed 64-bit nanoseconds Loki keeps. */
const LAST_SECOND: u64 = 9_223_372_035;

/** The `2006-01-02T15:04:05.` that was read last, as two words that overlap, and its seconds since the epoch in UTC. */
let date = i64x2.splat(0);
let dateEnd = i64x2.splat(0);
let dateSecond: i64 = 0;
/** The second that the heads of entries bear. */
let headSecond: i64 = -1;

/** The number of eight digits 0 to 9, the first of them in the lowest byte. */
function eightDigits(digits: u64): u32 {
  digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;
  digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffff;
  return <u32>(digits * 10000 + (digits >> 32));
}

/** Bytes of a varint that has three at most. */
@inline
function varintBytes(value: i32): i32 {
  return 1 + <i32>(value > 0x7f) + <i32>(value > 0x3fff);
}

/** Such a varint; what it does not need is 0. */
@inline
function shortVarint(value: i32): u32 {
  if (value > 0x3fff) return (value & 0x7f) | 0x8080 | ((value & 0x3f80) << 1) | ((value & 0x1fc000) << 2);
  return value > 0x7f ? (value & 0x7f) | 0x80 | ((value & 0x3f80) << 1) : value;
}

function setSecond(state: usize, second: i64): void {
  headSecond = second;
  const seconds = <u64>second;
  const low = (seconds & 0x7f) | ((seconds & 0x3f80) << 1) | ((seconds & 0x1fc000) << 2) | ((seconds & 0xfe00000) << 3);
  for (let kind: usize = 0; kind < 3; kind++) {
    const at = state + HEADS + kind * HEAD_STEP + SECOND_AT;
    store<u32>(at, <u32>low | 0x80808080);
    store<u8>(at + 4, <u8>(seconds >> 28));
  }
}

/**
 * Writes the CRI lines from `start` on to the push, until one begins at `stop` or later, is not whole before `end`, is
 * unusual, or finds no room; returns where that one begins. Usual lines have a date from 1970 on with a fraction, the tag
 * F, and at most MOST_BYTES of content. A newline must stand at `end`.
 *
 * `whole`: the entry is all of the line, of no stream kind; the tag may be any.
 */
export function takeLines(start: usize, stop: usize, end: usize, state: usize, whole: bool): usize {
  const slotMask = load<u32>(state + SLOT_MASK);
  const metadata = whole ? 0 : load<i32>(state + METADATA_BYTES);
  const most = min(load<i32>(state + MAX_LINE_BYTES), MOST_BYTES);
  let room = load<i32>(state + ROOM);
  let at = start;
  let lines = 0;
  let seconds = headSecond;
  let nanos: u32 = 0;
  let oldest = i64.MAX_VALUE;
  let newest = i64.MIN_VALUE;
  while (at < stop) {
    const newline = findNewline(at);
    if (newline >= end) break;

    const first = v128.load(at);
    const last = v128.load(at + 4);
    if (v128.any_true(v128.or(v128.xor(first, date), v128.xor(last, dateEnd)))) {
      const changed = secondAt(at);
      if (changed < 0) break;
      dateSecond = changed;
      date = first;
      dateEnd = last;
    }
    const fraction = i8x16.sub(v128.load(at + 20), i8x16.splat(0x30));
    const digits = ctz(i8x16.bitmask(i8x16.gt_u(fraction, i8x16.splat(9))) | 0x200);
    if (digits === 0) break;
    let zone = at + 20 + digits;
    let local = dateSecond;
    if (load<u8>(zone) !== ZULU) {
      const offset = offsetAt(zone);
      if (offset === NO_OFFSET) break;
      local -= offset;
      zone += 5;
    }
    const stream = load<u64>(zone + 1);
    if (stream !== STDOUT && stream !== STDERR) break;
    if (!whole && load<u16>(zone + 9) !== FULL_TAG) break;
    // No byte up to here is a newline.
    const content = whole ? at : zone + 11;
    if (<u64>local > LAST_SECOND) break;
    const to = newline > content && load<u8>(newline - 1) === CARRIAGE_RETURN ? newline - 1 : newline;
    const length = <i32>(to - content);
    if (length > most) break;

    // Digits that are missing are zeros at the end.
    let eight = i64x2.extract_lane(fraction, 0);
    if (digits < 8) eight &= (<u64>1 << (<u64>digits << 3)) - 1;
    const ninth = digits === 9 ? <u32>i8x16.extract_lane_u(fraction, 8) : 0;
    const n = eightDigits(eight) * 10 + ninth;

    const lengthBytes = varintBytes(length);
    const body = metadata + SECOND_SIZE + 6 + lengthBytes + length;
    const bodyBytes = varintBytes(body);
    const total = 1 + bodyBytes + body;
    if (total > room) break;
    room -= total;
    seconds = local;
    if (seconds !== headSecond) setSecond(state, seconds);
    const kind: usize = whole ? 0 : stream === STDOUT ? 1 : 2;
    const slot = state + ENDS + ((kind & slotMask) << 2);
    let out = <usize>load<u32>(slot);
    store<u32>(slot, <u32>out + total);
    store<u8>(out, 0x12);
    store<u32>(out + 1, shortVarint(body));
    out += 1 + bodyBytes;
    // What is written too much here is written over below.
    const head = state + HEADS + kind * HEAD_STEP + (METADATA_SIZE - metadata);
    v128.store(out, v128.load(head));
    v128.store(out + 11, v128.load(head + 11));
    out += metadata + SECOND_SIZE;
    store<u32>(
      out,
      0x80808080 | (n & 0x7f) | ((n & 0x3f80) << 1) | ((n & 0x1fc000) << 2) | ((n & 0xfe00000) << 3),
    );
    store<u16>(out + 4, <u16>(0x1200 | (n >> 28)));
    store<u32>(out + 6, shortVarint(length));
    copyWide(out + 6 + lengthBytes, content, length);

    const time = seconds * 1_000_000_000 + n;
    oldest = min(oldest, time);
    newest = max(newest, time);
    nanos = n;
    lines++;
    at = newline + 1;
  }
  store<i32>(state + ROOM, room);
  store<i32>(state + LINES, lines);
  if (lines > 0) {
    store<u32>(state + NANOS, nanos);
    store<f64>(state + SECONDS, <f64>seconds);
    store<f64>(state + OLDEST_MS, <f64>(oldest / 1_000_000));
    store<f64>(state + NEWEST_MS, <f64>(newest / 1_000_000));
  }
  return at;
}
