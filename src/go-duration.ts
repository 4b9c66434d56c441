/** How many go into a millisecond. */
const fractionUnits: Readonly<Record<string, number>> = { ns: 1e6, us: 1e3, µs: 1e3, μs: 1e3 };

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** The longest a Go duration can be: 2^63 - 1 nanoseconds. */
const MAX_DURATION_MS = 9_223_372_036_854.775;

/**
 * Reads a duration as Go's time.ParseDuration: signed numbers with units, one after the other, `1h30m`, `1.5s`, or `0`.
 * @returns milliseconds; null if it is none
 */
export function parseGoDuration(text: string): number | null {
  const [, sign, body] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (body === '0') return 0;
  if (body === undefined || !/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return null;
  let ms = 0;
  for (const [, number, unit = ''] of body.matchAll(/([\d.]+)([^\d.]+)/g)) {
    // Divided rather than multiplied, since 1e-6 is not exact.
    ms += (Number(number) * (durationUnits[unit] ?? 1)) / (fractionUnits[unit] ?? 1);
  }
  if (ms > MAX_DURATION_MS) return null;
  return sign === '-' ? -ms : ms;
}
