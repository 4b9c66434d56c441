import { type Floor, floorPerGiB } from '../measure/floor.js';
import { median } from '../measure/median.js';
import type { Usage } from '../measure/proc.js';
import type { Figures } from '../receiver/figures.js';
import { type LatencyReport, quantileMs } from '../receiver/latency.js';
import type { LoadResult, Sample } from './result.js';
import type { Watch } from './watch.js';

/** What is written in all. */
export interface Written {
  bytes: number;
  /** CRI lines. */
  lines: number;
  /** Entries to be stored that bear a running number, as each line does, or the first part of it. */
  numbered: number;
  /** Entries to be stored that bear none: later parts of lines, if the collector sends them by themselves. */
  parts: number;
}

export interface Observed {
  watch: Pick<Watch, 'samples' | 'figures'>;
  usage: Usage;
  written: Written;
  floors: Floor[];
  latency: LatencyReport | null;
  /** When the collector was started, by `Date.now()`. */
  startedMs: number;
}

type Summary = Omit<
  LoadResult,
  'contender' | 'complete' | 'readySeconds' | 'live' | 'idle' | 'limits' | 'cgroup' | 'limitsMissing' | 'endedWith'
>;

const GIB = 2 ** 30;

/** Turns what was observed into figures. */
export function summarize({ watch, usage, written, floors, latency, startedMs }: Observed): Summary {
  const { figures, samples } = watch;
  const { bytes, lines, numbered, parts } = written;
  const { cpuSeconds } = usage;
  const seconds = Math.max(0.001, ((figures?.lastPushMs ?? 0) - startedMs) / 1000);
  const cpuSecondsPerGiB = (cpuSeconds / bytes) * GIB;
  const floor = floors.length === 0 ? null : median(floors.map(floorPerGiB));
  return {
    seconds,
    bytes,
    lines,
    entries: numbered + parts,
    megabytesPerSecond: bytes / 1e6 / seconds,
    linesPerSecond: lines / seconds,
    cpuSeconds,
    threadSeconds: usage.threadSeconds,
    cpuSecondsPerGiB,
    megabytesPerCpuSecond: bytes / 1e6 / cpuSeconds,
    floors,
    floorRatio: floor === null ? null : cpuSecondsPerGiB / floor,
    peakRssBytes: usage.peakRssBytes,
    latencyMs: latency === null ? null : latencyOf(latency),
    pushes: figures?.pushes ?? 0,
    answers: figures?.answers ?? {},
    wireBytes: figures?.wireBytes ?? 0,
    encodedBytes: figures?.decodedBytes ?? 0,
    lost: missingOf(figures, written),
    repeated: repeatedOf(figures, written),
    away: awayOf(samples, bytes, seconds),
    receiverCpuSeconds: ((figures?.cpuUserMs ?? 0) + (figures?.cpuSystemMs ?? 0)) / 1000,
    samples,
  };
}

/**
 * Entries that were not stored. Each stream counts its own numbers, so whatever labels a pipeline gives, it is right as
 * long as no two containers share a stream. Of parts only how many there are is known.
 */
export function missingOf(figures: Figures | null, { numbered, parts }: Written): number {
  const { distinct = 0, unnumbered = 0 } = figures?.sequence ?? {};
  return Math.max(0, numbered - distinct) + Math.max(0, parts - unnumbered);
}

/** Entries that were stored and should have been dropped. */
export function surplusOf(figures: Figures | null, { numbered }: Written): number {
  return Math.max(0, (figures?.sequence?.distinct ?? 0) - numbered);
}

function repeatedOf(figures: Figures | null, { parts }: Written): number {
  const { repeated = 0, unnumbered = 0 } = figures?.sequence ?? {};
  return repeated + (parts > 0 ? Math.max(0, unnumbered - parts) : 0);
}

/** What pods that write cost a collector. In the first tenth of the looks at it, it may still be starting. */
export function costOf(samples: readonly Sample[]): LoadResult['live'] {
  const last = samples.at(-1);
  const first = samples[Math.ceil(samples.length / 10)];
  if (first === undefined || last === undefined || first === last) return null;
  const seconds = last.seconds - first.seconds;
  return { seconds, cpuPercent: (100 * (last.cpuSeconds - first.cpuSeconds)) / seconds };
}

function latencyOf(report: LatencyReport): LoadResult['latencyMs'] {
  const at = (quantile: number): number => quantileMs(report, quantile) ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: report.maxMs };
}

function awayOf(samples: readonly Sample[], bytes: number, seconds: number): LoadResult['away'] {
  const away = samples.filter((sample) => !sample.up);
  const last = away.at(-1);
  if (last === undefined) return null;
  const settled = away.filter((sample) => sample.seconds >= last.seconds / 10);
  const peakRssBytes = Math.max(...settled.map(({ rssBytes }) => rssBytes));
  return {
    seconds: last.seconds,
    rssBytes: last.rssBytes,
    risenBytes: peakRssBytes - (settled[0] ?? last).rssBytes,
    drainMegabytesPerSecond: bytes / 1e6 / (seconds - last.seconds),
  };
}
