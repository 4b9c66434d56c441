import { setTimeout as delay } from 'node:timers/promises';
import { SleipnirError } from '../../src/errors.js';
import type { ContainerLog } from './container.js';
import type { Random } from './random.js';
import { rotateLog } from './rotate.js';

/** Rotations at the same time (`containerLogMaxWorkers`; the kubelet's default is 1, but it need not rotate every 50 ms). */
const WORKERS = 4;
const REOPEN_FAILED = 'BENCH_REOPEN_FAILED';

export interface RotatorOptions {
  keepFiles: number;
  /** Share of rotations, in [0, 1], in which the runtime fails to reopen and the rename is undone. */
  undoShare: number;
  /** The live log is copied and emptied in place. */
  copyTruncate: boolean;
  /** How long the runtime goes on writing to the renamed file. */
  reopenDelayMs: number;
}

/** Rotates container logs, a few at a time, while they are written. */
export class Rotator {
  /** Renames that were undone. */
  undone = 0;
  readonly #options: RotatorOptions;
  readonly #random: Random;
  readonly #onError: (error: unknown) => void;
  readonly #waiting: (() => void)[] = [];
  readonly #requests = new Set<Promise<void>>();
  #idleWorkers = WORKERS;

  constructor(options: RotatorOptions, random: Random, onError: (error: unknown) => void) {
    this.#options = options;
    this.#random = random;
    this.#onError = onError;
  }

  /** Rotates `log` when its turn comes, unless it has ended by then. Two requests for one log become one rotation. */
  request(log: ContainerLog): Promise<void> {
    if (log.rotating !== null) return log.rotating;
    const request = this.#run(log)
      .catch(this.#onError)
      .finally(() => {
        log.rotating = null;
        this.#requests.delete(request);
      });
    log.rotating = request;
    this.#requests.add(request);
    return request;
  }

  /** Waits until nothing is rotated any more. */
  async settle(): Promise<void> {
    await Promise.all(this.#requests);
  }

  async #run(log: ContainerLog): Promise<void> {
    if (this.#idleWorkers > 0) this.#idleWorkers--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (log.running) await this.#rotate(log);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#idleWorkers++;
    }
  }

  async #rotate(log: ContainerLog): Promise<void> {
    // Names have a resolution of one second and the kubelet never rotates twice in one. Here it may happen every 50 ms,
    // so the name runs ahead of the clock: always later than the one before, never the same.
    log.stampSeconds = Math.max(Math.floor(Date.now() / 1000), log.stampSeconds + 1);
    const { keepFiles, undoShare, reopenDelayMs, copyTruncate } = this.#options;
    const truncate = copyTruncate ? (copy: string) => log.truncate(copy) : undefined;
    const onChange = (change: 'gzipped' | 'deleted', path: string) =>
      change === 'gzipped' ? log.gzipped(path) : log.unlinked(path);
    const reopen = async (rotated: string) => {
      await delay(reopenDelayMs);
      // The runtime refuses to reopen the log of a container that has ended meanwhile.
      if (!log.running || this.#random.fraction() < undoShare) {
        throw new SleipnirError(REOPEN_FAILED, 'the runtime did not reopen the log', 'It is tried again.');
      }
      log.reopen(rotated);
    };
    try {
      await rotateLog({ path: log.path, keepFiles, stampSeconds: log.stampSeconds, reopen, truncate, onChange });
    } catch (error) {
      if (!(error instanceof SleipnirError && error.code === REOPEN_FAILED)) throw error;
      this.undone++;
    }
  }
}
