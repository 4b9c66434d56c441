import type { PipelineDelta } from '../pipeline.js';
import { type Books, booksOf } from './books.js';
import { watchEventLoop } from './event-loop.js';
import type { Loss } from './events.js';
import { StageMetrics } from './stage-metrics.js';
import { Durations, Tally } from './tally.js';

/** The state of the collector at this moment, asked for at each scrape and for each line of figures. */
export interface Snapshot {
  /** Container logs known. */
  containerLogs: number;
  /** Generations held open. */
  generationsOpen: number;
  /** Entries read that are neither stored nor refused yet. */
  entriesPending: number;
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
  /** Folders cannot be watched and are scanned instead. */
  inotifyFallback: boolean;
}

/**
 * Everything counted since the start. Plain numbers, because counting happens for each job and each push; the registry
 * takes them over when it is scraped.
 */
export interface Totals {
  linesRead: number;
  /** See `Books` for this and all that must come to the same. */
  entriesRead: number;
  linesHeld: number;
  entriesReleased: number;
  entriesDropped: number;
  bytesRead: number;
  entriesStored: number;
  entriesRefused: number;
  entriesMissed: number;
  entriesRecalled: number;
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
  filesLost: number;
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
  /** What became of all lines so far. */
  books(): Books;
  /** One try to push ended with this status, or a code if there was no answer, after so many seconds. */
  countPush(status: string, seconds: number): void;
  countRetry(reason: string): void;
  countRefused(reason: string, entries: number): void;
  /** A stage has dropped entries. */
  countDropped(reason: string, entries: number): void;
  countLost(lost: Loss): void;
  countJobRepeated(reason: string): void;
  countStages(delta: PipelineDelta): void;
  /** Whether the configuration that was read last is in use. */
  setConfigLoaded(ok: boolean): void;
  /** Ends the timer that samples the event loop. */
  stop(): void;
}

/** Loss is rare, yet a node that loses for weeks sees ever new pods; beyond this many the pod is named `other`. */
const MAX_LOST_SERIES = 500;
/** Of what Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/ */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What a scrape shows, as it was counted. */
export interface Counted {
  readonly totals: Totals;
  readonly pushes: Tally<'status'>;
  readonly retries: Tally<'reason'>;
  readonly refused: Tally<'reason'>;
  readonly dropped: Tally<'reason'>;
  readonly lostBytes: Tally<'reason' | 'namespace' | 'pod'>;
  readonly lostLines: Tally<'reason' | 'namespace' | 'pod'>;
  readonly lostFiles: Tally<'reason' | 'namespace' | 'pod'>;
  readonly repeated: Tally<'reason'>;
  readonly pushSeconds: Durations;
  readonly stages: StageMetrics;
  configLoaded: { readonly ok: boolean; readonly atSeconds: number };
}

/**
 * Counts for all metrics of one collector. They are written by `exposition.ts`, which the first scrape loads: its library
 * is a tenth of what starting costs.
 *
 * @param collect the state to show; called once for each scrape.
 */
export function createMetrics(collect: () => Snapshot): Metrics {
  const totals = noTotals();
  const counted: Counted = {
    totals,
    pushes: new Tally<'status'>(),
    retries: new Tally<'reason'>(),
    refused: new Tally<'reason'>(),
    dropped: new Tally<'reason'>(),
    lostBytes: new Tally<'reason' | 'namespace' | 'pod'>(),
    lostLines: new Tally<'reason' | 'namespace' | 'pod'>(),
    lostFiles: new Tally<'reason' | 'namespace' | 'pod'>(),
    repeated: new Tally<'reason'>(),
    pushSeconds: new Durations(),
    stages: new StageMetrics(),
    configLoaded: { ok: false, atSeconds: 0 },
  };
  const eventLoop = watchEventLoop();
  let exposition: Promise<() => Promise<string>> | null = null;

  const lostSeries = new Set<string>();
  function podSeries(namespace: string, pod: string): string {
    const key = `${namespace}/${pod}`;
    if (lostSeries.has(key)) return pod;
    if (lostSeries.size === MAX_LOST_SERIES) return 'other';
    lostSeries.add(key);
    return pod;
  }

  return {
    totals,
    registry: {
      contentType: CONTENT_TYPE,
      async metrics() {
        exposition ??= import('./exposition.js').then((it) => it.createExposition(counted, collect, eventLoop));
        return (await exposition)();
      },
    },
    snapshot: collect,
    books: () => booksOf(counted, collect().entriesPending),
    countPush(status, seconds) {
      totals.pushes++;
      counted.pushes.add({ status }, 1);
      counted.pushSeconds.observe(seconds);
    },
    countRetry(reason) {
      totals.pushRetries++;
      counted.retries.add({ reason }, 1);
    },
    countRefused(reason, entries) {
      totals.entriesRefused += entries;
      counted.refused.add({ reason }, entries);
    },
    countDropped(reason, entries) {
      totals.entriesDropped += entries;
      counted.dropped.add({ reason }, entries);
    },
    countLost({ reason, namespace, pod, bytes, lines, files }) {
      totals.bytesLost += bytes;
      totals.linesLost += lines;
      totals.filesLost += files;
      const labels = { reason, namespace, pod: podSeries(namespace, pod) };
      counted.lostBytes.add(labels, bytes);
      counted.lostLines.add(labels, lines);
      counted.lostFiles.add(labels, files);
    },
    countJobRepeated: (reason) => counted.repeated.add({ reason }, 1),
    countStages: (delta) => counted.stages.add(delta),
    setConfigLoaded(ok) {
      const { atSeconds } = counted.configLoaded;
      counted.configLoaded = { ok, atSeconds: ok ? Date.now() / 1000 : atSeconds };
    },
    stop: () => eventLoop.stop(),
  };
}

function noTotals(): Totals {
  return {
    linesRead: 0,
    entriesRead: 0,
    linesHeld: 0,
    entriesReleased: 0,
    entriesDropped: 0,
    bytesRead: 0,
    entriesStored: 0,
    entriesRefused: 0,
    entriesMissed: 0,
    entriesRecalled: 0,
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
    filesLost: 0,
    filesOpened: 0,
    scans: 0,
    pathsUnmatched: 0,
    positionsStored: 0,
  };
}
