import type { CollectJob, CollectResult, SliceResult } from '../src/protocol.js';
import { compress } from './encode/compress.js';
import { runSlice } from './run-slice.js';
import type { WorkerState } from './worker-state.js';

/** Reads the slices of a job into one finished push. */
export async function runJob(job: CollectJob, state: WorkerState): Promise<CollectResult> {
  const { spec } = job;
  state.push.beginPush(spec.streamMode, spec.maxLineBytes);
  const slices: SliceResult[] = [];
  for (const slice of job.slices) slices.push(await runSlice(slice, spec, state));
  const encoded = state.push.finish();
  return {
    push: encoded === null ? null : compress(encoded),
    encodedBytes: encoded?.length ?? 0,
    entries: slices.reduce((sum, slice) => sum + slice.entries, 0),
    slices,
  };
}
