import type { Positions } from '../checkpoint/lane-positions.js';
import type { Chains } from './chains.js';
import type { Generation } from './generation.js';
import type { Spool } from './spool.js';

export interface RecorderOptions {
  chains: Pick<Chains, 'awake'>;
  positions: Positions;
  spool: Pick<Spool, 'release'>;
  /** Everything that had moved is on disk. */
  onStored: (stored: { ms: number }) => void;
  /** A write is over, and the pause after it: what has moved meanwhile may be stored. */
  onReady: () => void;
}

/** Between two writes of the journal, so that a busy node does not spend its time in fsync. */
const JOURNAL_PAUSE_MS = 100;

/** Writes the positions that have moved, and deletes copies when it is stored that they are not needed any more. */
export class Recorder {
  readonly #options: RecorderOptions;
  #busy = false;
  /** Done, with a copy in the spool that is no longer needed. */
  readonly #copied: Generation[] = [];

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** These are done: their copies go with the next positions that are stored. */
  take(generations: readonly Generation[]): void {
    this.#copied.push(...generations.filter(({ spool, spooling }) => spool !== null && !spooling));
  }

  /** While nothing is stored, as when Loki is down, the journal is to know how much there is. */
  noteGrowth(): void {
    for (const log of this.#options.chains.awake) log.moved ||= log.grown;
  }

  /** Writes what has moved, unless a write is under way, or has been just now. */
  store(): void {
    if (this.#busy) return;
    const { positions, onStored, onReady } = this.#options;
    this.#putMoved();
    if (positions.unsynced === 0) return;
    this.#busy = true;
    const startedMs = performance.now();
    const copied = this.#copied.splice(0);
    void positions.sync().then(() => {
      if (positions.unsynced === 0) onStored({ ms: performance.now() - startedMs });
      this.#drop(copied);
      setTimeout(() => {
        this.#busy = false;
        onReady();
      }, JOURNAL_PAUSE_MS).unref();
    });
  }

  /** Writes everything, and waits for it: before anything is read, or when nothing is read any more. */
  async storeAll(): Promise<void> {
    this.noteGrowth();
    this.#putMoved();
    await this.#options.positions.sync();
    this.#drop(this.#copied.splice(0));
  }

  #putMoved(): void {
    const { chains, positions } = this.#options;
    for (const log of chains.awake) {
      if (!log.moved) continue;
      log.moved = false;
      positions.put(log.record());
    }
  }

  /** Before it is stored that they are done, a crash would make them look lost. */
  #drop(generations: readonly Generation[]): void {
    const { positions, spool } = this.#options;
    if (positions.unsynced > 0) this.#copied.push(...generations);
    else for (const generation of generations) spool.release(generation);
  }
}
