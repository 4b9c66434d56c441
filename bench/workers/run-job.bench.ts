import type { PipelineSpec } from '../../src/protocol.js';
import { runJob } from '../../workers/run-job.js';
import { WorkerState } from '../../workers/worker-state.js';
import { corpusBytes } from '../corpus.js';
import type { Case } from './case.js';
import { BATCH_BYTES, floorOf, jobsOf, openFile } from './file.js';

const FILE_BYTES = 8 << 20;
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

/** Everything a worker does for a file, against the floor: reading and compressing it. */
export function cases(): Case[] {
  const file = openFile(corpusBytes(FILE_BYTES, 1));
  const { bytes } = file;
  const jobs = jobsOf(SPEC, 'cri', file);
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
  return [floorOf(file, 'bytes', bytes), ...wholes];
}
