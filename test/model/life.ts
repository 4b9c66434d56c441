import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Descriptors, type Holder, type Opening } from '../../src/chain/descriptors.js';
import { type Journal, openJournal } from '../../src/checkpoint/journal.js';
import { positionsOf } from '../../src/checkpoint/lane-positions.js';
import { Collector } from '../../src/collector.js';
import type { Config } from '../../src/config/config.js';
import { builtInLane } from '../../src/lane.js';
import type { Budget } from '../../src/plan/sizing.js';
import type { Workers } from '../../src/plan/workers.js';
import type { Endpoint } from '../../src/push/endpoint.js';
import { createSender } from '../../src/push/sender.js';
import type { Loss } from '../../src/telemetry/events.js';
import { readSpoolHeads } from '../../workers/read/spool-format.js';
import { writeSpool } from '../../workers/read/spool-writer.js';
import { runCount } from '../../workers/run-count.js';
import { runIdentify } from '../../workers/run-identify.js';
import { runJob } from '../../workers/run-job.js';
import type { WorkerState } from '../../workers/worker-state.js';
import { TestClock } from '../push/kit.js';
import { noEvents } from '../telemetry/no-events.js';
import { SyncFiles } from './sync-files.js';

export const BATCH_BYTES = 256;
/** Longer than any run, so that no entry is flushed before its end. */
export const CARRY_FLUSH_MS = 10 * 3_600_000;
const SHUTDOWN_MS = 20_000;

/** Work for a worker that has not begun. */
interface Task {
  run(): Promise<void>;
  /** Its worker dies. */
  fail(): void;
}

/** One life of a collector, from its start to its end, with all its threads and timers in the hands of the model. */
export class Life {
  readonly clock = new TestClock();
  readonly losses: Loss[] = [];
  /** Entries that it has read, and what became of them, as it tells. */
  readonly entries = { read: 0, stored: 0, refused: 0, missed: 0, recalled: 0 };
  /** Paths of files in the order in which it has opened them. */
  readonly openings: string[] = [];
  /** Inodes it has open. */
  readonly opened = new Set<string>();
  tasks: Task[] = [];
  /** Tasks that run. */
  busy = 0;
  /** Files of the journal at the moment the start was over: each life that stores anything begins one of its own. */
  journalsAtStart: string[] = [];
  readonly #files = new SyncFiles();
  readonly #descriptors: SpyDescriptors;
  #journal: Journal | null = null;
  #collector: Collector | null = null;
  readonly #worker: WorkerState;
  readonly #config: Config;

  constructor(config: Config, worker: WorkerState, maxOpen: number) {
    this.#descriptors = new SpyDescriptors(maxOpen, this.opened);
    this.#config = config;
    this.#worker = worker;
  }

  get collector(): Collector {
    return this.#collector as Collector;
  }

  async start(endpoint: Pick<Endpoint, 'send'>, now: () => number): Promise<void> {
    const journal = await openJournal(this.#config.stateDir, { onProblem: () => {}, files: this.#files });
    const sender = createSender({ endpoint, clock: this.clock, random: () => 0.5, maxInFlight: 4, window: 2 });
    this.#journal = journal;
    this.#collector = new Collector({
      lane: { ...builtInLane(this.#config), carryFlushMs: CARRY_FLUSH_MS },
      spool: { folder: join(this.#config.stateDir, 'spool'), limitBytes: this.#config.spoolBytes },
      budget: BUDGET,
      workers: this.#workers(),
      sender,
      positions: positionsOf(journal, ''),
      descriptors: this.#descriptors,
      events: {
        ...noEvents,
        fileOpened: (path) => this.openings.push(path),
        jobFinished: ({ entries }) => {
          this.entries.read += entries;
        },
        entriesStored: ({ entries }) => {
          this.entries.stored += entries;
        },
        entriesRefused: ({ entries }) => {
          this.entries.refused += entries;
        },
        entriesMissed: ({ entries }) => {
          this.entries.missed += entries;
        },
        entriesRecalled: ({ entries }) => {
          this.entries.recalled += entries;
        },
        bytesLost: (loss) => this.losses.push(loss),
        goneWhileDown: (losses) => this.losses.push(...losses),
      },
      now,
    });
    await this.#collector.start();
    this.journalsAtStart = readdirSync(this.#config.stateDir).filter((name) => /^journal\.\d+$/.test(name));
  }

  /**
   * Inodes of files that the stored positions would know again, or miss, with the bytes they are said to have: by a
   * fingerprint, or by a time in the name. One of which nothing was read while it was the current one may be any that was
   * rotated later.
   */
  get journaled(): Map<string, number> {
    const cursors = [...(this.#journal?.records.values() ?? [])].flatMap((record) => record.cursors);
    const told = cursors.filter(({ head, name }) => head !== null || name.includes('-'));
    return new Map(told.map(({ ino, size }) => [ino, size]));
  }

  stop(): Promise<void> {
    return this.collector.stop(SHUTDOWN_MS);
  }

  /** The process ends in an orderly way. */
  async close(): Promise<void> {
    await this.#journal?.close();
    this.kill();
  }

  /** The process is gone, and its descriptors with it. */
  kill(): void {
    this.tasks = [];
    this.#descriptors.closeAll();
    this.#files.closeAll();
  }

  /** Runs one of the waiting tasks; a worker has one at a time. */
  work(which: number): void {
    if (this.busy > 0) return;
    const [task] = this.tasks.splice(which % this.tasks.length, 1);
    if (task === undefined) return;
    this.busy += 1;
    void task.run().finally(() => {
      this.busy -= 1;
    });
  }

  #workers(): Workers {
    const { sources } = this.#worker;
    return {
      size: 1,
      collect: (job) => this.#later(() => runJob(job, this.#worker)),
      identify: (job) => this.#later(() => runIdentify(job, sources)),
      spool: (job) => this.#later(() => writeSpool(job, sources)),
      spoolHeads: (job) => this.#later(async () => readSpoolHeads(job)),
      count: (job) => this.#later(() => runCount(job, sources)),
      echo: async () => {},
      release: () => {},
      close: async () => {},
    };
  }

  #later<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.tasks.push({
        run: () => run().then(resolve, reject),
        fail: () => reject(new Error('the worker has died')),
      });
    });
  }
}

class SpyDescriptors extends Descriptors {
  readonly #opened: Set<string>;
  readonly #inodes = new Map<Holder, string>();

  constructor(max: number, opened: Set<string>) {
    super(max, () => {});
    this.#opened = opened;
  }

  override open(holder: Holder, path: string, dev: string, ino: string): Opening {
    const opening = super.open(holder, path, dev, ino);
    if (opening === 'open') {
      this.#opened.add(ino);
      this.#inodes.set(holder, ino);
    }
    return opening;
  }

  override close(holder: Holder): void {
    super.close(holder);
    // The inode may now become that of another file.
    this.#opened.delete(this.#inodes.get(holder) ?? '');
  }
}

const BUDGET: Budget = {
  workers: 2,
  pushBudgetBytes: 16 * BATCH_BYTES,
  workerOldSpaceMiB: 24,
  workerYoungMiB: 4,
  memoryBytes: 0,
  plannedBytes: 0,
  shortBytes: 0,
  because: { workers: '', memoryBytes: '', pushBudgetBytes: '' },
};
