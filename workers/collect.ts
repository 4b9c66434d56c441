import { workerData } from 'node:worker_threads';
import type {
  CheckStagesJob,
  CheckStagesResult,
  CountJob,
  CountResult,
  EchoJob,
  IdentifyJob,
  IdentifyResult,
  InspectJob,
  PlacedJob,
  SpoolHeadsJob,
  SpoolHeadsResult,
  SpoolJob,
  SpoolResult,
  WorkerSetup,
} from '../src/protocol.js';
import { readSpoolHeads } from './read/spool-format.js';
import { writeSpool } from './read/spool-writer.js';
import { runCount } from './run-count.js';
import { runIdentify } from './run-identify.js';
import { runJob } from './run-job.js';
import { transferring } from './transfer.js';
import { WorkerState } from './worker-state.js';

/*
 * The piscina task file. One exported function for each kind of job; `workerData` is a WorkerSetup.
 */

const setup: WorkerSetup = workerData;
const state = new WorkerState(setup);

/** Resolves, on the other side, to a CollectResult. */
export async function collect(job: PlacedJob): Promise<object> {
  return transferring(await runJob(job, state, job.room));
}

export function identify(job: IdentifyJob): Promise<IdentifyResult> {
  return runIdentify(job, state.sources);
}

export function spool(job: SpoolJob): Promise<SpoolResult> {
  return writeSpool(job, state.sources);
}

export function spoolHeads(job: SpoolHeadsJob): SpoolHeadsResult {
  return readSpoolHeads(job);
}

export function count(job: CountJob): Promise<CountResult> {
  return runCount(job, state.sources);
}

/** The stages are loaded only now: whoever has no configuration file does not pay for them. */
export async function checkStages(job: CheckStagesJob): Promise<CheckStagesResult> {
  const check = await import('./stages/check.js');
  return check.checkStages(job);
}

export async function inspect(job: InspectJob): Promise<void> {
  const inspection = await import('./inspect.js');
  return inspection.inspect(job);
}

/** Loaded only now: hardly anybody echoes. */
export async function echo(job: EchoJob): Promise<void> {
  const echoing = await import('./echo.js');
  return echoing.echo(job);
}
