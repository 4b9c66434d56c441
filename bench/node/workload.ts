import type { ContainerLog } from './container.js';
import type { Random } from './random.js';

/** The longest the event loop is held in one go. */
const SLICE_MS = 8;
/** What was not written in time is made up for, but no more of it than this. */
const CATCH_UP_MS = 250;
/** From here on lines are written in blocks: one system call a line, as containerd does it, would cost more than the line. */
const BLOCK_RATE_BYTES = 16 << 20;
/** Lines in a block are drawn from [BLOCK_LINES, 3 * BLOCK_LINES), so that blocks end anywhere, inside a split line too. */
const BLOCK_LINES = 512;
/** The chance that a pod pauses before the next line of a stack trace or the next part of a split line. */
const PAUSE_SHARE = 0.1;

export interface WorkloadOptions {
  /** Per second; 0: as fast as possible. */
  rateBytes: number;
  /** 0: no limit. */
  podBytes: number;
}

interface Writer {
  log: ContainerLog;
  share: number;
  /** Sum of the shares up to and including this one. */
  upTo: number;
}

/** The containers that write all the time, together at one rate, each with its share of it. */
export class Workload {
  readonly #options: WorkloadOptions;
  readonly #random: Random;
  readonly #onWrite: (log: ContainerLog) => void;
  readonly #podBytes = new Map<string, number>();
  #writers: Writer[] = [];
  /** Paused inside lines that belong together; they go on first. */
  #paused: ContainerLog[] = [];
  #budgetBytes = 0;
  #lastMs: number;

  /** `onWrite` is called after each write to a log. */
  constructor(options: WorkloadOptions, random: Random, nowMs: number, onWrite: (log: ContainerLog) => void) {
    this.#options = options;
    this.#random = random;
    this.#onWrite = onWrite;
    this.#lastMs = nowMs;
  }

  /** Containers that still write. */
  get logs(): ContainerLog[] {
    return this.#writers.map(({ log }) => log);
  }

  get isEmpty(): boolean {
    return this.#writers.length === 0;
  }

  add(log: ContainerLog, share: number): void {
    const upTo = (this.#writers.at(-1)?.upTo ?? 0) + share;
    this.#writers.push({ log, share, upTo });
  }

  /** The containers of this pod write no more; each ends with a full line. */
  remove(uid: string): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const { log, share } of writers) {
      if (log.pod.uid === uid) log.finish();
      else this.add(log, share);
    }
  }

  /** A container says something when it starts, so its log has a line at once, however quiet it is later. */
  greet(log: ContainerLog): void {
    this.#count(log, log.write(1) + log.finish());
  }

  /** Writes what the rate allows since the last time, for at most SLICE_MS. */
  write(nowMs: number): void {
    this.#earn(nowMs);
    const paused = this.#paused;
    this.#paused = [];
    for (const log of paused) if (log.running) this.#count(log, log.finish());
    const { rateBytes } = this.#options;
    const inBlocks = rateBytes === 0 || rateBytes >= BLOCK_RATE_BYTES;
    while (this.#budgetBytes > 0 && !this.isEmpty && performance.now() - nowMs < SLICE_MS) {
      const log = this.#pick();
      if (inBlocks) this.#count(log, log.write(BLOCK_LINES + this.#random.below(2 * BLOCK_LINES)));
      else this.#writeTogether(log);
    }
  }

  #earn(nowMs: number): void {
    const { rateBytes } = this.#options;
    const earned = (rateBytes * (nowMs - this.#lastMs)) / 1000;
    this.#lastMs = nowMs;
    const most = (rateBytes * CATCH_UP_MS) / 1000;
    this.#budgetBytes = rateBytes === 0 ? Infinity : Math.min(most, this.#budgetBytes + earned);
  }

  /** Writes one line, and those that belong together with it, each with its own system call. */
  #writeTogether(log: ContainerLog): void {
    do {
      this.#count(log, log.write(1));
      if (log.isOpen && this.#random.fraction() < PAUSE_SHARE) {
        this.#paused.push(log);
        return;
      }
    } while (log.isOpen);
  }

  /** Draws a container, by shares. */
  #pick(): ContainerLog {
    const writers = this.#writers;
    const drawn = this.#random.fraction() * writers.at(-1)!.upTo;
    let low = 0;
    for (let high = writers.length - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (writers[middle]!.upTo > drawn) high = middle;
      else low = middle + 1;
    }
    return writers[low]!.log;
  }

  #count(log: ContainerLog, bytes: number): void {
    const { podBytes } = this.#options;
    const { uid } = log.pod;
    const total = (this.#podBytes.get(uid) ?? 0) + bytes;
    this.#podBytes.set(uid, total);
    this.#budgetBytes -= bytes;
    this.#onWrite(log);
    if (podBytes > 0 && total >= podBytes) this.remove(uid);
  }
}
