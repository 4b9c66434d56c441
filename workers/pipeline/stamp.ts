import { LAST_SECOND, TimestampParser } from '../parse/timestamp.js';
import { daysInMonth, daysOf } from '../stages/go/civil.js';

const OPEN_OBJECT = 0x7b;
const QUOTE = 0x22;
const DOCKER_HEAD = Buffer.from('{"log":"');
const DOCKER_TIME = Buffer.from('"time":"');
/** Longest timestamp that is looked for at the end of a Docker line. */
const MAX_STAMP_BYTES = 40;
/** Of a timestamp and a stream. */
const LEAST_BYTES = 27;
/** Length of ` stdout`. */
const STREAM_BYTES = 7;
// ` stdout` and ` stderr` as little-endian words.
const SPACE_STD = 0x64747320;
const OU = 0x756f;
const ER = 0x7265;
const T = 0x74;
const R = 0x72;
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
  /** Where the timestamp of a CRI line has ended; -1 if the line read last is none. */
  stampTo = -1;
  #bytes: Buffer = Buffer.alloc(0);
  #view = new DataView(this.#bytes.buffer, 0, 0);
  #timestamp = new TimestampParser({ bytes: this.#bytes, view: this.#view });
  #readTimeMs = 0;
  #follows = false;

  begin(readTimeMs: number): void {
    this.#readTimeMs = readTimeMs;
    this.#follows = false;
  }

  /** Notes the timestamp of a line that was read by somebody else. */
  follow(seconds: number, nanos: number): void {
    this.seconds = seconds;
    this.nanos = nanos;
    this.#follows = true;
  }

  /** Sets `seconds` and `nanos` for the line `bytes[from, to)` that begins at `offset` in the file. */
  read(bytes: Buffer, from: number, to: number, offset: number): void {
    if (bytes !== this.#bytes) this.#adopt(bytes);
    this.stampTo = -1;
    if (this.#stamped(from, to)) {
      this.seconds = this.#timestamp.seconds;
      this.nanos = this.#timestamp.nanos;
      this.#follows = true;
    } else if (this.#follows) {
      this.#advance();
    } else {
      const sinceSecond = (this.#readTimeMs % 1000) * 1e6 + offset;
      this.seconds = Math.floor(this.#readTimeMs / 1000) + Math.floor(sinceSecond / 1e9);
      this.nanos = sinceSecond % 1e9;
    }
  }

  #advance(): void {
    if (this.nanos < 999_999_999) this.nanos++;
    else if (this.seconds < LAST_SECOND) {
      this.nanos = 0;
      this.seconds++;
    }
  }

  #adopt(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#timestamp = new TimestampParser({ bytes, view: this.#view });
  }

  #stamped(from: number, to: number): boolean {
    if (to - from < LEAST_BYTES) return false;
    return this.#bytes[from] === OPEN_OBJECT ? this.#docker(from, to) : this.#cri(from, to);
  }

  #cri(from: number, to: number): boolean {
    const view = this.#view;
    const after = this.#timestamp.parse(from, to);
    if (after < 0 || to - after < STREAM_BYTES || view.getInt32(after, true) !== SPACE_STD) return false;
    const rest = view.getInt16(after + 4, true);
    const last = this.#bytes[after + 6];
    if (!(rest === OU && last === T) && !(rest === ER && last === R)) return false;
    this.stampTo = after;
    return true;
  }

  /** Docker's json-file driver writes `log` first and `time` last. */
  #docker(from: number, to: number): boolean {
    const bytes = this.#bytes;
    if (!startsWith(bytes, from, to, DOCKER_HEAD) || bytes[to - 1] !== 0x7d || bytes[to - 2] !== QUOTE) return false;
    const least = Math.max(from + DOCKER_HEAD.length + DOCKER_TIME.length, to - MAX_STAMP_BYTES);
    let start = to - 2;
    while (start > least && bytes[start - 1] !== QUOTE) start--;
    if (!startsWith(bytes, start - DOCKER_TIME.length, to, DOCKER_TIME)) return false;
    return this.#timestamp.parse(start, to - 2) === to - 2;
  }
}
