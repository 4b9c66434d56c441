import type { Instant } from './rules.js';

const UNIT_SECONDS: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/**
 * Reads a time parameter as Loki does: RFC 3339; whole seconds in up to ten digits; seconds with a fraction; else
 * nanoseconds since the epoch. Throws RangeError.
 */
export function parseTime(text: string): Instant {
  if (/^-?\d+\.\d+$/.test(text)) return fromSeconds(Number(text));
  if (/^-?\d+$/.test(text)) {
    return text.length <= 10 ? { seconds: Number(text), nanos: 0 } : fromNs(BigInt(text));
  }
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  if (match === null || Number.isNaN(ms)) throw new RangeError(`could not parse '${text}' as a time`);
  return { seconds: ms / 1000, nanos: Number((match[2] ?? '').padEnd(9, '0')) };
}

/** Reads a duration such as `1h30m` or `7d`, in seconds. Throws RangeError. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d|w)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new RangeError(`could not parse '${text}' as a duration`);
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNIT_SECONDS[unit!]!, 0);
}

/** The instant `ms` milliseconds after the epoch. */
export function fromMs(ms: number): Instant {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

function fromSeconds(seconds: number): Instant {
  return { seconds: Math.floor(seconds), nanos: Math.floor((seconds - Math.floor(seconds)) * 1e9) };
}

function fromNs(ns: bigint): Instant {
  const nanos = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((ns - nanos) / 1_000_000_000n), nanos: Number(nanos) };
}
