import { NO_STREAM, type PushWriter } from '../encode/push.js';

/**
 * Writes lines that bring no timestamp of their own: all lines of a raw file, and malformed ones of the other formats.
 * After a line with a timestamp they follow it by a nanosecond each. Without one they get the time of reading plus
 * their offset in the file in nanoseconds: so equal lines stay distinct entries (Loki stores an equal line of the same
 * nanosecond once), the order is kept, and where the file was cut into slices makes no difference.
 */
export class UnstampedLines {
  /** Offset in the file of the first byte of the input window. */
  origin = 0;
  readonly #push: PushWriter;
  #readTimeMs = 0;
  #followsStamp = false;
  #seconds = 0;
  #nanos = 0;

  constructor(push: PushWriter) {
    this.#push = push;
  }

  beginSlice(readTimeMs: number): void {
    this.#readTimeMs = readTimeMs;
    this.#followsStamp = false;
  }

  /** Notes the timestamp of a line that had one. */
  follow(seconds: number, nanos: number): void {
    this.#followsStamp = true;
    this.#seconds = seconds;
    this.#nanos = nanos;
  }

  line(start: number, end: number): boolean {
    let seconds: number;
    let nanos: number;
    if (this.#followsStamp) {
      const wraps = this.#nanos === 999_999_999;
      seconds = wraps ? this.#seconds + 1 : this.#seconds;
      nanos = wraps ? 0 : this.#nanos + 1;
    } else {
      const sinceSecond = (this.#readTimeMs % 1000) * 1e6 + this.origin + start;
      seconds = Math.floor(this.#readTimeMs / 1000) + Math.floor(sinceSecond / 1e9);
      nanos = sinceSecond % 1e9;
    }
    this.#push.setSecond(seconds);
    if (!this.#push.put(NO_STREAM, start, end, nanos)) return false;
    if (this.#followsStamp) this.follow(seconds, nanos);
    return true;
  }
}
