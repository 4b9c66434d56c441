import { SleipnirError } from '../errors.js';

/** Largest first, so that formatting finds the shortest exact spelling. */
const byteUnits: readonly [name: string, bytes: number][] = [
  ['TiB', 2 ** 40],
  ['TB', 1e12],
  ['GiB', 2 ** 30],
  ['GB', 1e9],
  ['MiB', 2 ** 20],
  ['MB', 1e6],
  ['KiB', 2 ** 10],
  ['kB', 1e3],
  ['B', 1],
];

/** Kubernetes leaves the B away (`512Mi`, `1G`), and means a thousandth by `m`: that one is not a size. */
const kubernetesUnits: readonly [name: string, bytes: number][] = [
  ['Ti', 2 ** 40],
  ['T', 1e12],
  ['Gi', 2 ** 30],
  ['G', 1e9],
  ['Mi', 2 ** 20],
  ['M', 1e6],
  ['Ki', 2 ** 10],
  ['k', 1e3],
  ['K', 1e3],
  ['', 1],
];

const bytesOfUnit = new Map([
  ...byteUnits.map(([name, bytes]) => [name.toLowerCase(), bytes] as const),
  ...kubernetesUnits,
]);

/** Falling, as they follow each other in a text. */
const durationUnits: readonly [name: string, ms: number][] = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];

const durationPattern = /^(?=\d)(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/;

/**
 * Reads a size: a number with an optional unit. KiB, MiB, GiB, TiB are binary; kB, MB, GB, TB decimal; upper and lower
 * case are the same there. Kubernetes quantities (`512Mi`, `1G`) are read as Kubernetes reads them.
 * @returns whole bytes; a fraction is rounded.
 * @throws SleipnirError `BAD_SIZE`
 */
export function parseBytes(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : (bytesOfUnit.get(unit) ?? bytesOfUnit.get(asByteUnit(unit)));
  const bytes = factor === undefined ? Number.NaN : Math.round(Number(number) * factor);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new SleipnirError('BAD_SIZE', 'is not a size', 'Write a number and a unit, such as 512KiB, 1MiB or 1Gi.');
}

/** Only units that end in B or i may be written in any case; `m` and `g` alone stay what Kubernetes makes of them. */
function asByteUnit(unit: string): string {
  const lower = unit.toLowerCase();
  return lower.endsWith('i') ? `${lower}b` : lower;
}

/**
 * Reads a duration of hours, minutes, seconds and milliseconds, in this order: `1h`, `1m30s`, `1.5s`, `500ms`.
 * @returns whole milliseconds; a fraction is rounded.
 * @throws SleipnirError `BAD_DURATION`
 */
export function parseDurationMs(text: string): number {
  const parts = durationPattern.exec(text);
  const ms = Math.round(durationUnits.reduce((sum, [, unitMs], i) => sum + Number(parts?.[i + 1] ?? 0) * unitMs, 0));
  if (parts !== null && Number.isSafeInteger(ms)) return ms;
  throw new SleipnirError(
    'BAD_DURATION',
    'is not a duration',
    'Write numbers with units, such as 500ms, 10s or 1m30s.',
  );
}

/** Writes whole bytes exactly, in the largest unit that divides them: `parseBytes` gives the same number back. */
export function formatBytes(bytes: number): string {
  const [name, factor] = byteUnits.find(([, factor]) => bytes >= factor && bytes % factor === 0) ?? ['B', 1];
  return `${bytes / factor}${name}`;
}

/** Writes whole milliseconds exactly: `parseDurationMs` gives the same number back. */
export function formatDuration(durationMs: number): string {
  let rest = durationMs;
  let text = '';
  for (const [name, unitMs] of durationUnits) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) text += `${count}${name}`;
  }
  return text === '' ? '0s' : text;
}
