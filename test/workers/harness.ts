import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uncompressSync } from 'snappy';
import { parseLabels } from '../../bench/receiver/labels.js';
import { PushRequest } from '../../bench/receiver/push.js';
import type { CollectResult, PipelineSpec, Slice, SliceResult, StreamMode } from '../../src/protocol.js';
import { runJob } from '../../workers/run-job.js';
import { WorkerState } from '../../workers/worker-state.js';
import type { Entry, Stream } from './reference.js';

export const POD_PATH = '/var/log/pods/shop_web-1_0a1b/app/0.log';
export const READ_TIME_MS = 1_754_000_000_123;

export function spec(streamMode: StreamMode = 'metadata', maxLineBytes = 262_144): PipelineSpec {
  return {
    revision: ['metadata', 'label', 'off'].indexOf(streamMode),
    labelRegex: '/pods/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_[^/]+/(?P<container>[^/]+)/',
    staticLabels: [],
    streamMode,
    maxLineBytes,
    withoutMetadata: false,
    route: null,
    shared: null,
  };
}

/** A worker with small buffers, so that small files cross their edges. */
export function smallWorker(
  maxLineBytes = 64,
  readChunkBytes = 61,
  spareOutputBytes = 64 * 1024,
  loops: WebAssembly.Module | null = null,
): WorkerState {
  return new WorkerState(
    { batchBytes: 1024, maxLineBytes, loops },
    { readChunkBytes, headRoomBytes: 96, spareOutputBytes },
  );
}

/** One file on disk whose content is set anew for each case. */
export class TestFile {
  readonly folder = mkdtempSync(join(tmpdir(), 'sleipnir-workers-'));
  readonly path = join(this.folder, 'log');
  readonly fd = openSync(this.path, 'w+');

  set(content: Uint8Array | string): void {
    ftruncateSync(this.fd, 0);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    if (bytes.length > 0) writeSync(this.fd, bytes, 0, bytes.length, 0);
  }

  close(): void {
    closeSync(this.fd);
    rmSync(this.folder, { recursive: true });
  }
}

export function sliceOf(fd: number, from: number, to: number, rest: Partial<Slice> = {}): Slice {
  return {
    path: POD_PATH,
    targetLabels: [],
    source: { kind: 'plain', fd },
    from,
    to,
    aligned: true,
    final: false,
    format: 'cri',
    before: null,
    head: null,
    carry: null,
    flush: false,
    readTimeMs: READ_TIME_MS,
    ...rest,
  };
}

export interface DecodedStream {
  labels: [string, string][];
  entries: Entry[];
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

/** The only push of a job; null if there is none. */
export function pushOf({ pushes }: CollectResult): Uint8Array | null {
  assert.ok(pushes.length <= 1);
  return pushes[0]?.bytes ?? null;
}

/** The streams of a push, decoded by protobufjs. */
export function decode(push: Uint8Array | null): DecodedStream[] {
  if (push === null) return [];
  const bytes = uncompressSync(Buffer.from(push)) as Buffer;
  const message = PushRequest.decode(bytes) as unknown as RawPush;
  return (message.streams ?? []).map(({ labels, entries }) => ({
    labels: parseLabels(labels),
    entries: (entries ?? []).map(({ timestamp, line, structuredMetadata }) => ({
      stream: (structuredMetadata?.find(({ name }) => name === 'stream')?.value ?? '') as Stream,
      ns: BigInt(String(timestamp?.seconds ?? 0)) * 1_000_000_000n + BigInt(timestamp?.nanos ?? 0),
      content: Buffer.from(line ?? []).toString('latin1'),
    })),
  }));
}

export interface Ran {
  entries: Entry[];
  results: SliceResult[];
}

/** Runs slices as jobs of one slice each and collects what they pushed. `prepare` sees the result of the slice before. */
export async function runInTurn(
  worker: WorkerState,
  pipeline: PipelineSpec,
  count: number,
  prepare: (index: number, before: SliceResult | null) => Slice,
): Promise<Ran> {
  const ran: Ran = { entries: [], results: [] };
  for (let i = 0; i < count; i++) {
    const job = { spec: pipeline, only: null, slices: [prepare(i, ran.results.at(-1) ?? null)] };
    const result: CollectResult = await runJob(job, worker);
    result.slices.forEach(assertBalanced);
    ran.results.push(...result.slices);
    for (const stream of decode(pushOf(result))) ran.entries.push(...stream.entries);
  }
  return ran;
}

/** Every line that a slice has read is accounted for. */
export function assertBalanced({ lines, entries, heldLines, releasedEntries, dropped }: SliceResult): void {
  const droppedEntries = dropped.reduce((sum, [, count]) => sum + count, 0);
  assert.equal(lines + releasedEntries, heldLines + droppedEntries + entries);
}

export function sum(
  results: SliceResult[],
  field: 'lines' | 'entries' | 'malformedLines' | 'cutEntries' | 'cutBytes',
): number {
  return results.reduce((total, result) => total + result[field], 0);
}
