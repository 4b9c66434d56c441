import type { CgroupFigures, CgroupLimits } from '../measure/cgroup.js';
import type { Floor } from '../measure/floor.js';

/** One look at a running collector. */
export interface Sample {
  /** Since its start. */
  seconds: number;
  cpuSeconds: number;
  rssBytes: number;
  storedEntries: number;
  storedBytes: number;
  /** 99 % of the entries that came since the look before were at most so old; null if none came or it is not measured. */
  latencyMs: number | null;
  /** The receiver is there. */
  up: boolean;
}

/** What one run of one collector showed. Rates are of raw log: MB are 10^6 bytes of the files. */
export interface LoadResult {
  contender: string;
  /** Everything that was to be stored was, before patience ran out, and nothing that was to be dropped. */
  complete: boolean;
  /** From its start to the last stored entry. */
  seconds: number;
  bytes: number;
  /** CRI lines. */
  lines: number;
  /** What the receiver should have stored: a line in parts counts once if they are joined; what is dropped does not. */
  entries: number;
  megabytesPerSecond: number;
  linesPerSecond: number;
  /** Of the whole process from its start. */
  cpuSeconds: number;
  /** Its main thread, and its other threads by what they took. */
  threadSeconds: number[];
  cpuSecondsPerGiB: number;
  megabytesPerCpuSecond: number;
  /** Runs of the floor just before and after; empty if it was not measured. */
  floors: Floor[];
  /** CPU seconds as a multiple of the floor's for the same bytes; null without floor. */
  floorRatio: number | null;
  peakRssBytes: number;
  /** From the timestamp of an entry to its storage; null unless lines were written meanwhile. */
  latencyMs: { p50: number; p99: number; max: number } | null;
  pushes: number;
  answers: Record<string, number>;
  wireBytes: number;
  /** The pushes before compression. */
  encodedBytes: number;
  lost: number;
  repeated: number;
  /** From its start until it said that it had started; null if it does not say. */
  readySeconds: number | null;
  /** While pods wrote, but for the first tenth of that time; null if none did. */
  live: { seconds: number; cpuPercent: number } | null;
  /** After everything was stored; null if that was not asked for. */
  idle: { seconds: number; cpuPercent: number; rssBytes: number } | null;
  /** While the receiver was away; null if it never was. `risenBytes`: RSS above what it was after a tenth of the time. */
  away: { seconds: number; rssBytes: number; risenBytes: number; drainMegabytesPerSecond: number } | null;
  limits: CgroupLimits;
  /** Null if no limit was asked for, or none could be set. */
  cgroup: CgroupFigures | null;
  /** Why limits that were asked for do not hold. */
  limitsMissing: string | null;
  /** Of the receiver, to see whether it was what held the collector up. */
  receiverCpuSeconds: number;
  /** How the collector ended when it was told to, and what it said last. */
  endedWith: string;
  samples: Sample[];
}

/** CPU milliseconds for each MB of pushes before compression. */
export function encodedCost({ cpuSeconds, encodedBytes }: LoadResult): number {
  return (cpuSeconds * 1000) / (encodedBytes / 1e6);
}
