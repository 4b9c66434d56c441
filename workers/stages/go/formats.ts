import { TimestampParser } from '../../parse/timestamp.js';
import type { Span } from '../../pipeline/entry.js';
import { compileLayout, type Instant } from './time.js';
import { Zone } from './zone.js';

const NAMED: Record<string, string> = {
  ANSIC: 'Mon Jan _2 15:04:05 2006',
  UnixDate: 'Mon Jan _2 15:04:05 MST 2006',
  RubyDate: 'Mon Jan 02 15:04:05 -0700 2006',
  RFC822: '02 Jan 06 15:04 MST',
  RFC822Z: '02 Jan 06 15:04 -0700',
  RFC850: 'Monday, 02-Jan-06 15:04:05 MST',
  RFC1123: 'Mon, 02 Jan 2006 15:04:05 MST',
  RFC1123Z: 'Mon, 02 Jan 2006 15:04:05 -0700',
  RFC3339: '2006-01-02T15:04:05Z07:00',
  RFC3339Nano: '2006-01-02T15:04:05.999999999Z07:00',
};

const ZULU = 0x5a;
const POINT = 0x2e;
/** Where in `2006-01-02T15:04:05` the minutes are set apart. */
const MINUTE_COLON = 13;
const COLON = 0x3a;
/** Length of `2006-01-02T15:04:05`. */
const SECOND_CHARS = 19;

/** Units of a second in the formats that are a count since the epoch. */
const COUNTS: Record<string, number> = { UnixMs: 1e3, UnixUs: 1e6, UnixNs: 1e9 };

/**
 * Reads a text as a point in time; null if it is none. `nowMs` says which year it is, for formats without one. What is
 * returned holds until the next call.
 */
export type TimeFormat = (text: string, nowMs: number) => Readonly<Instant> | null;

/** Compiles a format of `stage.timestamp`: one of its names, or a Go layout. `location` is an IANA name. */
export function compileFormat(format: string, location: string | null): TimeFormat {
  if (format === 'Unix') return parseUnix;
  const unit = COUNTS[format];
  if (unit !== undefined) return (text) => parseCount(text, unit);
  const named = NAMED[format];
  if (format === 'RFC3339' || format === 'RFC3339Nano') return rfc3339();
  if (named !== undefined) {
    const parse = compileLayout(named, null);
    return (text) => parse(text);
  }
  let zone: Zone | null = null;
  if (location !== null && location !== '' && location !== 'UTC') {
    try {
      zone = new Zone(location === 'Local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : location);
    } catch {
      throw new Error(`no time zone is called "${location}"`);
    }
  }
  const parse = compileLayout(format, zone);
  return format.includes('06') ? (text) => parse(text) : (text, nowMs) => withYear(parse, text, nowMs, zone);
}

/**
 * Reads the bytes of a text as the format does; null if they have to be read as text, or are none. What is returned holds
 * until the next call.
 */
export type ByteFormat = (span: Readonly<Span>) => Readonly<Instant> | null;

/** The same format as `compileFormat`, for bytes; null if there is none. */
export function compileByteFormat(format: string): ByteFormat | null {
  if (format !== 'RFC3339' && format !== 'RFC3339Nano') return null;
  let adopted: Buffer = Buffer.alloc(0);
  let parser: TimestampParser | null = null;
  return ({ bytes, from, to }) => {
    if (parser === null || bytes !== adopted) {
      adopted = bytes;
      parser = new TimestampParser({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) });
    }
    return parser.parse(from, to) === to ? parser : null;
  };
}

/** The most common format: texts of the second before are read by their fraction alone. */
function rfc3339(): TimeFormat {
  const parse = compileLayout(NAMED.RFC3339!, null);
  const last: Instant = { seconds: 0, nanos: 0 };
  let second = '-';
  return (text) => {
    const zone = text.length - 1;
    if (text.startsWith(second) && text.charCodeAt(zone) === ZULU) {
      const nanos = zone === second.length ? 0 : nanosOf(text, second.length, zone);
      if (nanos >= 0) {
        last.nanos = nanos;
        return last;
      }
    }
    const instant = parse(text);
    // Hours of one digit are taken as well, and then the second ends sooner.
    if (instant !== null && text.charCodeAt(zone) === ZULU && text.charCodeAt(MINUTE_COLON) === COLON) {
      second = text.slice(0, SECOND_CHARS);
      last.seconds = instant.seconds;
    }
    return instant;
  };
}

/** Nanoseconds of the fraction that is `text[from, to)`; -1 if it is none, or has more than nine digits. */
function nanosOf(text: string, from: number, to: number): number {
  if (text.charCodeAt(from) !== POINT || to - from < 2 || to - from > 10) return -1;
  let nanos = 0;
  for (let i = from + 1; i < to; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    nanos = nanos * 10 + digit;
  }
  for (let digits = to - from; digits < 10; digits++) nanos *= 10;
  return nanos;
}

/** Where the year is not told: this one, but December in January is last year's, and January in December next year's. */
function withYear(
  parse: (text: string, year?: number) => Instant | null,
  text: string,
  nowMs: number,
  zone: Zone | null,
): Instant | null {
  const now = new Date(nowMs + (zone?.offsetAt(nowMs / 1000) ?? 0) * 1000);
  const year = now.getUTCFullYear();
  const instant = parse(text, year);
  if (instant === null) return null;
  const month = new Date((instant.seconds + (zone?.offsetAt(instant.seconds) ?? 0)) * 1000).getUTCMonth();
  if (month === 11 && now.getUTCMonth() === 0) return parse(text, year - 1);
  if (month === 0 && now.getUTCMonth() === 11) return parse(text, year + 1);
  return instant;
}

const WHOLE = /^[+-]?\d{1,19}$/;

function parseUnix(text: string): Instant | null {
  const [whole = '', fraction, more] = text.split('.');
  if (!WHOLE.test(whole) || more !== undefined) return null;
  if (fraction === undefined) return { seconds: Number(whole), nanos: 0 };
  if (!WHOLE.test(fraction)) return null;
  const nanos = Math.trunc(Number(fraction) * 10 ** (9 - fraction.length));
  return normal(Number(whole), nanos);
}

function parseCount(text: string, unit: number): Instant | null {
  if (!WHOLE.test(text)) return null;
  const count = BigInt(text.replace('+', ''));
  const perSecond = BigInt(unit);
  return normal(Number(count / perSecond), Number(count % perSecond) * (1e9 / unit));
}

function normal(seconds: number, nanos: number): Instant {
  const carry = Math.floor(nanos / 1e9);
  return { seconds: seconds + carry, nanos: nanos - carry * 1e9 };
}
