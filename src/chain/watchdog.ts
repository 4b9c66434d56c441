import type { ContainerLog } from './container-log.js';
import type { Generation } from './generation.js';

/** So long unread bytes may wait without anything being read or settled. */
const STALL_MS = 10_000;
const LOOK_EVERY_MS = 5_000;

/** Container logs with unread bytes that make no progress, by the reason for it. */
export interface Stall {
  reason: string;
  logs: number;
  /** The one that has waited longest. */
  path: string;
  waitMs: number;
}

/** Compares what is on disk with what is settled, and asks why where nothing moves. */
export class Watchdog {
  #stalls: readonly Stall[] = [];
  #lookedAtMs = 0;
  readonly #why: (generation: Generation) => string;

  /** @param why what keeps a generation from being read or settled, in a few words */
  constructor(why: (generation: Generation) => string) {
    this.#why = why;
  }

  /** As of the last look. */
  get stalls(): readonly Stall[] {
    return this.#stalls;
  }

  /**
   * Looks every few seconds, however often it is called.
   *
   * @returns the generations that have newly come to a stand, or stand still
   */
  look(logs: Iterable<ContainerLog>, nowMs: number): Generation[] {
    if (nowMs - this.#lookedAtMs < LOOK_EVERY_MS) return [];
    this.#lookedAtMs = nowMs;
    const found = new Map<string, Stall>();
    const stalled: Generation[] = [];
    for (const log of logs) {
      const reading = log.generations.find(waits);
      if (reading === undefined) continue;
      const waitMs = nowMs - progressAtMs(log, reading);
      if (waitMs < STALL_MS) continue;
      stalled.push(reading);
      const reason = this.#why(reading);
      const stall = found.get(reason);
      if (stall === undefined) found.set(reason, { reason, logs: 1, path: log.path, waitMs });
      else {
        stall.logs += 1;
        if (waitMs > stall.waitMs) Object.assign(stall, { path: log.path, waitMs });
      }
    }
    this.#stalls = [...found.values()];
    return stalled;
  }
}

function waits({ done, copyOf, unplannedBytes, flights }: Generation): boolean {
  return !done && copyOf === null && (unplannedBytes > 0 || flights.length > 0);
}

/** A newer generation waits for those before it. */
function progressAtMs({ generations }: ContainerLog, generation: Generation): number {
  const until = generations.slice(0, generations.indexOf(generation) + 1);
  return Math.max(...until.map((each) => each.progressAtMs));
}
