import type { SequenceReport } from './sequence.js';
import type { ReceiverStore, StoreCounts } from './store.js';

/** What `GET /figures` answers: the counts of the store, and what the process has used. */
export interface Figures extends StoreCounts {
  cpuUserMs: number;
  cpuSystemMs: number;
  rssBytes: number;
  uptimeMs: number;
  /** When the last push was answered, milliseconds since the epoch; 0 before the first. */
  lastPushMs: number;
  /** The sums over all sequences; `groups` is how many there are. Absent if numbers are not checked. */
  sequence?: Omit<SequenceReport, 'first' | 'last'> & { groups: number };
}

export function figures(store: ReceiverStore): Figures {
  const cpu = process.cpuUsage();
  const reports = Object.values(store.sequenceReports());
  const sum = (key: keyof SequenceReport) => reports.reduce((total, report) => total + report[key], 0);
  return {
    ...store.counts,
    cpuUserMs: Math.round(cpu.user / 1000),
    cpuSystemMs: Math.round(cpu.system / 1000),
    rssBytes: process.memoryUsage.rss(),
    uptimeMs: Math.round(process.uptime() * 1000),
    lastPushMs: store.lastPushMs,
    ...(reports.length > 0 && {
      sequence: {
        groups: reports.length,
        unnumbered: sum('unnumbered'),
        distinct: sum('distinct'),
        repeated: sum('repeated'),
        missing: sum('missing'),
      },
    }),
  };
}
