import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RouteSpec, STAGE_DEFAULTS, type StageSpec } from '../../src/pipeline.js';
import { compileLoops } from '../../src/plan/loops.js';
import type { CollectJob, PipelineSpec } from '../../src/protocol.js';
import { compress } from '../../workers/encode/compress.js';
import { runJob } from '../../workers/run-job.js';
import { WorkerState } from '../../workers/worker-state.js';
import { Random } from '../node/random.js';
import { type Case, countLines } from './case.js';

const FILE_BYTES = 8 << 20;
const BATCH_BYTES = 1 << 20;
const MAX_LINE_BYTES = 262_144;
const PATH = '/var/log/pods/default_log-generator_0a1b2c3d/log-generator/0.log';

type Loose = { stage: StageSpec['stage'] } & Record<string, unknown>;

function pipeline(revision: number, stages: readonly Loose[] | null): PipelineSpec {
  const specs = (stages ?? []).map((loose) => ({ ...STAGE_DEFAULTS[loose.stage], ...loose }) as StageSpec);
  const processes = [{ component: 'loki.process.bench', stages: specs, counts: true }];
  const route: RouteSpec = { revision, processes, externalLabels: [], maxLineBytes: MAX_LINE_BYTES };
  return {
    revision,
    labelRegex: '/pods/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_[^/]+/(?P<container>[^/]+)/',
    staticLabels: [],
    streamMode: 'off',
    maxLineBytes: MAX_LINE_BYTES,
    withoutMetadata: false,
    route: stages === null ? null : route,
    shared: null,
  };
}

const MESSAGES = ['request served', 'flushing chunk', 'connection closed by peer', 'cache miss, asking upstream'];

function stamp(i: number): string {
  const second = String(Math.floor(i / 1000) % 60).padStart(2, '0');
  return `2026-08-01T12:00:${second}.${String((i * 777_013) % 1e9).padStart(9, '0')}Z`;
}

/** What a service logs, as long as the JSON lines of the corpus, and with as much in it that no codec can shorten. */
function json(i: number, random: Random): string {
  const level = i % 50 === 0 ? 'debug' : i % 7 === 0 ? 'warn' : 'info';
  const trace = [0, 0, 0, 0].map(() => random.next().toString(16).padStart(8, '0')).join('');
  const took = random.below(5000);
  const head = `{"level":"${level}","ts":"${stamp(i)}","component":"ring","msg":"${MESSAGES[random.below(4)]}"`;
  return `${head},"trace_id":"${trace}","duration_ms":${took},"status":200}`;
}

/** A file that is opened and then unlinked: it needs no tidying up. */
function openFile(): { fd: number; bytes: number; lines: number } {
  const parts: string[] = [];
  const random = new Random('pipeline');
  let length = 0;
  for (let i = 0; length < FILE_BYTES; i++) {
    const line = `${stamp(i)} stdout F ${json(i, random)}\n`;
    parts.push(line);
    length += line.length;
  }
  const folder = mkdtempSync(join(tmpdir(), 'sleipnir-bench-'));
  const fd = openSync(join(folder, '0.log'), 'w+');
  rmSync(folder, { recursive: true });
  const content = Buffer.from(parts.join(''));
  for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
  process.once('exit', () => closeSync(fd));
  return { fd, bytes: content.length, lines: countLines(content) };
}

function jobsOf(spec: PipelineSpec, format: 'cri' | 'raw', fd: number, bytes: number): CollectJob[] {
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

const PATH_STAGES: Loose[] = [
  {
    stage: 'regex',
    expression: '^/var/log/pods/(?P<namespace>[^_]+)_(?P<pod_name>[^_]+)_[^/]+/(?P<container>[^/]+)/.*\\.log$',
    source: 'filename',
  },
  {
    stage: 'labels',
    values: [
      ['namespace', 'namespace'],
      ['pod', 'pod_name'],
      ['container', 'container'],
    ],
  },
];
const CRI: Loose = { stage: 'cri' };
const LOOK: Loose = { stage: 'drop', longerThanBytes: 1e9 };
const WHOLE: Loose[] = [
  CRI,
  {
    stage: 'json',
    expressions: [
      ['level', 'level'],
      ['ts', 'ts'],
    ],
  },
  { stage: 'labels', values: [['level', 'level']] },
  { stage: 'timestamp', source: 'ts', format: 'RFC3339Nano' },
  { stage: 'drop', source: ['level'], value: 'debug' },
];

/** Routes as a worker runs them, from the file to the compressed push, beside the built-in pipeline and the floor. */
export function cases(): Case[] {
  const cri = openFile();
  const chunk = Buffer.alloc(BATCH_BYTES);
  const floor: Case = {
    name: 'the floor: read and compress 1 MiB at a time',
    unit: 'lines',
    count: cri.lines,
    fn: () => {
      for (let at = 0; at < cri.bytes; at += chunk.length)
        compress(chunk.subarray(0, readSync(cri.fd, chunk, 0, chunk.length, at)));
    },
  };
  const state = new WorkerState({ batchBytes: BATCH_BYTES, maxLineBytes: MAX_LINE_BYTES, loops: compileLoops() });
  const of = (name: string, revision: number, format: 'cri' | 'raw', stages: readonly Loose[] | null): Case => {
    const jobs = jobsOf(pipeline(revision, stages), format, cri.fd, cri.bytes);
    const fn = async (): Promise<void> => {
      for (const job of jobs) await runJob(job, state);
    };
    return { name, unit: 'lines', count: cri.lines, fn };
  };
  return [
    floor,
    of('built in, CRI', 1, 'cri', null),
    of('built in, raw: the whole line is sent', 1, 'raw', null),
    of('labels of the path: the whole line is sent', 2, 'cri', PATH_STAGES),
    of('cri, and labels of the path', 3, 'cri', [CRI, ...PATH_STAGES]),
    of('cri, and a stage that looks at each line', 4, 'cri', [CRI, LOOK]),
    of('cri, json with two fields, labels, timestamp and drop', 5, 'cri', WHOLE),
  ];
}
