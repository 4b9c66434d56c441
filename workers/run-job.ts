import type { CollectJob, CollectResult, PipelineSpec, SliceResult, StreamMode } from '../src/protocol.js';
import { compress } from './encode/compress.js';
import { runSlice } from './run-slice.js';
import type { WorkerState } from './worker-state.js';

/** Reads the slices of a job into one finished push. */
export async function runJob(job: CollectJob, state: WorkerState): Promise<CollectResult> {
  const { spec } = job;
  state.push.beginPush(streamModeOf(spec), spec.maxLineBytes);
  const slices: SliceResult[] = [];
  for (const slice of job.slices) slices.push(await runSlice(slice, spec, state));
  const encoded = state.push.finish();
  const entries = slices.reduce((sum, slice) => sum + slice.entries, 0);
  const pushes =
    encoded === null ? [] : [{ tenant: '', bytes: compress(encoded), encodedBytes: encoded.length, entries }];
  return { pushes, delta: null, waitMs: 0, slices };
}

function streamModeOf({ streamMode, withoutMetadata }: PipelineSpec): StreamMode {
  return streamMode === 'metadata' && withoutMetadata ? 'off' : streamMode;
}
