import { createLog, type Log } from '../../src/telemetry/log.js';
import type { Snapshot } from '../../src/telemetry/metrics.js';

/** A log whose lines are kept, parsed. */
export async function keptLog(
  logLevel: 'trace' | 'info' = 'trace',
): Promise<{ log: Log; lines: Record<string, unknown>[] }> {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  return { log: await createLog({ logLevel, logFormat: 'json' }, { write }), lines };
}

/** A clock that stands still until it is moved. */
export function manualClock(): { nowMs: () => number; pass: (ms: number) => void } {
  let ms = 0;
  return {
    nowMs: () => ms,
    pass: (more) => {
      ms += more;
    },
  };
}

/** A state in which every value differs, so that a mix-up shows. */
export const SNAPSHOT: Snapshot = {
  entriesPending: 10,
  containerLogs: 11,
  generationsOpen: 12,
  unreadBytes: 13,
  lagSeconds: 14.5,
  memoryBudgetBytes: 15,
  memoryBudgetUsedBytes: 16,
  pushesInFlight: 17,
  workers: 18,
  journalDirty: true,
  spoolBytes: 9,
  inotifyFallback: true,
};
