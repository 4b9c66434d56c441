import { METADATA_SIZE, NANOS_SIZE, SECOND_SIZE, TABLE_BYTES } from '../layout';
import { copyWide, equalBytes, equalLength } from './bytes';

const HASH_SHIFT: u64 = 64 - 14;
/** 2^64 divided by the golden ratio. */
const HASH_FACTOR: u64 = 0x9e3779b185ebca87;
/** After every so many misses in a row, as a power of two, the search takes longer steps. */
const PATIENCE_BITS: u32 = 2;
const WINDOW_BYTES: usize = 0x10000;
/** Bytes of `2006-01-02T15:04:05.`, and of `Z stdout F `. */
const DATE_SIZE: usize = 20;
const STREAM_AND_TAG_SIZE: usize = 11;
const POINT: u8 = 0x2e;
/** Where in an entry the metadata's `stdout` and `stderr` differ, in their second bit. */
const STREAM_AT: usize = 15;

let first: usize = 0;
let table: usize = 0;
/** Everything before it is in the output. */
let pending: usize = 0;
/** How far back the match lies that was found last. */
let distance: u32 = 0;
/** Where the last entry of each stream kind began; they take turns if there is no metadata to tell them. */
let headOfStdout: usize = 0;
let headOfStderr: usize = 0;
/** Where the text began of the last entry without metadata. */
let lastText: usize = 0;
/** Where the varint ended that was read last. */
let afterVarint: usize = 0;

@inline
function putLiteral(out: usize, from: usize, to: usize): usize {
  const length = <i32>(to - from);
  if (length > 16) return putLongLiteral(out, from, length);
  // What an empty one writes is written over.
  store<u8>(out, <u8>((length - 1) << 2));
  out += <usize>(length > 0);
  v128.store(out, v128.load(from));
  return out + length;
}

function putLongLiteral(out: usize, from: usize, length: i32): usize {
  const less = length - 1;
  if (less < 60) {
    store<u8>(out, <u8>(less << 2));
    out += 1;
  } else if (less < 0x100) {
    store<u16>(out, <u16>((60 << 2) | (less << 8)));
    out += 2;
  } else if (less < 0x10000) {
    store<u32>(out, (61 << 2) | (less << 8));
    out += 3;
  } else {
    store<u8>(out, 63 << 2);
    store<u32>(out + 1, less);
    out += 5;
  }
  copyWide(out, from, length);
  return out + length;
}

/** `length` must be at least 4, `distance` less than WINDOW_BYTES. */
@inline
function putCopy(out: usize, distance: u32, length: i32): usize {
  while (length > 64) {
    const piece = length < 68 ? 60 : 64;
    store<u32>(out, ((piece - 1) << 2) | 2 | (distance << 8));
    out += 3;
    length -= piece;
  }
  const short = <u32>(distance < 2048) & <u32>(length < 12);
  const inTwo = ((distance >> 8) << 5) | ((length - 4) << 2) | 1 | ((distance & 0xff) << 8);
  const inThree = ((length - 1) << 2) | 2 | (distance << 8);
  store<u32>(out, short !== 0 ? inTwo : inThree);
  return out + 3 - short;
}

/** Address of what the table says of `key`. */
@inline
function slotOf(key: u64): usize {
  return table + (<usize>((key * HASH_FACTOR) >> HASH_SHIFT) << 1);
}

/** Address of what the table says of the six bytes at `at`. */
@inline
function slotAt(at: usize): usize {
  return slotOf(load<u64>(at) << 16);
}

/**
 * Whether the bytes at `at`, at least four, stand where `slot` says; sets `distance`. Positions are kept modulo the
 * window: what an old one points to now is as good as any other place.
 */
@inline
function probe(at: usize, slot: usize = slotAt(at)): bool {
  const position = <u32>(at - first);
  const back = (position - <u32>load<u16>(slot)) & 0xffff;
  store<u16>(slot, <u16>position);
  if (back === 0 || load<u32>(at - back) !== load<u32>(at)) return false;
  distance = back;
  return true;
}

/** The next place in [at, limit) that `probe` finds; or some place behind. */
@inline
function search(at: usize, limit: usize): usize {
  let tries: u32 = 1 << PATIENCE_BITS;
  do {
    if (probe(at)) return at;
    at += tries++ >> PATIENCE_BITS;
  } while (at < limit);
  return at;
}

/** Where what ends at `at` and is the same `back` before it begins; at `least` or behind. */
@inline
function sameFrom(at: usize, back: usize, least: usize): usize {
  const floor = max(least, first + back);
  while (at > floor && load<u8>(at - 1) === load<u8>(at - back - 1)) at--;
  return at;
}

/** Compresses what begins in [start, end), of which some bytes may stay pending. Matches may reach up to `most`. */
@inline
function compressRange(start: usize, end: usize, most: usize, out: usize): usize {
  const limit = min(end, most - 3);
  return start >= limit ? out : compressFrom(search(start, limit), limit, most, out);
}

/** The same from `at` on, where `distance` tells of a match, up to `limit`. */
function compressFrom(at: usize, limit: usize, most: usize, out: usize): usize {
  let literal = pending;
  while (at < limit) {
    const back = distance;
    at = sameFrom(at, back, literal);
    out = putLiteral(out, literal, at);
    const length = equalLength(at, at - back, <i32>(most - at));
    out = putCopy(out, back, length);
    at += length;
    literal = at;
    if (at >= limit) break;
    // Fields that differ are often as long as each other: then six equal bytes follow soon at the same distance.
    const equal = equalBytes(at, at - back);
    let runs = equal & (equal >> 1);
    runs &= (runs >> 2) & (runs >> 4);
    if (runs === 0) at = search(at, limit);
    else if (!probe(at)) at += ctz(runs);
  }
  pending = literal;
  return out;
}

/**
 * Compresses the head of `entry`, its first `most` bytes, if it is much like that of the entry at `like`; and what
 * stands before it and is the same there.
 */
@inline
function compressHead(entry: usize, like: usize, most: i32, out: usize): usize {
  const back = entry - like;
  if (back >= WINDOW_BYTES) return out;
  let from = max(entry, pending);
  const same = equalLength(from, from - back, most - <i32>(from - entry));
  if (same < 6) return out;
  const to = from + same;
  from = sameFrom(from, back, pending);
  out = putLiteral(out, pending, from);
  pending = to;
  return putCopy(out, <u32>back, <i32>(to - from));
}

/** How many digits stand at `at`, at most nine. */
@inline
function digitsAt(at: usize): i32 {
  return ctz(i8x16.bitmask(i8x16.gt_u(i8x16.sub(v128.load(at), i8x16.splat(0x30)), i8x16.splat(9))) | 0x200);
}

/**
 * Compresses what begins in [line, end), the line field of an entry without metadata. A whole CRI line is held against the
 * one before it up to its nanoseconds, those are not looked up, and the search for its likes begins with its content.
 */
@inline
function compressLine(line: usize, end: usize, most: usize, out: usize): usize {
  const like = lastText;
  const text = line + 2 + <usize>(load<u8>(line + 1) > 0x7f);
  lastText = text;
  const zone = text + DATE_SIZE + digitsAt(text + DATE_SIZE);
  const content = zone + STREAM_AND_TAG_SIZE;
  const limit = min(end, most - 3);
  const back = text - like;
  const dated = content < limit && load<u8>(text + DATE_SIZE - 1) === POINT;
  if (!dated || back >= WINDOW_BYTES || load<u32>(text) !== load<u32>(like)) {
    return compressRange(line, end, most, out);
  }
  const from = load<u32>(line) === load<u32>(line - back) ? sameFrom(line, back, pending) : text;
  const to = text + equalLength(text, like, <i32>(zone - text));
  out = putLiteral(out, pending, from);
  out = putCopy(out, <u32>back, <i32>(to - from));
  pending = to;
  if (probe(zone, slotOf(load<u64>(content)))) return compressFrom(zone, limit, most, out);
  return compressRange(content, end, most, out);
}

function varint(at: usize): u32 {
  let value: u32 = 0;
  let shift: u32 = 0;
  let byte: u32;
  do {
    byte = load<u8>(at++);
    value |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte > 0x7f);
  afterVarint = at;
  return value;
}

/** `at`, if it lies in [least, most], else `most`. */
function within(least: usize, at: usize, most: usize): usize {
  return at < least || at > most ? most : at;
}

/**
 * Compresses the logproto.PushRequest [from, end) as a Snappy block (google/snappy, format_description.txt) to `to`;
 * returns the end of the block. Any other bytes come out right too, only larger.
 *
 * Made for pushes: the head of an entry is held against the one before it, its nanoseconds are not looked up, the
 * search for a line's likes begins with its length, and matches reach back 64 KiB everywhere.
 */
export function compress(from: usize, end: usize, hashTable: usize, to: usize): usize {
  first = from;
  table = hashTable;
  pending = from;
  // Too far back to be like anything.
  headOfStdout = from - WINDOW_BYTES;
  headOfStderr = headOfStdout;
  lastText = headOfStdout;
  memory.fill(table, 0, TABLE_BYTES);
  let out = to;
  let size = <u32>(end - from);
  while (size > 0x7f) {
    store<u8>(out++, <u8>(size | 0x80));
    size >>= 7;
  }
  store<u8>(out++, <u8>size);

  let stream = from;
  while (stream < end) {
    const streamBytes = varint(stream + 1);
    const streamEnd = within(stream + 1, afterVarint + streamBytes, end);
    const labels = afterVarint + 1;
    const labelBytes = varint(labels);
    let at = within(labels, afterVarint + labelBytes, streamEnd);
    out = compressRange(labels, at, at, out);
    while (at < streamEnd) {
      const entryBytes = varint(at + 1);
      const entry = afterVarint;
      at = within(entry, entry + entryBytes, streamEnd);
      const most = load<u8>(entry) === 0x1a ? METADATA_SIZE + SECOND_SIZE : SECOND_SIZE;
      const stderr = (load<u8>(entry + STREAM_AT) & 2) === 0;
      out = compressHead(entry, stderr ? headOfStderr : headOfStdout, min(most, <i32>(at - entry)), out);
      if (stderr) headOfStderr = entry;
      else headOfStdout = entry;
      const line = entry + most + NANOS_SIZE;
      out =
        most === SECOND_SIZE && pending <= line
          ? compressLine(line, at, streamEnd, out)
          : compressRange(max(line, pending), at, streamEnd, out);
    }
    stream = streamEnd;
  }
  return putLiteral(out, pending, end);
}
