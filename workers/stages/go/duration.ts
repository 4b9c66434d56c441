const UNITS: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
const WHOLE = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/** Seconds of a Go duration such as `1h2.5s`; null if it is none. */
export function durationSeconds(text: string): number | null {
  if (!WHOLE.test(text)) return null;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    seconds += Number(number) * UNITS[unit!]!;
  }
  return text.startsWith('-') ? -seconds : seconds;
}
