import { availableParallelism, totalmem } from 'node:os';
import type { AlloyResult } from '../config/alloy/load.js';
import type { Config } from '../config/config.js';
import type { LoadResult } from '../config/load.js';
import { readLimits } from '../plan/limits.js';
import { type Budget, deriveBudget } from '../plan/sizing.js';
import type { WorkerPool } from '../plan/workers.js';

/** Settings that are good. */
export type Loaded = Extract<LoadResult, { config: unknown }>;

/** Starts the worker when it is first called. */
export type LentWorker = () => WorkerPool;

export function budgetOf(config: Config): Budget {
  return deriveBudget(config, readLimits(), { cores: availableParallelism(), memoryBytes: totalmem() });
}

/** Checks a file or folder. Its language is loaded only now: whoever has no file does not pay for it. */
export async function checkConfiguration(
  path: string,
  skipUnsupported: boolean,
  worker: LentWorker,
): Promise<AlloyResult> {
  const { checkFile } = await import('../config/alloy/check-file.js');
  return checkFile(path, { env: process.env, skipUnsupported, askWorker: (job) => worker().checkStages(job) });
}

/** Lends a worker thread, which is started when it is first asked for and ended afterwards. */
export async function withWorker<T>(
  { batchBytes, maxLineBytes }: Config,
  budget: Budget,
  use: (worker: LentWorker) => Promise<T>,
): Promise<T> {
  const { startWorkers } = await import('../plan/workers.js');
  const { WORKER_FILE } = await import('../plan/worker-file.js');
  const started: WorkerPool[] = [];
  try {
    return await use(() => {
      if (started[0] !== undefined) return started[0];
      const pool = startWorkers(WORKER_FILE, { batchBytes, maxLineBytes }, { ...budget, workers: 1 });
      started.push(pool);
      return pool;
    });
  } finally {
    for (const pool of started) await pool.close();
  }
}
