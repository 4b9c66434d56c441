import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CollectJob, PipelineSpec } from '../../src/protocol.js';
import { compress } from '../../workers/encode/compress.js';
import type { Case } from './case.js';

export const BATCH_BYTES = 1 << 20;
const PATH = '/var/log/pods/default_log-generator_0a1b2c3d/log-generator/0.log';

/** An open file, and how much it holds. */
export interface BenchFile {
  fd: number;
  bytes: number;
}

/** A file that is opened and then unlinked: it needs no tidying up. */
export function openFile(content: Uint8Array): BenchFile {
  const folder = mkdtempSync(join(tmpdir(), 'sleipnir-bench-'));
  const path = join(folder, '0.log');
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  rmSync(folder, { recursive: true });
  process.once('exit', () => closeSync(fd));
  return { fd, bytes: content.length };
}

/** The whole of a file, in batches. */
export function jobsOf(spec: PipelineSpec, format: 'cri' | 'raw', { fd, bytes }: BenchFile): CollectJob[] {
  const jobs: CollectJob[] = [];
  for (let from = 0; from < bytes; from += BATCH_BYTES) {
    const slice = {
      path: PATH,
      targetLabels: [],
      source: { kind: 'plain' as const, fd },
      from,
      to: Math.min(bytes, from + BATCH_BYTES),
      aligned: from === 0,
      final: true,
      format,
      before: null,
      head: null,
      carry: null,
      flush: false,
      readTimeMs: 0,
    };
    jobs.push({ spec, only: null, slices: [slice] });
  }
  return jobs;
}

/** What every worker has to do at least. `count` of `unit`: what the file holds. */
export function floorOf({ fd, bytes }: BenchFile, unit: Case['unit'], count: number): Case {
  const chunk = Buffer.alloc(BATCH_BYTES);
  return {
    name: 'the floor: read and compress 1 MiB at a time',
    unit,
    count,
    fn: () => {
      for (let at = 0; at < bytes; at += chunk.length)
        compress(chunk.subarray(0, readSync(fd, chunk, 0, chunk.length, at)));
    },
  };
}
