import { uncompressSync } from 'snappy';
import { parseLabels } from '../../bench/receiver/labels.js';
import { PushRequest } from '../../bench/receiver/push.js';
import type { RouteSpec } from '../../src/pipeline.js';
import type { CollectResult, PipelineSpec, Slice, SliceResult } from '../../src/protocol.js';
import { runJob } from '../../workers/run-job.js';
import type { WorkerState } from '../../workers/worker-state.js';
import { assertBalanced, sliceOf, spec, type TestFile } from './harness.js';
import { type LooseStage, routeOf } from './stages/harness.js';

/** An entry as it is pushed. */
export interface Pushed {
  tenant: string;
  labels: Record<string, string>;
  ns: bigint;
  line: string;
  metadata: Record<string, string>;
}

interface RawPush {
  streams?: {
    labels: string;
    entries?: {
      timestamp?: { seconds?: { toString(): string }; nanos?: number };
      line?: Uint8Array;
      structuredMetadata?: { name: string; value: string }[];
    }[];
  }[];
}

let revision = 1000;

/** A pipeline that is a route. */
export function routed(stages: readonly LooseStage[], rest: Partial<RouteSpec & PipelineSpec> = {}): PipelineSpec {
  const { maxLineBytes = 262_144, withoutMetadata = false, externalLabels = [], maxStreams = 0 } = rest;
  revision++;
  const route = { ...routeOf(stages), revision, externalLabels, maxLineBytes, maxStreams };
  return { ...spec('metadata', maxLineBytes), revision, withoutMetadata, route };
}

/** All entries of a job, each stream in its order, streams by their labels. */
export function pushed({ pushes }: CollectResult): Pushed[] {
  const byStream = new Map<string, Pushed[]>();
  for (const { tenant, bytes } of pushes) {
    const message = PushRequest.decode(uncompressSync(Buffer.from(bytes)) as Buffer) as unknown as RawPush;
    for (const { labels: block, entries = [] } of message.streams ?? []) {
      const key = JSON.stringify([tenant, block]);
      const stream = byStream.get(key) ?? [];
      byStream.set(key, stream);
      const labels = Object.fromEntries(parseLabels(block));
      for (const { timestamp, line, structuredMetadata = [] } of entries) {
        const ns = BigInt(String(timestamp?.seconds ?? 0)) * 1_000_000_000n + BigInt(timestamp?.nanos ?? 0);
        const metadata = Object.fromEntries(structuredMetadata.map(({ name, value }) => [name, value]));
        stream.push({ tenant, labels, ns, line: Buffer.from(line ?? []).toString('latin1'), metadata });
      }
    }
  }
  return [...byStream].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, stream]) => stream);
}

export function byStream(entries: readonly Pushed[]): Pushed[] {
  const keyOf = ({ tenant, labels }: Pushed): string => JSON.stringify([tenant, Object.entries(labels).sort()]);
  return [...entries].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
}

export interface Read {
  entries: Pushed[];
  results: SliceResult[];
  jobs: CollectResult[];
}

/**
 * Reads a file to its end in slices, each in a job of its own, each with the carry of the one before; then flushes.
 * `pipelines`: which pipeline a slice goes through; the last one takes all that follow.
 */
export async function readThrough(
  worker: WorkerState,
  pipelines: readonly PipelineSpec[],
  file: TestFile,
  bytes: number,
  cuts: readonly number[],
  rest: Partial<Slice> = {},
): Promise<Read> {
  const read: Read = { entries: [], results: [], jobs: [] };
  const ends = [...cuts.map((cut) => Math.min(cut, bytes)).sort((a, b) => a - b), bytes];
  let carry: Uint8Array | null = null;
  let from = 0;
  let step = 0;
  for (let end = 0; end <= ends.length; ) {
    const flush = end === ends.length;
    const to = flush ? from : Math.max(from, ends[end]!);
    const slice = sliceOf(file.fd, from, to, { final: end >= ends.length - 1, carry, flush, ...rest });
    const pipeline = pipelines[Math.min(step++, pipelines.length - 1)]!;
    const job = await runJob({ spec: pipeline, slices: [slice], only: null }, worker);
    const [result] = job.slices as [SliceResult];
    assertBalanced(result);
    read.jobs.push(job);
    read.results.push(result);
    read.entries.push(...pushed(job));
    from = result.next;
    carry = result.carry;
    if (!result.full) end++;
    if (step > 10_000) throw new Error('no end');
  }
  read.entries = byStream(read.entries);
  return read;
}
