import { daysInMonth, daysOf } from '../stages/go/civil.js';

const SPACE = 0x20;
const OPEN_OBJECT = 0x7b;
const DOCKER_HEAD = Buffer.from('{"log":"');
const DOCKER_TIME = Buffer.from('"time":"');
const STDOUT = Buffer.from(' stdout');
const STDERR = Buffer.from(' stderr');
/** Longest timestamp that is looked for at the end of a Docker line. */
const MAX_STAMP_BYTES = 40;
/** Length of `2006-01-02T15:04:05`. */
const SECOND_BYTES = 19;

function startsWith(bytes: Buffer, at: number, to: number, text: Buffer): boolean {
  if (to - at < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** Reads timestamps as Go's `time.Parse(time.RFC3339Nano, …)` does; those of the second before are read by their fraction. */
export class Rfc3339 {
  seconds = 0;
  nanos = 0;
  /** The 19 bytes up to the second that were read last. */
  readonly #second = Buffer.alloc(SECOND_BYTES);
  #local = Number.NaN;

  /** Whether all of `bytes[from, to)` is a timestamp. If not, `seconds` and `nanos` mean nothing. */
  parse(bytes: Buffer, from: number, to: number): boolean {
    if (to - from < 20) return false;
    if (!startsWith(bytes, from, to, this.#second)) this.#readSecond(bytes, from);
    if (Number.isNaN(this.#local)) return false;
    let at = from + SECOND_BYTES;
    let nanos = 0;
    if (bytes[at] === 0x2e || bytes[at] === 0x2c) {
      const first = ++at;
      let scale = 1e8;
      for (; at < to && bytes[at]! >= 0x30 && bytes[at]! <= 0x39; at++) {
        if (scale < 1) continue;
        nanos += (bytes[at]! - 0x30) * scale;
        scale /= 10;
        if (scale < 1) scale = 0;
      }
      if (at === first) return false;
    }
    let offset = 0;
    if (bytes[at] === 0x5a) at++;
    else {
      if (to - at !== 6) return false;
      offset = offsetSeconds(bytes.toString('latin1', at, to));
      if (Number.isNaN(offset)) return false;
      at = to;
    }
    if (at !== to) return false;
    this.seconds = this.#local - offset;
    this.nanos = nanos;
    return true;
  }

  #readSecond(bytes: Buffer, from: number): void {
    bytes.copy(this.#second, 0, from, from + SECOND_BYTES);
    this.#local = localSecond(this.#second.toString('latin1'));
  }
}

function localSecond(text: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(text);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match.map(Number) as [number, ...number[]];
  if (month! < 1 || month! > 12 || day! < 1 || day! > daysInMonth(year!, month!)) return Number.NaN;
  if (hour! > 23 || minute! > 59 || second! > 59) return Number.NaN;
  return daysOf(year!, month!, day!) * 86_400 + hour! * 3600 + minute! * 60 + second!;
}

function offsetSeconds(text: string): number {
  const match = /^([+-])(\d\d):(\d\d)$/.exec(text);
  if (match === null || Number(match[2]) > 24 || Number(match[3]) > 60) return Number.NaN;
  return (match[1] === '+' ? 1 : -1) * (Number(match[2]) * 3600 + Number(match[3]) * 60);
}

/**
 * The timestamp an entry has before any stage sets one: that which its CRI or Docker line brings; else a nanosecond
 * after the line before; else, if there was none in the slice, the time of reading and the offset in the file in
 * nanoseconds. A repeat after a crash then makes the same entries, which Loki stores once.
 */
export class LineClock {
  seconds = 0;
  nanos = 0;
  readonly #rfc3339 = new Rfc3339();
  #readTimeMs = 0;
  #follows = false;

  begin(readTimeMs: number): void {
    this.#readTimeMs = readTimeMs;
    this.#follows = false;
  }

  /** Sets `seconds` and `nanos` for the line `bytes[from, to)` that begins at `offset` in the file. */
  read(bytes: Buffer, from: number, to: number, offset: number): void {
    if (this.#stamped(bytes, from, to)) {
      this.seconds = this.#rfc3339.seconds;
      this.nanos = this.#rfc3339.nanos;
      this.#follows = true;
    } else if (this.#follows) {
      this.nanos++;
      if (this.nanos < 1e9) return;
      this.nanos = 0;
      this.seconds++;
    } else {
      const sinceSecond = (this.#readTimeMs % 1000) * 1e6 + offset;
      this.seconds = Math.floor(this.#readTimeMs / 1000) + Math.floor(sinceSecond / 1e9);
      this.nanos = sinceSecond % 1e9;
    }
  }

  #stamped(bytes: Buffer, from: number, to: number): boolean {
    const first = bytes[from]!;
    if (from < to && first >= 0x30 && first <= 0x39) return this.#cri(bytes, from, to);
    return first === OPEN_OBJECT && this.#docker(bytes, from, to);
  }

  #cri(bytes: Buffer, from: number, to: number): boolean {
    let end = from + 20;
    const last = Math.min(to, from + MAX_STAMP_BYTES);
    while (end < last && bytes[end] !== SPACE) end++;
    if (!startsWith(bytes, end, to, STDOUT) && !startsWith(bytes, end, to, STDERR)) return false;
    return this.#rfc3339.parse(bytes, from, end);
  }

  /** Docker's json-file driver writes `log` first and `time` last. */
  #docker(bytes: Buffer, from: number, to: number): boolean {
    if (!startsWith(bytes, from, to, DOCKER_HEAD) || bytes[to - 1] !== 0x7d || bytes[to - 2] !== 0x22) return false;
    const start = bytes.lastIndexOf(DOCKER_TIME, to - DOCKER_TIME.length) + DOCKER_TIME.length;
    return (
      start > from + DOCKER_HEAD.length && to - start < MAX_STAMP_BYTES && this.#rfc3339.parse(bytes, start, to - 2)
    );
  }
}
