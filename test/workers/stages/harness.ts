import assert from 'node:assert/strict';
import type { PipelineDelta, RouteSpec, StageSpec } from '../../../src/pipeline.js';
import {
  METRIC_DEFAULTS,
  RELABEL_RULE_DEFAULTS,
  STAGE_DEFAULTS,
  TRUNCATE_RULE_DEFAULTS,
} from '../../../src/pipeline.js';
import type { Entry } from '../../../workers/pipeline/entry.js';
import { Pipeline, type PipelineOptions } from '../../../workers/pipeline/pipeline.js';
import { loadReader } from '../../../workers/stages/geoip.js';
import { loadQueries } from '../../../workers/stages/query.js';

// Tests compile stages without asking for what they need.
await Promise.all([loadReader(), loadQueries([['any', 'a[0]']])]);

export const PATH = '/var/log/pods/shop_web-1_0a1b/app/0.log';
export const READ_TIME_MS = Date.parse('2026-08-01T12:00:00Z');

/** A finished entry, as tests look at it. */
export interface Result {
  line: string;
  /** Nanoseconds since the epoch. */
  ns: bigint;
  labels: Record<string, string>;
  values: Record<string, unknown>;
  metadata: Record<string, string>;
  bytes: Buffer;
}

/** A stage as the conformance files have it: its name, and arguments that may leave out what has a default. */
export type LooseStage = Record<string, Record<string, unknown> | null>;

const MAPS = new Set(['expressions', 'mapping', 'customLookups']);

function pairs(map: Record<string, string | null>): [string, string][] {
  return Object.entries(map).map(([name, source]) => [name, source === null || source === '' ? name : source]);
}

function looseArguments(name: string, given: Record<string, unknown>): Record<string, unknown> {
  const args: Record<string, unknown> = { ...given };
  for (const [key, value] of Object.entries(args)) {
    if (MAPS.has(key) || (key === 'values' && !Array.isArray(value)))
      args[key] = pairs(value as Record<string, string>);
  }
  if (name === 'static_labels') args.values = Object.entries(given.values as object).filter(([, value]) => value);
  if (name === 'match') args.stages = ((given.stages ?? []) as LooseStage[]).map(specOf);
  if (name === 'drop' && typeof given.source === 'string') args.source = given.source.split(',');
  if (name === 'metrics')
    args.metrics = (given.metrics as { name: string }[]).map((metric) => {
      return { ...METRIC_DEFAULTS, source: metric.name, ...metric };
    });
  if (name === 'truncate') {
    args.rules = (given.rules as object[]).map((rule) => ({ ...TRUNCATE_RULE_DEFAULTS, ...rule }));
  }
  if (name === 'relabel') args.rules = (given.rules as object[]).map((rule) => ({ ...RELABEL_RULE_DEFAULTS, ...rule }));
  return args;
}

export function specOf(loose: LooseStage): StageSpec {
  const [name, given] = Object.entries(loose)[0]!;
  const defaults = STAGE_DEFAULTS[name as StageSpec['stage']];
  return { stage: name, ...defaults, ...looseArguments(name, given ?? {}) } as StageSpec;
}

export function routeOf(stages: readonly LooseStage[]): RouteSpec {
  const processes = [{ component: 'loki.process.test', stages: stages.map(specOf), counts: true }];
  return { revision: 1, processes, externalLabels: [], maxLineBytes: 262_144 };
}

function resultOf(entry: Entry): Result {
  return {
    line: entry.line,
    ns: BigInt(entry.seconds) * 1_000_000_000n + BigInt(entry.nanos),
    labels: Object.fromEntries([...entry.labels.labels].sort(([a], [b]) => (a < b ? -1 : 1))),
    values: Object.fromEntries(entry.extracted.all()),
    metadata: Object.fromEntries(entry.metadata),
    bytes: Buffer.from(entry.bytes.subarray(entry.from, entry.to)),
  };
}

export interface Feed {
  lines: readonly Buffer[];
  path?: string;
  labels?: Record<string, string>;
  readTimeMs?: number;
  /** After which lines a slice ends: numbers of lines, rising. */
  cuts?: readonly number[];
  flush?: boolean;
  /** How many entries a push has room for. */
  room?: number;
  /** Called before each line. */
  beforeLine?: () => void;
}

export interface Fed {
  results: Result[];
  delta: PipelineDelta;
  carry: Uint8Array | null;
  waitMs: number;
}

/** Takes lines through a pipeline, in slices that end after `cuts`, each with the carry of the one before. */
export function feed(pipeline: Pipeline, given: Feed): Fed {
  const { lines, path = PATH, labels = {}, readTimeMs = READ_TIME_MS, cuts = [], flush = true } = given;
  const { room = Number.POSITIVE_INFINITY } = given;
  const bytes = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
  const results: Result[] = [];
  const targetLabels = Object.entries(labels);
  let carry: Uint8Array | null = null;
  let offset = 0;
  let waitMs = 0;
  let line = 0;
  let balance = 0;
  for (;;) {
    let left = room;
    const sink = { put: (entry: Entry) => left-- > 0 && results.push(resultOf(entry)) > 0 };
    pipeline.begin({ path, targetLabels, readTimeMs, carry }, sink);
    while (line < lines.length && !pipeline.full) {
      given.beforeLine?.();
      const end = offset + lines[line]!.length;
      pipeline.line(bytes, offset, end, offset);
      waitMs += pipeline.waitMs;
      offset = end + 1;
      line++;
      if (cuts.includes(line)) break;
    }
    const last = line === lines.length;
    carry = pipeline.end(last && flush && !pipeline.waiting);
    balance += pipeline.released - pipeline.held;
    if (last && !pipeline.waiting) break;
  }
  for (const [, dropped] of pipeline.dropped) balance -= dropped;
  assert.equal(balance + lines.length, results.length, 'a line is not accounted for');
  return { results, delta: pipeline.takeDelta(), carry, waitMs };
}

export function pipelineOf(stages: readonly LooseStage[], options: PipelineOptions = {}): Pipeline {
  return new Pipeline(routeOf(stages), options);
}
