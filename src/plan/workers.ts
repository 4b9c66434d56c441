import { fileURLToPath } from 'node:url';
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
  SpoolHeadsJob,
  SpoolHeadsResult,
  SpoolJob,
  SpoolResult,
  WorkerSetup,
} from '../protocol.js';
import type { Budget } from './sizing.js';

/** The worker threads, as the main thread sees them. */
export interface Workers {
  collect(job: CollectJob): Promise<CollectResult>;
  identify(job: IdentifyJob): Promise<IdentifyResult>;
  spool(job: SpoolJob): Promise<SpoolResult>;
  spoolHeads(job: SpoolHeadsJob): Promise<SpoolHeadsResult>;
  count(job: CountJob): Promise<CountResult>;
  echo(job: EchoJob): Promise<void>;
  close(): Promise<void>;
}

/** All that the worker threads do; the collector needs `Workers` alone. */
export interface WorkerPool extends Workers {
  checkStages(job: CheckStagesJob): Promise<CheckStagesResult>;
  /** Resolves when the input has ended. */
  inspect(job: InspectJob): Promise<void>;
}

/**
 * Starts the worker threads. The pool hands each job to whichever worker is free.
 *
 * @param file the compiled `workers/collect`
 */
export function startWorkers(file: string | URL, setup: WorkerSetup, budget: Budget): WorkerPool {
  const pool = new Piscina({
    filename: typeof file === 'string' ? file : fileURLToPath(file),
    // What a worker looks for when it starts: where it finds no function of that name, it loads the file a second time.
    name: 'collect',
    minThreads: budget.workers,
    maxThreads: budget.workers,
    workerData: setup,
    resourceLimits: {
      maxOldGenerationSizeMb: budget.workerOldSpaceMiB,
      maxYoungGenerationSizeMb: budget.workerYoungMiB,
    },
    // Histograms of wait and run times cost memory for each job, and nobody reads them.
    recordTiming: false,
  });
  return {
    collect: (job) => pool.run(job, { name: 'collect' }),
    identify: (job) => pool.run(job, { name: 'identify' }),
    spool: (job) => pool.run(job, { name: 'spool' }),
    spoolHeads: (job) => pool.run(job, { name: 'spoolHeads' }),
    count: (job) => pool.run(job, { name: 'count' }),
    echo: (job) => pool.run(job, { name: 'echo' }),
    checkStages: (job) => pool.run(job, { name: 'checkStages' }),
    inspect: (job) => pool.run(job, { name: 'inspect', transferList: [job.port] }),
    close: () => pool.destroy(),
  };
}
