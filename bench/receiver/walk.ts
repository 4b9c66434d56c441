import { type DecodedEntry, type DecodedPush, MalformedPush, type Pair } from './payload.js';

/**
 * Decodes a push as `decodePush` does, but with one object for all entries, so that a benchmark measures the sender
 * and not the receiver. Checks the framing of every field before it returns. Throws MalformedPush.
 */
export function walkPush(bytes: Buffer): DecodedPush {
  const cursor = new Cursor(bytes);
  const push: DecodedPush = [];
  const end = bytes.length;
  let at = 0;
  while (at < end) {
    const tag = cursor.varint(at, end);
    if (tag !== STREAMS) {
      at = cursor.skip(tag, cursor.at, end);
      continue;
    }
    const [from, to] = cursor.block(cursor.at, end);
    push.push(walkStream(cursor, from, to));
    at = to;
  }
  return push;
}

// Tags: field number << 3 | wire type, see the schema in push.ts.
const STREAMS = 0x0a;
const LABELS = 0x0a;
const ENTRIES = 0x12;
const TIMESTAMP = 0x0a;
const LINE = 0x12;
const METADATA = 0x1a;
const SECONDS = 0x08;
const NANOS = 0x10;
const NAME = 0x0a;
const VALUE = 0x12;

function walkStream(cursor: Cursor, from: number, to: number): DecodedPush[number] {
  let labels = '';
  let entryCount = 0;
  for (let at = from; at < to; ) {
    const tag = cursor.varint(at, to);
    if (tag === LABELS || tag === ENTRIES) {
      const length = cursor.varint(cursor.at, to);
      const start = cursor.at;
      at = cursor.within(start + length, to);
      if (tag === LABELS) labels = cursor.bytes.toString('utf8', start, at);
      else {
        cursor.read(start, at);
        entryCount++;
      }
    } else at = cursor.skip(tag, cursor.at, to);
  }
  return {
    labels,
    entryCount,
    each: (visit) => {
      for (let at = from; at < to; ) {
        const tag = cursor.varint(at, to);
        if (tag !== ENTRIES) {
          at = cursor.skip(tag, cursor.at, to);
          continue;
        }
        const length = cursor.varint(cursor.at, to);
        const start = cursor.at;
        at = start + length;
        cursor.read(start, at);
        visit(cursor);
      }
    },
  };
}

/** Reads fields out of the bytes, and is the entry that was read last. */
class Cursor implements DecodedEntry {
  readonly bytes: Buffer;
  /** Behind the varint that was read last. */
  at = 0;
  seconds = 0;
  nanos = 0;
  from = 0;
  to = 0;
  metadataCount = 0;
  metadataBytes = 0;
  private start = 0;
  private end = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Takes the entry in [start, end). */
  read(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.seconds = 0;
    this.nanos = 0;
    this.from = start;
    this.to = start;
    this.metadataCount = 0;
    this.metadataBytes = 0;
    for (let at = start; at < end; ) {
      const tag = this.varint(at, end);
      if (tag !== TIMESTAMP && tag !== LINE && tag !== METADATA) {
        at = this.skip(tag, this.at, end);
        continue;
      }
      const length = this.varint(this.at, end);
      const from = this.at;
      at = this.within(from + length, end);
      if (tag === LINE) {
        this.from = from;
        this.to = at;
      } else if (tag === TIMESTAMP) this.readTimestamp(from, at);
      else {
        this.metadataCount++;
        this.readPair(from, at);
      }
    }
  }

  metadata(): Pair[] {
    const pairs: Pair[] = [];
    for (let at = this.start; at < this.end; ) {
      const tag = this.varint(at, this.end);
      if (tag === METADATA) {
        const [from, to] = this.block(this.at, this.end);
        pairs.push(this.pair(from, to));
        at = to;
      } else at = this.skip(tag, this.at, this.end);
    }
    return pairs;
  }

  /** The value of the varint at `at`, exact up to 2^53; moves `this.at` behind it. */
  varint(at: number, end: number): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (let i = at; i < end && i < at + 10; i++) {
      const byte = bytes[i]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.at = i + 1;
        return value;
      }
      scale *= 128;
    }
    throw new MalformedPush('a varint is cut short or too long');
  }

  /** The range of the length-delimited field whose length stands at `at`. */
  block(at: number, end: number): [from: number, to: number] {
    const length = this.varint(at, end);
    return [this.at, this.within(this.at + length, end)];
  }

  /** Where the field ends whose tag has been read and whose value begins at `at`. */
  skip(tag: number, at: number, end: number): number {
    if (tag < 8) throw new MalformedPush('a field has the number 0');
    const type = tag & 7;
    if (type === 0) {
      this.varint(at, end);
      return this.at;
    }
    if (type === 1) return this.within(at + 8, end);
    if (type === 2) return this.block(at, end)[1];
    if (type === 5) return this.within(at + 4, end);
    throw new MalformedPush(`a field has the unknown wire type ${type}`);
  }

  within(at: number, end: number): number {
    if (at > end) throw new MalformedPush('a field is longer than what holds it');
    return at;
  }

  private readTimestamp(from: number, to: number): void {
    for (let at = from; at < to; ) {
      const tag = this.varint(at, to);
      if (tag === SECONDS) this.seconds = this.signed(this.at, to);
      else if (tag === NANOS) this.nanos = this.signed(this.at, to);
      else this.at = this.skip(tag, this.at, to);
      at = this.at;
    }
  }

  private signed(at: number, to: number): number {
    const value = this.varint(at, to);
    if (this.at - at < 10) return value;
    // Ten bytes: a negative number as its 64 bit complement. Its bits turned over are small enough for a double.
    let turned = 0;
    for (let i = 8; i >= 0; i--) turned = turned * 128 + (~this.bytes[at + i]! & 0x7f);
    return -turned - 1;
  }

  private readPair(from: number, to: number): void {
    for (let at = from; at < to; ) {
      const tag = this.varint(at, to);
      if (tag === NAME || tag === VALUE) {
        const length = this.varint(this.at, to);
        this.metadataBytes += length;
        at = this.within(this.at + length, to);
      } else at = this.skip(tag, this.at, to);
    }
  }

  private pair(from: number, to: number): Pair {
    const pair: Pair = ['', ''];
    for (let at = from; at < to; ) {
      const tag = this.varint(at, to);
      if (tag === NAME || tag === VALUE) {
        const [start, end] = this.block(this.at, to);
        pair[tag === NAME ? 0 : 1] = this.bytes.toString('utf8', start, end);
        at = end;
      } else at = this.skip(tag, this.at, to);
    }
    return pair;
  }
}
