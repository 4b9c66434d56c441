import { performance } from 'node:perf_hooks';
import { errnoOf } from '../errors.js';
import type { Log } from './log.js';
import type { Metrics, Snapshot, Totals } from './metrics.js';

const INTERVAL_MS = 60_000;

/** What the collector has done so far and how it stands: sums since the start, and the state at this moment. */
export interface Figures extends Totals, Snapshot {
  uptimeSeconds: number;
  /** User and system time of the whole process, workers included. */
  cpuSeconds: number;
  rssBytes: number;
}

/** The figures of the collector at this moment. */
export function figuresOf(metrics: Metrics): Figures {
  const cpu = process.cpuUsage();
  return {
    ...metrics.totals,
    ...metrics.snapshot(),
    uptimeSeconds: performance.now() / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    rssBytes: rssBytes(),
  };
}

/** 0 if there is no descriptor left for the file that tells it. */
function rssBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
}

/**
 * Writes one line of figures a minute: what was done in that minute, and how things stand. Its timer does not keep the
 * process alive.
 *
 * @param flush called before each line: writes what else waits for the minute to be over.
 * @returns writes a last line for the time since the one before, and ends the timer.
 */
export function startFigures(log: Log, metrics: Metrics, flush: (everything: boolean) => void): { stop(): void } {
  let before = figuresOf(metrics);
  function write(): void {
    const now = figuresOf(metrics);
    log.info(figuresLine(before, now), 'figures');
    before = now;
  }
  const timer = setInterval(() => {
    flush(false);
    write();
  }, INTERVAL_MS).unref();
  return {
    stop() {
      clearInterval(timer);
      flush(true);
      write();
    },
  };
}

/** The fields of one line: differences of what is counted, values of what is measured. Those that should be 0 show only when they are not. */
export function figuresLine(before: Figures, now: Figures): Record<string, number> {
  const seconds = now.uptimeSeconds - before.uptimeSeconds;
  const since = (key: keyof Totals) => now[key] - before[key];
  const line: Record<string, number> = {
    seconds: round(seconds),
    lines: since('linesRead'),
    bytes: since('bytesRead'),
    entriesStored: since('entriesStored'),
    lagSeconds: round(now.lagSeconds),
    unreadBytes: now.unreadBytes,
    pushes: since('pushes'),
    pushBytes: since('pushBytes'),
    retries: since('pushRetries'),
    containerLogs: now.containerLogs,
    cpuPercent: seconds > 0 ? round((100 * (now.cpuSeconds - before.cpuSeconds)) / seconds) : 0,
    rssMiB: round(now.rssBytes / 2 ** 20),
  };
  for (const key of ['entriesRefused', 'linesMalformed', 'entriesCut', 'bytesLost', 'linesLost', 'filesLost'] as const)
    if (since(key) > 0) line[key] = since(key);
  return line;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
