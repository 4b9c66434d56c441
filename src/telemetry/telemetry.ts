import { performance } from 'node:perf_hooks';
import type { CollectorEvents, Loss, Problem } from './events.js';
import { clipMessage, type Log } from './log.js';
import type { Metrics } from './metrics.js';
import { Throttle } from './throttle.js';

/** So many of the pods that lost most are named in one line; the metrics name them all. */
const LOSSES_NAMED = 10;

export interface Telemetry extends CollectorEvents {
  /** Writes what the throttle has held back for a minute, or all of it. Called once a minute and at the end. */
  flush(everything?: boolean): void;
}

/**
 * Turns what the collector reports into metrics and log lines. A condition that repeats is written at once and then
 * once a minute with its count.
 *
 * @param nowMs a monotonic clock in milliseconds.
 */
export function createTelemetry(log: Log, metrics: Metrics, nowMs: () => number = () => performance.now()): Telemetry {
  const { totals } = metrics;
  const throttle = new Throttle(nowMs);
  const unmatched = new Set<string>();
  const outage = watchOutage(log, throttle, nowMs);
  const losses = new LossSums();

  function warn({ code, message, advice }: Problem): void {
    throttle.report(`problem ${code}`, (times) => log.warn({ code, advice, times }, clipMessage(message)));
  }

  function writeLosses(pods: readonly Loss[], times: number): void {
    log.error(
      {
        code: 'LOGS_LOST',
        bytes: sum(pods, 'bytes'),
        lines: sum(pods, 'lines'),
        files: sum(pods, 'files'),
        times,
        pods: pods.slice(0, LOSSES_NAMED),
        ...(pods.length > LOSSES_NAMED && { morePods: pods.length - LOSSES_NAMED }),
      },
      'logs vanished before they were read',
    );
  }

  return {
    logFound: (path) => log.debug({ path }, 'container log found'),
    logForgotten(path) {
      unmatched.delete(path);
      log.debug({ path }, 'container log forgotten');
    },
    fileOpened(path) {
      totals.filesOpened++;
      log.trace({ path }, 'log file opened');
    },
    generationTruncated: (path) =>
      throttle.report('truncated', (times) =>
        log.warn({ code: 'LOG_TRUNCATED', path, times }, 'log file was truncated in place, reading it from its start'),
      ),
    pathUnmatched(path) {
      if (unmatched.has(path)) return;
      unmatched.add(path);
      totals.pathsUnmatched++;
      throttle.report('unmatched', (times) =>
        log.warn(
          {
            code: 'PATH_UNMATCHED',
            path,
            times,
            advice: 'Change SLEIPNIR_LABEL_REGEX, or leave the path out with SLEIPNIR_EXCLUDE.',
          },
          'the label regex does not match the path of a log, its lines bear the label filename instead',
        ),
      );
    },
    scanFinished(scan) {
      totals.scans++;
      log.trace(scan, 'scan finished');
    },

    jobFinished(figures) {
      totals.linesRead += figures.lines;
      totals.entriesRead += figures.entries;
      totals.linesHeld += figures.heldLines;
      totals.entriesReleased += figures.releasedEntries;
      for (const [reason, entries] of figures.dropped) metrics.countDropped(reason, entries);
      totals.bytesRead += figures.bytes;
      totals.linesMalformed += figures.malformedLines;
      totals.entriesCut += figures.cutEntries;
      totals.bytesCut += figures.cutBytes;
      totals.entriesFlushed += figures.flushedEntries;
    },
    jobRepeated: (reason) => metrics.countJobRepeated(reason),

    pushAnswered({ status, seconds, bytes }) {
      metrics.countPush(String(status), seconds);
      totals.pushBytes += bytes;
    },
    pushRetried({ reason, message, waitMs }) {
      metrics.countRetry(reason);
      outage.went({ reason, waitMs, answer: clipMessage(message) });
    },
    pushRefused: ({ kind, message }) =>
      throttle.report(`push ${kind}`, (times) =>
        log.warn(
          { code: 'PUSH_REFUSED', kind, times, answer: clipMessage(message) },
          'Loki does not take a push as it is',
        ),
      ),
    entriesStored({ entries, bytes }) {
      totals.entriesStored += entries;
      totals.pushBytesStored += bytes;
      outage.ended();
    },
    entriesRefused({ reason, message, entries }) {
      metrics.countRefused(reason, entries);
      throttle.report(`refused ${reason}`, (times) =>
        log.warn(
          {
            code: 'ENTRIES_REFUSED',
            reason,
            entries,
            times,
            answer: message === '' ? undefined : clipMessage(message),
          },
          'Loki refuses entries for good',
        ),
      );
    },

    entriesMissed({ entries }) {
      totals.entriesMissed += Math.max(0, entries);
      // Dropped at first, and made of their lines after all.
      totals.entriesReleased += Math.max(0, -entries);
      totals.entriesRead += Math.max(0, -entries);
    },
    entriesRecalled({ entries }) {
      totals.entriesRecalled += entries;
    },

    stagesCounted: (delta) => metrics.countStages(delta),

    bytesLost(loss) {
      metrics.countLost(loss);
      losses.add(loss);
      throttle.report('lost', (times) => writeLosses(losses.take(), times));
    },
    goneWhileDown(gone) {
      const sums = new LossSums();
      for (const loss of gone) {
        metrics.countLost(loss);
        sums.add(loss);
      }
      // At once, and all of it: killed within a minute, nobody would know of it.
      writeLosses(sums.take(), gone.length);
    },
    positionsStored(stored) {
      totals.positionsStored++;
      log.trace(stored, 'positions stored');
    },
    problemFound: warn,
    flush: (everything) => throttle.flush(everything),
  };
}

interface Failure {
  reason: string;
  waitMs: number;
  answer: string;
}

/** Shorter gaps are the daily business of retrying, and one stream that is refused while others pass is no outage. */
const OUTAGE_MS = 10_000;

/** Says that pushes fail, and that they go through again when for a while none did. */
function watchOutage(log: Log, throttle: Throttle, nowMs: () => number) {
  let outage: { sinceMs: number; retries: number } | null = null;
  return {
    went(failure: Failure): void {
      outage ??= { sinceMs: nowMs(), retries: 0 };
      outage.retries++;
      throttle.report('push', (times) => {
        log.warn({ code: 'PUSH_FAILED', ...failure, times }, 'a push was not taken, trying again; nothing is dropped');
      });
    },
    ended(): void {
      if (outage === null) return;
      const lastedMs = nowMs() - outage.sinceMs;
      if (lastedMs >= OUTAGE_MS)
        log.info({ retries: outage.retries, seconds: Math.round(lastedMs / 1000) }, 'Loki takes pushes again');
      outage = null;
    },
  };
}

/** Losses, summed by reason, pod and container. */
class LossSums {
  #sums = new Map<string, Loss>();

  add(loss: Loss): void {
    const key = `${loss.reason} ${loss.namespace} ${loss.pod} ${loss.container ?? ''}`;
    const { bytes, lines, files } = this.#sums.get(key) ?? { bytes: 0, lines: 0, files: 0 };
    this.#sums.set(key, { ...loss, bytes: loss.bytes + bytes, lines: loss.lines + lines, files: loss.files + files });
  }

  /** The sums so far, the largest first; it is empty then. */
  take(): Loss[] {
    const taken = [...this.#sums.values()].sort((a, b) => b.bytes - a.bytes);
    this.#sums = new Map();
    return taken;
  }
}

function sum(losses: readonly Loss[], field: 'bytes' | 'lines' | 'files'): number {
  return losses.reduce((total, loss) => total + loss[field], 0);
}
