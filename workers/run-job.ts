import type { CollectJob, CollectResult, SliceResult } from '../src/protocol.js';
import { restingResult, runSlice } from './run-slice.js';
import type { WorkerState } from './worker-state.js';

/** Reads the slices of a job into finished pushes. */
export async function runJob({ spec, slices, tenant }: CollectJob, state: WorkerState): Promise<CollectResult> {
  const lanes = await state.lanes(spec);
  const { route, streamMode, withoutMetadata } = spec;
  const maxLineBytes = Math.min(spec.maxLineBytes, route?.maxLineBytes ?? spec.maxLineBytes);
  state.output.begin(route === null ? streamMode : 'off', maxLineBytes, withoutMetadata);
  // A job that has thrown may have left counts behind.
  lanes.settle(false);
  lanes.takeDelta();
  const results: SliceResult[] = [];
  let waitMs = 0;
  for (const slice of slices) {
    const lane = lanes.of(slice);
    if (waitMs > 0) {
      results.push(restingResult(slice, lane));
      continue;
    }
    const result = await runSlice(slice, lane, state);
    lanes.settle(result.outcome === 'read');
    if (result.outcome === 'read') waitMs = lane.waitMs;
    results.push(result);
  }
  return { pushes: state.output.finish(tenant), delta: lanes.takeDelta(), waitMs, slices: results };
}
