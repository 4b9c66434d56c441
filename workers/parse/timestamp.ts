import type { Memory } from '../memory.js';

/** Bytes, and a view of the same bytes. */
export type Viewed = Pick<Memory, 'bytes' | 'view'>;

const ZULU = 0x5a;
const POINT = 0x2e;
const FOUR_ZEROS = 0x30303030;
/** The last second that fits the signed 64-bit nanoseconds Loki keeps: 2262-04-11T23:47:15Z. */
export const LAST_SECOND = 9_223_372_035;

/** Stands for what is no time, and for all times that no offset could bring to 1970 or later. A small integer. */
const NO_TIME = -86_401;

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether each byte of the word is 0 to 9. */
function areDigits(word: number): boolean {
  return ((word | (word + 0x06060606)) & 0xf0f0f0f0) === 0;
}

/** The number of four digits, the first of them in the lowest byte. */
function fourDigits(word: number): number {
  const pairs = (Math.imul(word, 10) + (word >>> 8)) & 0x00ff00ff;
  return (pairs & 0xff) * 100 + (pairs >>> 16);
}

/** Days from 1970-01-01 to the date (proleptic Gregorian), or NaN if there is no such day. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  if (month < 1 || month > 12) return Number.NaN;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const last = DAYS_IN_MONTH[month - 1]! + (leap && month === 2 ? 1 : 0);
  if (day < 1 || day > last) return Number.NaN;
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 477;
  const leapDay = leap && month > 2 ? 1 : 0;
  return (year - 1970) * 365 + leapDays + DAYS_BEFORE_MONTH[month - 1]! + leapDay + day - 1;
}

/**
 * Reads RFC 3339 timestamps to the nanosecond: 0 to 9 digits of fraction, `Z` or an offset of hours and minutes.
 * Lines that share their second with the line before, which is nearly all of them, are read by their fraction alone.
 */
export class TimestampParser {
  /** Seconds since the epoch of the last timestamp that `parse` accepted. */
  seconds = 0;
  nanos = 0;

  readonly #bytes: Buffer;
  readonly #view: DataView;
  // The 19 bytes of `2006-01-02T15:04:05` that were parsed last, as five words; the fifth overlaps by a byte.
  #word0 = 0;
  #word1 = 0;
  #word2 = 0;
  #word3 = 0;
  #word4 = 0;
  /** Their value as if they were UTC, or NO_TIME. */
  #local = NO_TIME;

  constructor({ bytes, view }: Viewed) {
    this.#bytes = bytes;
    this.#view = view;
  }

  /** Reads the timestamp at `at`; returns where it ended, or -1 (nothing changed) if `bytes[at, end)` begins with none. */
  parse(at: number, end: number): number {
    if (end - at < 20) return -1;
    const bytes = this.#bytes;
    const view = this.#view;
    if (
      view.getInt32(at, true) !== this.#word0 ||
      view.getInt32(at + 4, true) !== this.#word1 ||
      view.getInt32(at + 8, true) !== this.#word2 ||
      view.getInt32(at + 12, true) !== this.#word3 ||
      view.getInt32(at + 15, true) !== this.#word4
    ) {
      this.#parseSecond(at);
    }
    let seconds = this.#local;
    if (seconds === NO_TIME) return -1;

    let nanos = 0;
    let i = at + 19;
    if (end - at > 29 && bytes[i] === POINT && bytes[at + 29] === ZULU) {
      // What every runtime writes, read four digits at a time.
      const high = view.getInt32(at + 20, true) ^ FOUR_ZEROS;
      const low = view.getInt32(at + 24, true) ^ FOUR_ZEROS;
      const last = bytes[at + 28]! - 0x30;
      if (!areDigits(high) || !areDigits(low) || last >>> 0 > 9) return -1;
      nanos = fourDigits(high) * 100_000 + fourDigits(low) * 10 + last;
      i += 10;
    } else if (bytes[i] === POINT) {
      i++;
      const first = i;
      const most = end < i + 9 ? end : i + 9;
      while (i < most) {
        const digit = bytes[i]! - 0x30;
        if (digit >>> 0 > 9) break;
        nanos = nanos * 10 + digit;
        i++;
      }
      if (i === first) return -1;
      for (let digits = i - first; digits < 9; digits++) nanos *= 10;
    }
    if (i >= end) return -1;
    if (bytes[i] === ZULU) {
      i++;
    } else {
      const offset = this.#offsetAt(i, end);
      if (Number.isNaN(offset)) return -1;
      seconds -= offset;
      i += 6;
    }
    if (seconds < 0 || seconds > LAST_SECOND) return -1;
    this.seconds = seconds;
    this.nanos = nanos;
    return i;
  }

  /** Seconds east of UTC of the `+hh:mm` at `at`, or NaN. */
  #offsetAt(at: number, end: number): number {
    if (end - at < 6) return Number.NaN;
    const bytes = this.#bytes;
    const sign = bytes[at] === 0x2b ? 1 : bytes[at] === 0x2d ? -1 : Number.NaN;
    const hours = this.#digits(at + 1, 2);
    const minutes = this.#digits(at + 4, 2);
    if (bytes[at + 3] !== 0x3a || hours > 23 || minutes > 59) return Number.NaN;
    return sign * (hours * 3600 + minutes * 60);
  }

  #digits(at: number, count: number): number {
    let value = 0;
    for (let i = at; i < at + count; i++) {
      const digit = this.#bytes[i]! - 0x30;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    return value;
  }

  #parseSecond(at: number): void {
    const bytes = this.#bytes;
    const view = this.#view;
    this.#word0 = view.getInt32(at, true);
    this.#word1 = view.getInt32(at + 4, true);
    this.#word2 = view.getInt32(at + 8, true);
    this.#word3 = view.getInt32(at + 12, true);
    this.#word4 = view.getInt32(at + 15, true);
    const hour = this.#digits(at + 11, 2);
    const minute = this.#digits(at + 14, 2);
    const second = this.#digits(at + 17, 2);
    const shaped =
      bytes[at + 4] === 0x2d &&
      bytes[at + 7] === 0x2d &&
      bytes[at + 10] === 0x54 &&
      bytes[at + 13] === 0x3a &&
      bytes[at + 16] === 0x3a &&
      hour < 24 &&
      minute < 60 &&
      second < 60;
    const days = daysSinceEpoch(this.#digits(at, 4), this.#digits(at + 5, 2), this.#digits(at + 8, 2));
    const local = days * 86400 + hour * 3600 + minute * 60 + second;
    this.#local = shaped && local > NO_TIME ? local : NO_TIME;
  }
}
