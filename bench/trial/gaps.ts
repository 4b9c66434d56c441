import type { FileLife } from '../node/node.js';

/**
 * From the start of a collector until it was told to end or killed, in milliseconds since the epoch; `startedMs` is when
 * it said that it runs.
 */
export interface Life {
  bornMs: number;
  startedMs: number | null;
  endedMs: number | null;
}

/** Lines of one file that Loki has not. */
export interface Gap {
  file: FileLife;
  lines: number;
  /** How long the file was there in all, and how long of that a collector that had started ran, in milliseconds. */
  thereMs: number;
  watchedMs: number;
}

/** A collector that had so long, at its last chance, had time to read. */
const CHANCE_MS = 100;

/** Says for each file with missing lines whether anybody could have read it. `missing` ascends. */
export function gapsOf(missing: readonly number[], files: readonly FileLife[], lives: readonly Life[]): Gap[] {
  const gaps: Gap[] = [];
  const nowMs = Date.now();
  for (const file of files) {
    const lines = missing.filter((line) => line >= file.firstLine && line <= file.lastLine).length;
    if (lines === 0) continue;
    const [from, to] = [file.bornMs, file.deletedMs ?? nowMs];
    const watchedMs = lives.reduce((sum, { startedMs, endedMs }) => {
      if (startedMs === null) return sum;
      return sum + Math.max(0, Math.min(to, endedMs ?? nowMs) - Math.max(from, startedMs));
    }, 0);
    gaps.push({ file, lines, thereMs: to - from, watchedMs });
  }
  return gaps;
}

/** Whether its bytes were there while a collector ran that could have read them. */
export function wasReadable({ watchedMs }: Gap): boolean {
  return watchedMs >= CHANCE_MS;
}

/** One line for a reader; times in seconds from `epochMs`. */
export function describeGap({ file, lines, thereMs, watchedMs }: Gap, epochMs: number): string {
  const at = (ms: number | null) => (ms === null ? 'never' : `${((ms - epochMs) / 1000).toFixed(2)} s`);
  const { name, firstLine, lastLine, bytes, bornMs, rotatedMs, gzippedMs, deletedMs } = file;
  const times = `begun ${at(bornMs)}, rotated ${at(rotatedMs)}, gzipped ${at(gzippedMs)}, deleted ${at(deletedMs)}`;
  const watched = `a collector ran for ${watchedMs} of its ${thereMs} ms`;
  return `${name} (${bytes} B): ${lines} of its ${lastLine - firstLine + 1} lines; ${times}; ${watched}`;
}
