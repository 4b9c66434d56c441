import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { parse } from 'yaml';
import { lanesOf } from '../../../src/config/alloy/lanes.js';
import type { AlloyInput } from '../../../src/config/alloy/load.js';
import type { Lane } from '../../../src/lane.js';
import { WorkerState } from '../../../workers/worker-state.js';
import { TestFile } from '../../workers/harness.js';
import { type Pushed, readThrough } from '../../workers/routes.js';
import { leftOutIn, loadAlloy } from './helpers.js';

interface Expected {
  line: string;
  time?: string;
  labels?: Record<string, string>;
  metadata?: Record<string, string>;
  tenant?: string;
}

interface Case {
  name: string;
  config: string;
  /** Files that are imported. */
  files?: Record<string, string>;
  skipUnsupported?: boolean;
  leftOut?: string[];
  /** Lines by the path of their file. */
  logs: Record<string, string[]>;
  /** Entries by the URL of their endpoint: of each log in turn, by each way, streams in the order of their labels. */
  out: Record<string, (string | Expected)[]>;
}

const READ_TIME = '2026-08-01T12:00:00Z';
const ENV = { SET: 'from the environment' };
const SETTINGS = { batchBytes: 64 * 1024, maxLineBytes: 4096, stateDir: '/state' };

const cases: Case[] = parse(readFileSync('test/conformance/pipelines.yaml', 'utf8'));
const worker = new WorkerState(SETTINGS);
const file = new TestFile();
after(() => file.close());

function load({ config, files = {}, skipUnsupported = false, leftOut = [] }: Case): Lane[] {
  const input: AlloyInput = { texts: [{ name: '/etc/alloy/config.alloy', text: config }] };
  const access = {
    readFile: (path: string) => Buffer.from(files[path] ?? readFileSync(path)),
    listFolder: () => null,
  };
  const result = loadAlloy(input, { env: ENV, files: access, skipUnsupported });
  assert.ok('plan' in result, JSON.stringify(result));
  assert.deepEqual(leftOutIn(result.warnings).sort(), [...leftOut].sort());
  return lanesOf(result.plan, SETTINGS);
}

function nanoseconds(time: string): bigint {
  const [second, fraction = ''] = time.replace('Z', '').split('.');
  return BigInt(Date.parse(`${second}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** What arrives where, each file cut into slices after every so many bytes. */
async function run(one: Case, cutBytes: number): Promise<Map<string, Pushed[]>> {
  const arrived = new Map<string, Pushed[]>();
  for (const { files, spec, destination } of load(one)) {
    if (destination.kind !== 'endpoint') continue;
    const { href: url } = destination.endpoint.url;
    for (const [path, lines] of Object.entries(one.logs)) {
      const targetLabels = files.labelsOf(path);
      if (targetLabels === null) continue;
      const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      file.set(text);
      const cuts = Array.from({ length: Math.floor(text.length / cutBytes) }, (_, index) => (index + 1) * cutBytes);
      const rest = { path, targetLabels, format: 'auto', readTimeMs: Date.parse(READ_TIME) } as const;
      const { entries } = await readThrough(worker, [spec], file, text.length, cuts, rest);
      arrived.set(url, [...(arrived.get(url) ?? []), ...entries]);
    }
  }
  return arrived;
}

function compare(entries: readonly Pushed[], expected: readonly (string | Expected)[]): void {
  const wanted = expected.map((each) => (typeof each === 'string' ? { line: each } : each));
  assert.deepEqual(
    entries.map(({ line }) => line),
    wanted.map(({ line }) => line),
  );
  for (const [index, { line, time, ...rest }] of wanted.entries()) {
    const { ns, ...entry } = entries[index]!;
    if (time !== undefined) assert.equal(ns, nanoseconds(time), `time of ${line}`);
    for (const [key, value] of Object.entries(rest))
      assert.deepEqual(entry[key as 'labels'], value, `${key} of ${line}`);
  }
}

describe('whole pipelines, case by case', () => {
  for (const each of cases) {
    for (const [way, cutBytes] of [
      ['at once', SETTINGS.batchBytes],
      ['in slices', 40],
    ] as const) {
      it(`${each.name}, ${way}`, async () => {
        const arrived = await run(each, cutBytes);
        assert.deepEqual([...arrived.keys()].sort(), Object.keys(each.out).sort());
        for (const [url, expected] of Object.entries(each.out)) compare(arrived.get(url) ?? [], expected);
      });
    }
  }

  it('has cases enough, each with a name of its own', () => {
    assert.ok(cases.length >= 10);
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  });
});
