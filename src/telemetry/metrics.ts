import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PipelineDelta } from '../pipeline.js';
import { VERSION } from '../version.js';
import { watchEventLoop } from './event-loop.js';
import { StageMetrics } from './stage-metrics.js';

/** The state of the collector at this moment, asked for at each scrape and for each line of figures. */
export interface Snapshot {
  /** Container logs known. */
  containerLogs: number;
  /** Generations held open. */
  generationsOpen: number;
  /** Bytes on disk that are not settled yet, over all generations. */
  unreadBytes: number;
  /** Age of the oldest line that is not settled; 0 if there is none. */
  lagSeconds: number;
  memoryBudgetBytes: number;
  memoryBudgetUsedBytes: number;
  pushesInFlight: number;
  /** Worker threads that are running. */
  workers: number;
  /** Positions have moved that are not stored durably yet. */
  journalDirty: boolean;
  /** Copies of deleted logs in the spool, in bytes on disk. */
  spoolBytes: number;
}

/**
 * Everything counted since the start. Plain numbers, because counting happens for each job and each push; the registry
 * takes them over when it is scraped.
 */
export interface Totals {
  linesRead: number;
  /** Entries made of the lines read: stored, refused or pending. */
  entriesRead: number;
  bytesRead: number;
  entriesStored: number;
  entriesRefused: number;
  linesMalformed: number;
  entriesCut: number;
  bytesCut: number;
  entriesFlushed: number;
  pushes: number;
  pushBytes: number;
  pushBytesStored: number;
  pushRetries: number;
  bytesLost: number;
  linesLost: number;
  filesOpened: number;
  scans: number;
  pathsUnmatched: number;
  positionsStored: number;
}

/** The part of a registry that serves a scrape. */
export interface Exposition {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface Metrics {
  readonly totals: Totals;
  readonly registry: Exposition;
  snapshot(): Snapshot;
  /** One try to push ended with this status, or a code if there was no answer, after so many seconds. */
  countPush(status: string, seconds: number): void;
  countRetry(reason: string): void;
  countRefused(reason: string, entries: number): void;
  countLost(lost: { reason: string; namespace: string; pod: string; bytes: number; lines: number }): void;
  countJobRepeated(reason: string): void;
  countStages(delta: PipelineDelta): void;
  setInotifyFallback(on: boolean): void;
  /** Whether the configuration that was read last is in use. */
  setConfigLoaded(ok: boolean): void;
  /** Ends the timer that samples the event loop. */
  stop(): void;
}

type PlainTotal = Exclude<keyof Totals, 'pushes' | 'pushRetries' | 'entriesRefused' | 'bytesLost' | 'linesLost'>;

/** Totals that stand in one series each; the others are split by a label. */
const COUNTERS: Record<PlainTotal, [name: string, help: string]> = {
  linesRead: ['lines_read_total', 'Lines read.'],
  entriesRead: ['entries_read_total', 'Entries made of the lines read: stored, refused or pending.'],
  bytesRead: ['bytes_read_total', 'Bytes of log read.'],
  entriesStored: ['entries_stored_total', 'Entries that Loki has stored.'],
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
};

/** Loki answers in milliseconds when well; 10 s is what a push waits before it counts as unanswered. */
const PUSH_SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Loss is rare, yet a node that loses for weeks sees ever new pods; beyond this many the pod is named `other`. */
const MAX_LOST_SERIES = 500;
/** The longest interval a timer takes (2^31 - 1 ms): the library's delay monitor is never woken. See event-loop.ts. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * All metrics of one collector, named `sleipnir_*`, with those of the process (`process_*`, `nodejs_*`).
 *
 * @param collect the state to show; called once for each scrape.
 */
export function createMetrics(collect: () => Snapshot): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const totals = noTotals();

  addProcessMetrics(registry);
  const eventLoop = watchEventLoop();
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `sleipnir_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `sleipnir_${name}`, help, registers });

  new Gauge({ name: 'sleipnir_build_info', help: 'The version that runs.', labelNames: ['version'], registers }).set(
    { version: VERSION },
    1,
  );
  const counters = table(COUNTERS, (name, help) => counter(name, help, []));
  const gauges = table(GAUGES, gauge);
  const pushes = counter('pushes_total', 'Tries to push, by status of the answer or by what kept it from coming.', [
    'status',
  ]);
  const retries = counter('push_retries_total', 'Pushes that have to be sent again.', ['reason']);
  const refused = counter('entries_refused_total', 'Entries that Loki has refused for good.', ['reason']);
  const lostLabels: ['reason', 'namespace', 'pod'] = ['reason', 'namespace', 'pod'];
  const lostBytes = counter('lost_bytes_total', 'Bytes of log that vanished before they were read.', lostLabels);
  const lostLines = counter('lost_lines_total', 'Lines that vanished before they were read.', lostLabels);
  const repeated = counter('jobs_repeated_total', 'Jobs that were run again.', ['reason']);
  const pending = gauge('entries_pending', 'Entries read that are neither stored nor refused yet.');
  const configLoaded = gauge('config_last_load_successful', '1 while the configuration that was read last is in use.');
  const configLoadedAt = gauge(
    'config_last_load_success_timestamp_seconds',
    'When a configuration was last taken over.',
  );
  const inotifyFallback = gauge('inotify_fallback', '1 while folders cannot be watched and are scanned instead.');
  const utilization = gauge(
    'event_loop_utilization',
    'Share of the time that the main thread was busy since the last scrape.',
  );
  const maxLag = gauge(
    'event_loop_max_lag_seconds',
    'Longest delay of a timer of the main thread since the last scrape.',
  );
  const pushSeconds = new Histogram({
    name: 'sleipnir_push_duration_seconds',
    help: 'Time until a push was answered or given up.',
    buckets: PUSH_SECONDS_BUCKETS,
    registers,
  });

  const stages = new StageMetrics(registry);

  const lostSeries = new Set<string>();
  function podSeries(namespace: string, pod: string): string {
    const key = `${namespace}/${pod}`;
    if (lostSeries.has(key)) return pod;
    if (lostSeries.size === MAX_LOST_SERIES) return 'other';
    lostSeries.add(key);
    return pod;
  }

  function fill(): void {
    const state = collect();
    for (const key of keys(GAUGES)) gauges[key].set(Number(state[key]));
    for (const key of keys(COUNTERS)) {
      counters[key].reset();
      counters[key].inc(totals[key]);
    }
    pending.set(totals.entriesRead - totals.entriesStored - totals.entriesRefused);
    const loop = eventLoop.take();
    utilization.set(loop.utilization);
    maxLag.set(loop.maxLagSeconds);
  }

  return {
    totals,
    registry: {
      contentType: registry.contentType,
      metrics: async () => {
        fill();
        return registry.metrics();
      },
    },
    snapshot: collect,
    countPush(status, seconds) {
      totals.pushes++;
      pushes.inc({ status });
      pushSeconds.observe(seconds);
    },
    countRetry(reason) {
      totals.pushRetries++;
      retries.inc({ reason });
    },
    countRefused(reason, entries) {
      totals.entriesRefused += entries;
      refused.inc({ reason }, entries);
    },
    countLost({ reason, namespace, pod, bytes, lines }) {
      totals.bytesLost += bytes;
      totals.linesLost += lines;
      const labels = { reason, namespace, pod: podSeries(namespace, pod) };
      lostBytes.inc(labels, bytes);
      lostLines.inc(labels, lines);
    },
    countJobRepeated: (reason) => repeated.inc({ reason }),
    countStages: (delta) => stages.add(delta),
    setConfigLoaded(ok) {
      configLoaded.set(ok ? 1 : 0);
      if (ok) configLoadedAt.setToCurrentTime();
    },
    setInotifyFallback: (on) => inotifyFallback.set(on ? 1 : 0),
    stop: () => eventLoop.stop(),
  };
}

function addProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: NEVER_MS });
  for (const { name } of register.getMetricsAsArray())
    if (name.startsWith('nodejs_eventloop_lag')) register.removeSingleMetric(name);
}

function noTotals(): Totals {
  return {
    linesRead: 0,
    entriesRead: 0,
    bytesRead: 0,
    entriesStored: 0,
    entriesRefused: 0,
    linesMalformed: 0,
    entriesCut: 0,
    bytesCut: 0,
    entriesFlushed: 0,
    pushes: 0,
    pushBytes: 0,
    pushBytesStored: 0,
    pushRetries: 0,
    bytesLost: 0,
    linesLost: 0,
    filesOpened: 0,
    scans: 0,
    pathsUnmatched: 0,
    positionsStored: 0,
  };
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
