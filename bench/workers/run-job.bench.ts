import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CollectJob, PipelineSpec } from '../../src/protocol.js';
import { compress } from '../../workers/encode/compress.js';
import { runJob } from '../../workers/run-job.js';
import { WorkerState } from '../../workers/worker-state.js';
import { corpusBytes } from '../corpus.js';
import type { Case } from './case.js';

const FILE_BYTES = 8 << 20;
const BATCH_BYTES = 1 << 20;
const MAX_LINE_BYTES = 262_144;
const CHUNKS = [64, 128, 256, 512, 1024];
const SPEC: PipelineSpec = {
  revision: 1,
  labelRegex: '/pods/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_[^/]+/(?P<container>[^/]+)/',
  staticLabels: [],
  streamMode: 'metadata',
  maxLineBytes: MAX_LINE_BYTES,
  withoutMetadata: false,
  route: null,
  shared: null,
};

/** A file that is opened and then unlinked: it needs no tidying up. */
function openCorpus(): { fd: number; bytes: number } {
  const folder = mkdtempSync(join(tmpdir(), 'sleipnir-bench-'));
  const path = join(folder, '0.log');
  const corpus = corpusBytes(FILE_BYTES, 1);
  writeFileSync(path, corpus);
  const fd = openSync(path, 'r');
  rmSync(folder, { recursive: true });
  process.once('exit', () => closeSync(fd));
  return { fd, bytes: corpus.length };
}

function jobsOf(fd: number, bytes: number): CollectJob[] {
  const jobs: CollectJob[] = [];
  for (let from = 0; from < bytes; from += BATCH_BYTES) {
    jobs.push({
      spec: SPEC,
      only: null,
      slices: [
        {
          path: '/var/log/pods/default_log-generator_0a1b2c3d/log-generator/0.log',
          targetLabels: [],
          source: { kind: 'plain', fd },
          from,
          to: Math.min(bytes, from + BATCH_BYTES),
          aligned: from === 0,
          final: true,
          format: 'cri',
          before: null,
          head: null,
          carry: null,
          flush: false,
          readTimeMs: 0,
        },
      ],
    });
  }
  return jobs;
}

/** Everything a worker does for a file, against the floor: reading and compressing it. */
export function cases(): Case[] {
  const { fd, bytes } = openCorpus();
  const jobs = jobsOf(fd, bytes);
  const chunk = Buffer.alloc(BATCH_BYTES);
  const floor: Case = {
    name: 'the floor: read and compress 1 MiB at a time',
    unit: 'bytes',
    count: bytes,
    fn: () => {
      for (let at = 0; at < bytes; at += chunk.length)
        compress(chunk.subarray(0, readSync(fd, chunk, 0, chunk.length, at)));
    },
  };
  const wholes = CHUNKS.map((kib): Case => {
    const limits = { readChunkBytes: kib * 1024, headRoomBytes: 128 * 1024, spareOutputBytes: 64 * 1024 };
    const state = new WorkerState({ batchBytes: BATCH_BYTES, maxLineBytes: MAX_LINE_BYTES }, limits);
    return {
      name: `read, parse, encode and compress, ${kib} KiB at a time`,
      unit: 'bytes',
      count: bytes,
      fn: async () => {
        for (const job of jobs) await runJob(job, state);
      },
    };
  });
  return [floor, ...wholes];
}
