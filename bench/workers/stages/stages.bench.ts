import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RouteSpec, StageSpec } from '../../../src/pipeline.js';
import { STAGE_DEFAULTS } from '../../../src/pipeline.js';
import { Pipeline } from '../../../workers/pipeline/pipeline.js';
import { loadLibraries } from '../../../workers/stages/libraries.js';
import type { Case } from '../case.js';
import { mmdb } from './mmdb.js';

const LINES = 2000;
const PATH = '/var/log/pods/shop_web-1_0a1b/app/0.log';
const SINK = { put: () => true };

type Loose = { stage: StageSpec['stage'] } & Record<string, unknown>;

function specOf(loose: Loose): StageSpec {
  return { ...STAGE_DEFAULTS[loose.stage], ...loose } as StageSpec;
}

function linesOf(make: (i: number) => string, count = LINES): { bytes: Buffer; starts: number[] } {
  const starts: number[] = [];
  const parts: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const text = `${make(i)}\n`;
    starts.push(at);
    parts.push(text);
    at += Buffer.byteLength(text);
  }
  return { bytes: Buffer.from(parts.join('')), starts: [...starts, at] };
}

function time(i: number): string {
  return `2026-08-01T12:00:${String(Math.floor(i / 100) % 60).padStart(2, '0')}.${String(i * 1013).padStart(9, '0')}Z`;
}

const CRI = linesOf(
  (i) => `${time(i)} stdout F request ${i} served in ${i % 97} ms by worker ${i % 7}, all is well with it`,
);
const JSON_BODY = (i: number) =>
  `{"level":"${i % 50 === 0 ? 'debug' : 'info'}","ts":"${time(i)}","msg":"request served","path":"/api/v1/items/${i}","status":200,"took":"${i % 97}ms"}`;
const JSON_LINES = linesOf(JSON_BODY);
const CRI_JSON = linesOf((i) => `${time(i)} stdout F ${JSON_BODY(i)}`);
const DOCKER = linesOf((i) => `{"log":"request ${i} served\\n","stream":"stdout","time":"${time(i)}"}`);
const LOGFMT = linesOf(
  (i) => `level=info ts=${time(i)} msg="request served" path=/api/v1/items/${i} status=200 took=${i % 97}ms`,
);
const COLOURED = linesOf((i) => `\u001b[32mINFO\u001b[0m request ${i} served`);
const ARRAYS = linesOf((i) => `[{"a":${i}},{"a":"x"}]`);
/** Lines that a backtracking engine would never be done with. */
const HOSTILE = linesOf(() => `${'a'.repeat(100_000)}!`, 20);
const ADDRESSES = linesOf((i) => `${10 + (i % 2)}.0.${i % 97}.${i % 251} GET /api/v1/items/${i}`);
const NETWORKS = { 10: { country: { iso_code: 'DE', names: { en: 'Germany' } } } };
const FIRST: Loose = { stage: 'regex', expression: '^(?P<level>[^ ]+)' };

/** What a case is called, its lines, and its stages. */
export const CASES: [name: string, lines: typeof CRI, stages: Loose[]][] = [
  ['no stage', CRI, []],
  [
    'a path regex and labels, which are hoisted',
    CRI,
    [
      { stage: 'regex', expression: '^/var/log/pods/(?P<namespace>[^_]+)_', source: 'filename' },
      { stage: 'labels', values: [['namespace', 'namespace']] },
    ],
  ],
  ['cri', CRI, [{ stage: 'cri' }]],
  ['docker', DOCKER, [{ stage: 'docker' }]],
  [
    'json, two fields',
    JSON_LINES,
    [
      {
        stage: 'json',
        expressions: [
          ['level', 'level'],
          ['ts', 'ts'],
        ],
      },
    ],
  ],
  ['json, a JMESPath', JSON_LINES, [{ stage: 'json', expressions: [['level', "level || 'none'"]] }]],
  [
    'logfmt, two fields',
    LOGFMT,
    [
      {
        stage: 'logfmt',
        mapping: [
          ['level', 'level'],
          ['ts', 'ts'],
        ],
      },
    ],
  ],
  ['regex', LOGFMT, [{ stage: 'regex', expression: '^level=(?P<level>\\w+) ts=(?P<ts>\\S+)' }]],
  ['regex, unanchored', LOGFMT, [{ stage: 'regex', expression: 'status=(?P<status>\\d+)' }]],
  [
    'regex, on the engine that is safe',
    LOGFMT,
    [{ stage: 'regex', expression: '(?:(\\w+)=)+.*status=(?P<status>\\d+)' }],
  ],
  ['regex (a+)+$, lines of 100,000 a', HOSTILE, [{ stage: 'regex', expression: '(?P<all>(a+)+$)' }]],
  ['pattern', LOGFMT, [{ stage: 'pattern', pattern: 'level=<level> ts=<ts> <_>' }]],
  ['replace', LOGFMT, [{ stage: 'replace', expression: 'path=(\\S+)', replace: '-' }]],
  [
    'replace, with a template',
    LOGFMT,
    [{ stage: 'replace', expression: 'path=(\\S+)', replace: '{{ .Value | ToUpper }}' }],
  ],
  ['regex and labels', LOGFMT, [FIRST, { stage: 'labels', values: [['level', 'level']] }]],
  ['static_labels', CRI, [{ stage: 'static_labels', values: [['a', 'b']] }]],
  ['label_drop, behind cri', CRI, [{ stage: 'cri' }, { stage: 'label_drop', values: ['stream'] }]],
  ['label_keep, behind cri', CRI, [{ stage: 'cri' }, { stage: 'label_keep', values: ['filename'] }]],
  ['regex and structured_metadata', LOGFMT, [FIRST, { stage: 'structured_metadata', values: [['level', 'level']] }]],
  [
    'structured_metadata_drop, behind them',
    LOGFMT,
    [
      FIRST,
      { stage: 'structured_metadata', values: [['level', 'level']] },
      { stage: 'structured_metadata_drop', values: ['level'] },
    ],
  ],
  ['drop by an expression', LOGFMT, [{ stage: 'drop', expression: 'level=debug' }]],
  ['drop by the length', LOGFMT, [{ stage: 'drop', longerThanBytes: 1000 }]],
  ['match with a line filter', LOGFMT, [{ stage: 'match', selector: '{filename!=""} |= "debug"', action: 'drop' }]],
  [
    'metrics, a counter of lines',
    CRI,
    [
      {
        stage: 'metrics',
        metrics: [{ type: 'counter', name: 'c', source: 'c', action: 'inc', matchAll: true, value: '' }],
      },
    ],
  ],
  ['multiline, blocks of four', CRI, [{ stage: 'multiline', firstline: 'worker [04],' }]],
  [
    'regex and timestamp, RFC3339',
    LOGFMT,
    [
      { stage: 'regex', expression: '^level=\\w+ ts=(?P<ts>\\S+)' },
      { stage: 'timestamp', source: 'ts', format: 'RFC3339Nano' },
    ],
  ],
  ['regex and template', LOGFMT, [FIRST, { stage: 'template', source: 'level', template: '{{ .Value | ToUpper }}' }]],
  ['regex and output', LOGFMT, [FIRST, { stage: 'output', source: 'level' }]],
  ['tenant', CRI, [{ stage: 'tenant', value: 'acme' }]],
  ['limit', CRI, [{ stage: 'limit', rate: 1e9, burst: 1_000_000, drop: true }]],
  ['sampling', CRI, [{ stage: 'sampling', rate: 0.5 }]],
  ['pack', CRI, [{ stage: 'pack', labels: ['filename'] }]],
  ['truncate', CRI, [{ stage: 'truncate', rules: [{ limitBytes: 40, suffix: '', sourceType: 'line', sources: [] }] }]],
  ['decolorize', COLOURED, [{ stage: 'decolorize' }]],
  ['luhn', CRI, [{ stage: 'luhn' }]],
  ['split_json', ARRAYS, [{ stage: 'split_json' }]],
  [
    'regex and geoip, a country',
    ADDRESSES,
    [
      { stage: 'regex', expression: '^(?P<ip>\\S+)' },
      { stage: 'geoip', db: '', source: 'ip', dbType: 'country' },
    ],
  ],
  ['relabel, which is hoisted', CRI, [{ stage: 'relabel', rules: [] }]],
  [
    'cri, json with two fields, labels, timestamp and drop',
    CRI_JSON,
    [
      { stage: 'cri' },
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
    ],
  ],
];

/** The stages with a database that is there; it is read while they are compiled. */
function withDatabase<R>(stages: readonly Loose[], compile: (stages: Loose[]) => R): R {
  const folder = mkdtempSync(join(tmpdir(), 'sleipnir-bench-'));
  const db = join(folder, 'country.mmdb');
  try {
    writeFileSync(db, mmdb(NETWORKS, 'Test-Country'));
    return compile(stages.map((stage) => (stage.stage === 'geoip' ? { ...stage, db } : stage)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Each stage over its lines, one job at a time; what a stage needs before it is told in its name. */
export async function cases(): Promise<Case[]> {
  for (const [, , stages] of CASES) await loadLibraries(stages.map(specOf));
  return CASES.map(([name, { bytes, starts }, stages]) => {
    const pipeline = withDatabase(stages, (all) => {
      const processes = [{ component: 'loki.process.bench', stages: all.map(specOf), counts: true }];
      const route: RouteSpec = { revision: 1, processes, externalLabels: [], maxLineBytes: 262_144 };
      return new Pipeline(route);
    });
    const count = starts.length - 1;
    const fn = (): void => {
      pipeline.begin({ path: PATH, targetLabels: [], readTimeMs: 0, carry: null }, SINK);
      for (let i = 0; i < count; i++) pipeline.line(bytes, starts[i]!, starts[i + 1]! - 1, starts[i]!);
      pipeline.end(true);
      pipeline.takeDelta();
    };
    return { name, unit: 'lines', count, fn };
  });
}
