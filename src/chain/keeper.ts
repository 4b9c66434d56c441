import type { Workers } from '../plan/workers.js';
import type { CountResult } from '../protocol.js';
import type { Descriptors } from './descriptors.js';
import type { Generation } from './generation.js';
import { goOnCompressed } from './identify.js';
import type { Spool } from './spool.js';

export interface KeeperOptions {
  spool: Spool;
  descriptors: Descriptors;
  workers: Pick<Workers, 'count' | 'identify' | 'size'>;
  /** How long a nameless file is looked at for late writes, in milliseconds. */
  graceMs: number;
  /** Unlinked files may hold this many bytes of the disk. */
  heldLimitBytes: number;
  /** The unread rest of a generation is given up; where `from` is the end of its copy, what is not in that. */
  onLost: (generation: Generation, reason: string, from: number, counted: CountResult | null) => void;
}

/**
 * Cares for generations that have lost their name while they are open: has what is not settled copied to the spool,
 * lets go of the file once it can be read elsewhere, and sees to it that deleted logs do not fill the node's disk.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #nameless = new Set<Generation>();
  /** Each tells whether a copy was made, or was found to be needless. */
  readonly #saving = new Set<Promise<boolean>>();
  /** No copy could be made of them; tried again with every tick. */
  readonly #refused = new Set<Generation>();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Takes notice of a chain's generations after its names have changed. */
  notice(generations: readonly Generation[]): void {
    for (const generation of generations) {
      if (isNameless(generation)) this.#nameless.add(generation);
    }
    this.#save();
  }

  /** To be called with every tick. */
  tend(nowMs: number): void {
    if (this.#nameless.size === 0) return;
    for (const generation of this.#nameless) {
      if (!isNameless(generation)) {
        this.#nameless.delete(generation);
        this.#refused.delete(generation);
      } else if (this.#mayLetGo(generation, nowMs)) this.#options.descriptors.close(generation);
    }
    // First: what is being copied just now is not given up.
    this.#limit();
    for (const generation of this.#refused) {
      // A copy that is tried with every tick would keep one that is asked what it is from being told.
      if (needsCopy(generation) && generation.readers === 0) this.#copy(generation);
    }
    this.#save();
  }

  /** Copies what would be gone with this process. Resolves when all copies are on disk. */
  async saveAll(): Promise<void> {
    let made = [true];
    // One whose size is not known takes all the room until it is copied; then it is the turn of the others.
    while (made.includes(true)) {
      for (const generation of this.#nameless) if (needsCopy(generation)) this.#copy(generation);
      made = await Promise.all(this.#saving);
    }
    await this.#options.spool.synced();
  }

  /** Gives up what has no copy: it ends with this process. Nothing is read any more. */
  async giveUpRest(): Promise<void> {
    for (const generation of this.#nameless) {
      if (isElsewhere(generation) || generation.unsettledBytes === 0) continue;
      generation.rewind();
      await this.#giveUp(generation);
    }
  }

  /**
   * Copies pass everything else that waits for a worker, so there are no more at a time than workers, and reading gets its
   * turns as well. What is read next comes last: by then it may need no copy.
   */
  #save(): void {
    const { workers } = this.#options;
    for (const generation of [...this.#nameless].reverse()) {
      if (this.#saving.size >= Math.max(1, workers.size)) return;
      if (needsCopy(generation) && !this.#refused.has(generation)) this.#copy(generation);
    }
  }

  #copy(generation: Generation): void {
    generation.spooling = true;
    const saved = this.#options.spool.save(generation).then((complete) => {
      generation.spooling = false;
      this.#saving.delete(saved);
      const made = complete || generation.spool !== null;
      if (made) this.#refused.delete(generation);
      else this.#refused.add(generation);
      this.#save();
      return made;
    });
    this.#saving.add(saved);
  }

  /** Whether its bytes are all in a copy, and no more will come. */
  #mayLetGo(generation: Generation, nowMs: number): boolean {
    if (generation.readers > 0 || !isCopied(generation)) return false;
    return nowMs - Math.max(generation.endedAtMs ?? nowMs, generation.grownAtMs) >= this.#options.graceMs;
  }

  /** Deleted files that are open still take their room on the disk. */
  #limit(): void {
    const { heldLimitBytes, descriptors } = this.#options;
    let heldBytes = 0;
    for (const generation of this.#nameless) heldBytes += generation.heldBytes;
    for (const generation of this.#nameless) {
      if (heldBytes <= heldLimitBytes) return;
      if (!isElsewhere(generation) || generation.readers > 0 || generation.fd === null) continue;
      heldBytes -= generation.heldBytes;
      descriptors.close(generation);
    }
    if (heldBytes > heldLimitBytes) this.#giveUpOne();
  }

  /** Of the container with the largest backlog, the oldest generation without a name. */
  #giveUpOne(): void {
    let victim: Generation | null = null;
    let mostBytes = -1;
    for (const { log } of this.#nameless) {
      if (log.unsettledBytes <= mostBytes) continue;
      const oldest = log.generations.find(
        (generation) =>
          !generation.done &&
          !generation.spooling &&
          !(needsCopy(generation) && !this.#refused.has(generation)) &&
          !isElsewhere(generation) &&
          generation.deleted,
      );
      if (oldest === undefined) continue;
      victim = oldest;
      mostBytes = log.unsettledBytes;
    }
    if (victim !== null) void this.#giveUp(victim);
  }

  async #giveUp(generation: Generation): Promise<void> {
    const { workers, descriptors } = this.#options;
    generation.spooling = true;
    try {
      const identified = goOnCompressed(generation, descriptors, (job) => workers.identify(job));
      if (!(await identified.catch(() => false))) await this.#lose(generation);
    } finally {
      generation.spooling = false;
    }
  }

  async #lose(generation: Generation): Promise<void> {
    const { workers, onLost } = this.#options;
    if (isElsewhere(generation)) return;
    const from = lostFrom(generation);
    const source = generation.source(from);
    generation.readers += 1;
    try {
      const counted = source === null ? null : await workers.count({ source, from }).catch(() => null);
      // Read meanwhile, some of what was counted is on its way to Loki: then it is counted anew, if that is still needed.
      if (lostFrom(generation) === from && !isElsewhere(generation)) onLost(generation, 'spool_full', from, counted);
    } finally {
      generation.readers -= 1;
    }
  }
}

/** Whether its unsettled bytes are nowhere but in the open file. */
function needsCopy(generation: Generation): boolean {
  if (!generation.onlyOpen || generation.spooling || generation.done) return false;
  return !Number.isFinite(generation.size) || generation.unsettledBytes > 0;
}

function isCopied({ spool, size }: Generation): boolean {
  return spool !== null && spool.end >= size;
}

/** Whether its bytes can be read without the open file. */
function isElsewhere(generation: Generation): boolean {
  return generation.gzip !== null || isCopied(generation);
}

/** From where on it is given up: what its copy holds can be read from there, unless reading is beyond it. */
function lostFrom({ spool, planned, read }: Generation): number {
  return spool !== null && planned <= spool.end ? spool.end : read.offset;
}

function isNameless(generation: Generation): boolean {
  const { done, gap, copyOf, fd, fileNamed } = generation;
  return !done && !gap && copyOf === null && fd !== null && !fileNamed;
}
