import type { DecodedEntry } from './payload.js';

/** What the numbers in the lines of one group say. */
export interface SequenceReport {
  /** Lines that bear no number. */
  unnumbered: number;
  first: number;
  last: number;
  distinct: number;
  /** How often a number came that had come before. */
  repeated: number;
  /** How many numbers between `first` and `last` never came. */
  missing: number;
}

/** Finds the number behind one of some markers in lines, such as the 17 behind `seq=`. Spaces may stand before it. */
export class NumberFinder {
  private readonly markers: Marker[];

  constructor(markers: string | readonly string[]) {
    this.markers = (typeof markers === 'string' ? [markers] : markers).map((text) => new Marker(text));
  }

  /** The number in `entry`'s line, or -1. */
  find(entry: DecodedEntry): number {
    for (const marker of this.markers) {
      const number = marker.find(entry);
      if (number !== -1) return number;
    }
    return -1;
  }
}

class Marker {
  private readonly text: Buffer;
  private bytes: Buffer | null = null;
  /** The first place of the marker at or behind the line that was asked for last. */
  private found = -1;
  private searchedFrom = 0;

  constructor(text: string) {
    if (text === '') throw new RangeError('the sequence marker must not be empty');
    this.text = Buffer.from(text);
  }

  find(entry: DecodedEntry): number {
    const at = this.locate(entry.bytes, entry.from);
    if (at === -1) return -1;
    let i = at + this.text.length;
    while (i < entry.to && entry.bytes[i] === 0x20) i++;
    let value = -1;
    for (; i < entry.to; i++) {
      const digit = entry.bytes[i]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = (value === -1 ? 0 : value) * 10 + digit;
    }
    return value;
  }

  /** A hit beyond the line is kept, or lines without a marker would make the search quadratic in the size of a push. */
  private locate(bytes: Buffer, from: number): number {
    const known = bytes === this.bytes && from >= this.searchedFrom && (this.found === -1 || this.found >= from);
    if (!known) {
      this.bytes = bytes;
      this.searchedFrom = from;
      this.found = bytes.indexOf(this.text, from);
    }
    return this.found;
  }
}

/** 32 MiB of bits. */
const MAX_NUMBER = 2 ** 28;

/** A set of whole numbers, one bit each, that counts what comes twice. */
export class Sequence {
  unnumbered = 0;
  distinct = 0;
  repeated = 0;
  private bits = new Uint8Array(1024);
  private first = Number.POSITIVE_INFINITY;
  private last = -1;

  /** Takes the number of a line; -1 for a line that bears none. A number too large for a compact set counts as none. */
  add(number: number): void {
    if (number < 0 || number >= MAX_NUMBER) {
      this.unnumbered++;
      return;
    }
    const at = Math.floor(number / 8);
    if (at >= this.bits.length) this.grow(at + 1);
    const bit = 1 << (number & 7);
    if ((this.bits[at]! & bit) !== 0) {
      this.repeated++;
      return;
    }
    this.bits[at]! |= bit;
    this.distinct++;
    if (number < this.first) this.first = number;
    if (number > this.last) this.last = number;
  }

  has(number: number): boolean {
    return ((this.bits[Math.floor(number / 8)] ?? 0) & (1 << (number & 7))) !== 0;
  }

  /** The numbers in [from, to) that never came, at most `limit` of them. */
  missing(from: number, to: number, limit = 1000): number[] {
    const missing: number[] = [];
    for (let number = from; number < to && missing.length < limit; number++) {
      if (!this.has(number)) missing.push(number);
    }
    return missing;
  }

  report(): SequenceReport {
    const { unnumbered, distinct, repeated } = this;
    const first = distinct === 0 ? 0 : this.first;
    const last = distinct === 0 ? 0 : this.last;
    return { unnumbered, first, last, distinct, repeated, missing: distinct === 0 ? 0 : last - first + 1 - distinct };
  }

  private grow(needed: number): void {
    const bits = new Uint8Array(2 ** Math.ceil(Math.log2(needed)));
    bits.set(this.bits);
    this.bits = bits;
  }
}
