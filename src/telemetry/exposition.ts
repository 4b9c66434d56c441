import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import { VERSION } from '../version.js';
import type { EventLoopWatch } from './event-loop.js';
import type { Counted, Snapshot, Totals } from './metrics.js';
import { histogramValues } from './stage-metrics.js';
import type { Durations, Tally } from './tally.js';

type PlainTotal = Exclude<
  keyof Totals,
  'pushes' | 'pushRetries' | 'entriesRefused' | 'entriesDropped' | 'bytesLost' | 'linesLost' | 'filesLost'
>;

/** Totals that stand in one series each; the others are split by a label. */
const COUNTERS: Record<PlainTotal, [name: string, help: string]> = {
  linesRead: ['lines_read_total', 'Lines read.'],
  linesHeld: ['lines_held_total', 'Lines that are parts of an entry, or that a stage has held back or taken apart.'],
  entriesReleased: ['entries_released_total', 'Entries made of what was held.'],
  entriesRead: ['entries_read_total', 'Entries made of the lines read: lines + released - held - dropped.'],
  bytesRead: ['bytes_read_total', 'Bytes of log read.'],
  entriesStored: ['entries_stored_total', 'Entries that Loki has stored.'],
  entriesMissed: [
    'entries_missed_total',
    'Entries read that a push made anew did not have: their bytes were gone, or a limit has dropped them.',
  ],
  entriesRecalled: [
    'entries_recalled_total',
    'Entries whose answer is not waited for, because the process ends or another endpoint is used; they are read again.',
  ],
  linesMalformed: [
    'lines_malformed_total',
    'Lines that are not what the format of their file says, shipped as they are.',
  ],
  entriesCut: ['entries_cut_total', 'Entries cut at the longest length allowed.'],
  bytesCut: ['cut_bytes_total', 'Bytes of content that cuts have left out.'],
  entriesFlushed: ['entries_flushed_total', 'Entries sent unfinished, because their rest did not come.'],
  pushBytes: ['push_bytes_total', 'Compressed bytes sent, repeats included.'],
  pushBytesStored: ['stored_push_bytes_total', 'Compressed bytes of the pushes that were stored.'],
  filesOpened: ['files_opened_total', 'Log files opened.'],
  scans: ['scans_total', 'Scans of the log folders.'],
  pathsUnmatched: ['paths_unmatched_total', 'Log files whose path the label regex does not match.'],
  positionsStored: ['positions_stored_total', 'Times that positions were stored durably.'],
};

const GAUGES: Record<keyof Snapshot, [name: string, help: string]> = {
  entriesPending: ['entries_pending', 'Entries read that are neither stored nor refused yet.'],
  containerLogs: ['container_logs', 'Container logs known.'],
  generationsOpen: ['generations_open', 'Log files held open, rotated ones included.'],
  unreadBytes: ['unread_bytes', 'Bytes of log on disk that are not settled yet.'],
  lagSeconds: ['lag_seconds', 'Age of the oldest line that is not settled.'],
  memoryBudgetBytes: ['memory_budget_bytes', 'Memory that jobs and waiting pushes may take.'],
  memoryBudgetUsedBytes: ['memory_budget_used_bytes', 'Memory that jobs and waiting pushes take.'],
  pushesInFlight: ['pushes_in_flight', 'Pushes that wait for an answer.'],
  workers: ['workers', 'Worker threads running.'],
  journalDirty: ['journal_dirty', '1 while positions have moved that are not stored durably.'],
  spoolBytes: ['spool_bytes', 'Size of the copies of deleted logs in the spool.'],
  inotifyFallback: ['inotify_fallback', '1 while folders cannot be watched and are scanned instead.'],
};

/** The longest interval a timer takes (2^31 - 1 ms): the library's delay monitor is never woken. See event-loop.ts. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Writes all metrics of one collector, as Prometheus reads them: what it has counted, how it stands, and the process.
 *
 * @param collect the state to show; called once for each scrape.
 * @returns makes the text of one scrape
 */
export function createExposition(
  counted: Counted,
  collect: () => Snapshot,
  eventLoop: EventLoopWatch,
): () => Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const { totals } = counted;

  addProcessMetrics(registry);
  const gauge = (name: string, help: string) => new Gauge({ name: `sleipnir_${name}`, help, registers });
  const tally = <L extends string>(name: string, help: string, labelNames: L[], tallied: Tally<L>) =>
    new Counter({
      name: `sleipnir_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { labels, value } of tallied.sums) this.inc(labels, value);
      },
    });

  new Gauge({ name: 'sleipnir_build_info', help: 'The version that runs.', labelNames: ['version'], registers }).set(
    { version: VERSION },
    1,
  );
  const counters = table(COUNTERS, (name, help) => new Counter({ name: `sleipnir_${name}`, help, registers }));
  const gauges = table(GAUGES, gauge);
  tally(
    'pushes_total',
    'Tries to push, by status of the answer or by what kept it from coming.',
    ['status'],
    counted.pushes,
  );
  tally('push_retries_total', 'Pushes that have to be sent again.', ['reason'], counted.retries);
  tally('entries_refused_total', 'Entries that Loki has refused for good.', ['reason'], counted.refused);
  tally('entries_dropped_total', 'Entries that the configuration drops.', ['reason'], counted.dropped);
  const ofLost: ['reason', 'namespace', 'pod'] = ['reason', 'namespace', 'pod'];
  tally('lost_bytes_total', 'Bytes of log that vanished before they were read.', ofLost, counted.lostBytes);
  tally('lost_lines_total', 'Lines that vanished before they were read.', ofLost, counted.lostLines);
  tally('lost_files_total', 'Log files that vanished before they were opened.', ofLost, counted.lostFiles);
  tally('jobs_repeated_total', 'Jobs that were run again.', ['reason'], counted.repeated);
  const configLoaded = gauge('config_last_load_successful', '1 while the configuration that was read last is in use.');
  const configLoadedAt = gauge(
    'config_last_load_success_timestamp_seconds',
    'When a configuration was last taken over.',
  );
  const utilization = gauge(
    'event_loop_utilization',
    'Share of the time that the main thread was busy since the last scrape.',
  );
  const maxLag = gauge(
    'event_loop_max_lag_seconds',
    'Longest delay of a timer of the main thread since the last scrape.',
  );
  addPushSeconds(registry, counted.pushSeconds);

  return async () => {
    const state = collect();
    for (const key of keys(GAUGES)) gauges[key].set(Number(state[key]));
    for (const key of keys(COUNTERS)) {
      counters[key].reset();
      counters[key].inc(totals[key]);
    }
    configLoaded.set(Number(counted.configLoaded.ok));
    configLoadedAt.set(counted.configLoaded.atSeconds);
    const loop = eventLoop.take();
    utilization.set(loop.utilization);
    maxLag.set(loop.maxLagSeconds);
    counted.stages.showIn(registry);
    return registry.metrics();
  };
}

function addPushSeconds(registry: Registry, durations: Durations): void {
  const name = 'sleipnir_push_duration_seconds';
  const get = async () => {
    const { bounds, buckets, seconds, count } = durations;
    const values = histogramValues({ name, bounds }, { labels: {}, value: seconds, count, buckets });
    return { name, help: 'Time until a push was answered or given up.', type: 'histogram', values };
  };
  // The registry needs no more of a metric than this; the type is that of its own classes.
  registry.registerMetric({ name, get, reset: () => {} } as unknown as Metric);
}

function addProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: NEVER_MS });
  for (const { name } of register.getMetricsAsArray())
    if (name.startsWith('nodejs_eventloop_lag')) register.removeSingleMetric(name);
}

function keys<K extends string>(record: Record<K, unknown>): K[] {
  return Object.keys(record) as K[];
}

function table<K extends string, T>(
  rows: Record<K, [name: string, help: string]>,
  make: (name: string, help: string) => T,
): Record<K, T> {
  const made = keys(rows).map((key) => {
    const [name, help]: [string, string] = rows[key];
    return [key, make(name, help)];
  });
  return Object.fromEntries(made) as Record<K, T>;
}
