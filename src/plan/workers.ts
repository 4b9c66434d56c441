import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type {
  CheckStagesJob,
  CheckStagesResult,
  CollectJob,
  CollectResult,
  CountJob,
  CountResult,
  EchoJob,
  IdentifyJob,
  IdentifyResult,
  InspectJob,
  MadePush,
  ShelfPlace,
  SpoolHeadsJob,
  SpoolHeadsResult,
  SpoolJob,
  SpoolResult,
  TenantPush,
  WorkerSetup,
} from '../protocol.js';
import { Crew, type CrewOptions } from './crew.js';
import { Shelf } from './shelf.js';
import type { Budget } from './sizing.js';
import { inTurn, URGENT } from './task-queue.js';

/** The worker threads, as the main thread sees them. */
export interface Workers {
  /** How many threads there are now. */
  readonly size: number;
  collect(job: CollectJob): Promise<CollectResult>;
  identify(job: IdentifyJob): Promise<IdentifyResult>;
  spool(job: SpoolJob): Promise<SpoolResult>;
  spoolHeads(job: SpoolHeadsJob): Promise<SpoolHeadsResult>;
  count(job: CountJob): Promise<CountResult>;
  echo(job: EchoJob): Promise<void>;
  /** The bytes of a push are not needed any more. */
  release(push: TenantPush): void;
  close(): Promise<void>;
}

/** All that the worker threads do; the collector needs `Workers` alone. */
export interface WorkerPool extends Workers {
  checkStages(job: CheckStagesJob): Promise<CheckStagesResult>;
  /** Resolves when the input has ended. */
  inspect(job: InspectJob): Promise<void>;
}

/** Room for what is in the budget, for what workers may fill, and for gaps between; what is not needed is not touched. */
const SHELF_TIMES = 2;

/** When the first worker is started: at once, or with its first job. */
export type Begin = 'now' | 'first job';

/** A worker beyond the first that had nothing to do for so long ends: a quiet node gets its memory back. */
const IDLE_MS = 60_000;

/**
 * Starts the first worker thread, and others while there is lasting work for them. The pool hands each job to whichever
 * worker is free.
 *
 * @param file the compiled `workers/collect`
 * @param measured what tells how many workers are worth it
 */
export function startWorkers(
  file: string | URL,
  setup: WorkerSetup,
  budget: Budget,
  measured: Pick<CrewOptions, 'backlogBytes' | 'now'> = { backlogBytes: () => 0 },
  begin: Begin = 'now',
): WorkerPool {
  const shelf = new Shelf(SHELF_TIMES * budget.pushBudgetBytes);
  /** What the largest jobs of late have made. */
  let usualBytes = setup.batchBytes;
  const pool = new Piscina({
    filename: typeof file === 'string' ? file : fileURLToPath(file),
    // What a worker looks for when it starts: where it finds no function of that name, it loads the file a second time.
    name: 'collect',
    minThreads: begin === 'now' ? 1 : 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
    workerData: { ...setup, shelf: shelf.memory },
    resourceLimits: {
      maxOldGenerationSizeMb: budget.workerOldSpaceMiB,
      maxYoungGenerationSizeMb: budget.workerYoungMiB,
    },
    ...inTurn(),
    // Histograms of wait and run times cost memory for each job, and nobody reads them.
    recordTiming: false,
  });
  const onSize = (workers: number): void => {
    const { maxThreads } = pool.options;
    pool.options.maxThreads = workers;
    // The pool starts a thread when a job comes that has to wait, and jobs may be waiting for each other by now.
    if (workers > maxThreads) pool.run({ paths: [] }, { name: 'spoolHeads' }).catch(() => {});
  };
  const crew = new Crew({ ...measured, most: budget.workers, onSize });
  pool.on('workerDestroy', () => crew.lose());
  async function run<Result>(name: string, job: object, transferList: MessagePort[] = []): Promise<Result> {
    crew.enter();
    // From here on there is always one.
    pool.options.minThreads = 1;
    try {
      return await pool.run(job, { name, transferList });
    } finally {
      crew.leave();
    }
  }
  return {
    get size() {
      return pool.threads.length;
    },
    async collect(job) {
      const room = shelf.take(Math.min(setup.batchBytes, Math.ceil(usualBytes * 1.25)));
      try {
        const result: CollectResult<MadePush> = await run('collect', { ...job, room });
        crew.read(result.slices.reduce((sum, { first, next }) => sum + next - first, 0));
        const pushes = result.pushes.map((push) => {
          return { ...push, bytes: push.bytes instanceof Uint8Array ? push.bytes : shelf.view(push.bytes) };
        });
        if (room !== null) shelf.give(restOf(room, result.pushes));
        const madeBytes = pushes.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
        usualBytes = Math.max(madeBytes, usualBytes * 0.98);
        return { ...result, pushes };
      } catch (error) {
        if (room !== null) shelf.give(room);
        throw error;
      }
    },
    release({ bytes }) {
      if (bytes.buffer === shelf.memory) shelf.give({ at: bytes.byteOffset, bytes: bytes.byteLength });
    },
    identify: (job) => run('identify', job),
    // Its bytes would be gone with this process; what can be read later as well can wait.
    spool: (job) => run('spool', { ...job, ...URGENT }),
    spoolHeads: (job) => run('spoolHeads', job),
    count: (job) => run('count', job),
    echo: (job) => run('echo', job),
    checkStages: (job) => run('checkStages', job),
    inspect: (job) => run('inspect', job, [job.port]),
    close: () => {
      // What a worker answers while it is being ended is nobody's any more, and the pool calls that an error.
      pool.on('error', () => {});
      return pool.destroy();
    },
  };
}

/** What pushes have left of the room they were given. */
function restOf({ at, bytes }: ShelfPlace, pushes: readonly MadePush[]): ShelfPlace {
  const ends = pushes.map((push) => (push.bytes instanceof Uint8Array ? at : push.bytes.at + push.bytes.bytes));
  const used = Math.max(at, ...ends);
  return { at: used, bytes: at + bytes - used };
}
