import { type RouteSpec, STAGE_DEFAULTS, type StageSpec } from '../../src/pipeline.js';
import { compileLoops } from '../../src/plan/loops.js';
import type { PipelineSpec } from '../../src/protocol.js';
import { runJob } from '../../workers/run-job.js';
import { WorkerState } from '../../workers/worker-state.js';
import { Random } from '../node/random.js';
import { type Case, countLines } from './case.js';
import { BATCH_BYTES, floorOf, jobsOf, openFile } from './file.js';

const FILE_BYTES = 8 << 20;
const MAX_LINE_BYTES = 262_144;

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

/** Lines as the runtime of containers writes them. */
function criLines(): Buffer {
  const parts: string[] = [];
  const random = new Random('pipeline');
  let length = 0;
  for (let i = 0; length < FILE_BYTES; i++) {
    const line = `${stamp(i)} stdout F ${json(i, random)}\n`;
    parts.push(line);
    length += line.length;
  }
  return Buffer.from(parts.join(''));
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
  const content = criLines();
  const lines = countLines(content);
  const file = openFile(content);
  const state = new WorkerState({ batchBytes: BATCH_BYTES, maxLineBytes: MAX_LINE_BYTES, loops: compileLoops() });
  const of = (name: string, revision: number, format: 'cri' | 'raw', stages: readonly Loose[] | null): Case => {
    const jobs = jobsOf(pipeline(revision, stages), format, file);
    const fn = async (): Promise<void> => {
      for (const job of jobs) await runJob(job, state);
    };
    return { name, unit: 'lines', count: lines, fn };
  };
  return [
    floorOf(file, 'lines', lines),
    of('built in, CRI', 1, 'cri', null),
    of('built in, raw: the whole line is sent', 1, 'raw', null),
    of('labels of the path: the whole line is sent', 2, 'cri', PATH_STAGES),
    of('cri, and labels of the path', 3, 'cri', [CRI, ...PATH_STAGES]),
    of('cri, and a stage that looks at each line', 4, 'cri', [CRI, LOOK]),
    of('cri, json with two fields, labels, timestamp and drop', 5, 'cri', WHOLE),
  ];
}
