import type { CollectJob, CollectResult, MadePush, ShelfPlace, SliceResult } from '../src/protocol.js';
import { restingResult, runSlice } from './run-slice.js';
import type { WorkerState } from './worker-state.js';

/** Reads the slices of a job into finished pushes, which lie in `room` as far as they have room there. */
export async function runJob(job: CollectJob, state: WorkerState): Promise<CollectResult>;
export async function runJob(
  job: CollectJob,
  state: WorkerState,
  room: ShelfPlace | null,
): Promise<CollectResult<MadePush>>;
export async function runJob(
  { spec, slices, only }: CollectJob,
  state: WorkerState,
  room: ShelfPlace | null = null,
): Promise<CollectResult<MadePush>> {
  const tracks = await state.tracks(spec);
  const { route, streamMode, withoutMetadata } = spec;
  const maxLineBytes = Math.min(spec.maxLineBytes, route?.maxLineBytes ?? spec.maxLineBytes);
  state.output.begin(route === null ? streamMode : 'off', maxLineBytes, withoutMetadata, route?.maxStreams);
  // A job that has thrown may have left counts behind.
  tracks.settle(false);
  tracks.takeDelta();
  const results: SliceResult[] = [];
  let waitMs = 0;
  for (const slice of slices) {
    const track = tracks.of(slice);
    if (waitMs > 0) {
      results.push(restingResult(slice, track));
      continue;
    }
    const result = await runSlice(slice, track, state);
    tracks.settle(result.outcome === 'read');
    if (result.outcome === 'read') waitMs = track.waitMs;
    results.push(result);
  }
  return { pushes: state.output.finish(only, room), delta: tracks.takeDelta(), waitMs, slices: results };
}
