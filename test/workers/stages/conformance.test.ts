import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { type Field, mmdb } from '../../../bench/workers/stages/mmdb.js';
import type { PipelineOptions } from '../../../workers/pipeline/pipeline.js';
import { KINDS } from '../../../workers/stages/all.js';
import { type Fed, feed, type LooseStage, pipelineOf, type Result } from './harness.js';

const FOLDER = new URL('../../../../test/conformance/', import.meta.url);

type Line = string | { latin1: string };

interface Expected {
  line?: string;
  latin1?: string;
  time?: string;
  labels?: Record<string, string>;
  /** Extracted values; null stands for a null, and those in `absent` must not be there. */
  values?: Record<string, unknown>;
  absent?: string[];
  metadata?: Record<string, string>;
}

interface Case {
  name: string;
  /** Arguments of the stage the file is about. */
  args?: Record<string, unknown>;
  /** In the place of `args`, all stages. */
  stages?: LooseStage[];
  /** Stages before the one of `args`. */
  before?: LooseStage[];
  path?: string;
  labels?: Record<string, string>;
  readTime?: string;
  /** Off: what is held back at the end stays held. */
  flush?: boolean;
  /** Off: the outcome may depend on where slices end. */
  cuttable?: boolean;
  in: Line[];
  out?: (string | Expected)[];
  dropped?: Record<string, number>;
  counters?: Record<string, number>;
  series?: {
    name: string;
    labels?: Record<string, string>;
    set?: number;
    add?: number;
    count?: number;
    buckets?: number[];
  }[];
  /** How long the route is asked to rest, in milliseconds. */
  waitMs?: number;
  /** Milliseconds of the clock before each line. */
  tickMs?: number;
  /** A part of the message with which the stage is refused. */
  refused?: string;
}

interface Suite {
  stage: string;
  before?: LooseStage[];
  /** What MaxMind databases say of addresses by their first number; a stage names them in `db`. */
  databases?: Record<string, Record<number, Field>>;
  cases: Case[];
}

const folder = mkdtempSync(join(tmpdir(), 'sleipnir-conformance-'));
after(() => rmSync(folder, { recursive: true }));

/** The stage with the path of its database in the place of the name. */
function withDatabase(loose: LooseStage, { databases }: Suite): LooseStage {
  const [[name, args] = ['', null]] = Object.entries(loose);
  const networks = databases?.[String(args?.db)];
  if (networks === undefined) return loose;
  const db = join(folder, `${String(args?.db)}.mmdb`);
  writeFileSync(db, mmdb(networks, `Test-${String(args?.db)}`));
  return { [name]: { ...args, db } };
}

function nanoseconds(time: string): bigint {
  const [second, fraction = ''] = time.replace('Z', '').split('.');
  return BigInt(Date.parse(`${second}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function compare(result: Result, expected: string | Expected): void {
  const wanted = typeof expected === 'string' ? { line: expected } : expected;
  if (wanted.line !== undefined) assert.equal(result.line, wanted.line);
  if (wanted.latin1 !== undefined) assert.equal(result.bytes.toString('latin1'), wanted.latin1);
  if (wanted.time !== undefined) assert.equal(result.ns, nanoseconds(wanted.time), `time ${result.ns}`);
  if (wanted.labels !== undefined) {
    const { filename, ...labels } = result.labels;
    assert.deepEqual('filename' in wanted.labels ? { ...labels, filename } : labels, wanted.labels);
  }
  if (wanted.metadata !== undefined) assert.deepEqual(result.metadata, wanted.metadata);
  for (const [name, value] of Object.entries(wanted.values ?? {})) assert.deepEqual(result.values[name], value, name);
  for (const name of wanted.absent ?? [])
    assert.ok(!(name in result.values), `${name} is ${String(result.values[name])}`);
}

function compareCounts({ delta, waitMs }: Fed, one: Case): void {
  const counts = new Map<string, number>();
  for (const { name, labels, add } of delta.counters) {
    counts.set(`${name}${labels.map(([label, value]) => ` ${label}=${value}`).join('')}`, add);
  }
  for (const [reason, count] of Object.entries(one.dropped ?? {})) {
    assert.equal(counts.get(`loki_process_dropped_lines_total reason=${reason}`) ?? 0, count, `dropped for ${reason}`);
  }
  for (const [name, count] of Object.entries(one.counters ?? {})) assert.equal(counts.get(name) ?? 0, count, name);
  if (one.waitMs !== undefined) assert.equal(waitMs, one.waitMs);
  if (one.series === undefined) return;
  const series = delta.metrics.flatMap(({ spec, series: all }) => {
    return all.map(({ labels, ...rest }) => ({
      name: spec.prefix + spec.name,
      labels: Object.fromEntries(labels),
      ...rest,
    }));
  });
  assert.equal(series.length, one.series.length, JSON.stringify(series));
  for (const [i, { labels, ...wanted }] of one.series.entries()) {
    const { filename: _, ...others } = series[i]!.labels;
    if (labels !== undefined) assert.deepEqual(others, labels);
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(series[i]![key as 'add'], value, key);
  }
}

function bytesOf(line: Line): Buffer {
  return typeof line === 'string' ? Buffer.from(line) : Buffer.from(line.latin1, 'latin1');
}

/** Every way to run a case must come to the same. */
const WAYS: { name: string; options: PipelineOptions; cut: boolean; room?: number }[] = [
  { name: 'at once', options: { keepAll: true }, cut: false },
  { name: 'nothing hoisted', options: { keepAll: true, hoist: false }, cut: false },
  { name: 'a slice for each line', options: { keepAll: true }, cut: true },
  { name: 'a push for each entry', options: { keepAll: true }, cut: false, room: 1 },
];

function runCase(one: Case, stages: LooseStage[], { options, cut, room }: (typeof WAYS)[number]): void {
  let clock = 1_000_000_000_000_000_000n;
  const pipeline = pipelineOf(stages, { ...options, now: () => clock });
  const lines = one.in.map(bytesOf);
  const fed = feed(pipeline, {
    lines,
    cuts: cut ? lines.map((_, i) => i + 1) : [],
    ...(one.path === undefined ? {} : { path: one.path }),
    ...(one.labels === undefined ? {} : { labels: one.labels }),
    ...(one.readTime === undefined ? {} : { readTimeMs: Date.parse(one.readTime) }),
    ...(one.flush === undefined ? {} : { flush: one.flush }),
    ...(room === undefined ? {} : { room }),
    beforeLine: () => {
      clock += BigInt((one.tickMs ?? 0) * 1e6);
    },
  });
  if (one.out !== undefined) {
    assert.deepEqual(
      fed.results.map(({ line }) => line),
      one.out.map((expected, i) => (typeof expected === 'string' ? expected : (expected.line ?? fed.results[i]?.line))),
    );
    for (const [i, expected] of one.out.entries()) compare(fed.results[i]!, expected);
  }
  compareCounts(fed, one);
}

for (const file of readdirSync(FOLDER)
  .filter((name) => /^stage-.*\.yaml$/.test(name))
  .sort()) {
  const suite = parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Suite;
  describe(file, () => {
    test('has at least ten cases', () => assert.ok(suite.cases.length >= 10, `${suite.cases.length}`));
    for (const one of suite.cases) {
      const given = one.stages ?? [...(one.before ?? suite.before ?? []), { [suite.stage]: one.args ?? {} }];
      const stages = given.map((stage) => withDatabase(stage, suite));
      test(one.name, () => {
        if (one.refused !== undefined) {
          assert.throws(
            () => pipelineOf(stages),
            (error: Error) => error.message.includes(one.refused!),
          );
          return;
        }
        for (const way of WAYS) {
          if (one.cuttable === false && (way.cut || way.room !== undefined)) continue;
          try {
            runCase(one, stages, way);
          } catch (error) {
            throw new Error(`${way.name}: ${error instanceof Error ? error.message : String(error)}`);
          }
        }
      });
    }
  });
}

test('every stage has its cases', () => {
  const names = Object.keys(KINDS).map((name) => `stage-${name}.yaml`);
  const files = readdirSync(FOLDER).filter((name) => name.startsWith('stage-'));
  assert.deepEqual(files.sort(), names.sort());
});
