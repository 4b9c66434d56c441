import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandContender } from '../../../bench/compare/command.js';
import { type Contender, ours } from '../../../bench/load/contender.js';
import type { Place } from '../../../bench/load/place.js';
import { runLoad } from '../../../bench/load/run.js';
import { scenarios } from '../../../bench/load/scenarios.js';
import { NOTHING, type Workload } from '../../../bench/load/workload.js';

const STAND_IN = fileURLToPath(new URL('../compare/stand-in.js', import.meta.url));
const CORPUS: Workload = { ...NOTHING, corpus: { pods: 3, bytes: 1 << 20, lineBytes: 0, style: 'mixed', seed: 5 } };
const LIVE: Workload['live'] = {
  pods: 2,
  rateBytes: 200_000,
  lineBytes: 0,
  even: true,
  rotateBytes: 0,
  restartsPerSecond: 0,
  seed: 3,
  seconds: 1,
};

function standIn(...flags: string[]): { contender: Contender; places: Place[] } {
  const places: Place[] = [];
  const contender = commandContender(
    'stand-in',
    `${process.execPath} ${STAND_IN} {paths} {push_url} ${flags.join(' ')}`,
  );
  const command = (place: Place) => {
    places.push(place);
    return contender.command(place);
  };
  return { contender: { ...contender, command }, places };
}

test('a corpus is stored to the last line, and everything about it is counted', async () => {
  const { contender, places } = standIn();
  const result = await runLoad(contender, { ...CORPUS, floorRuns: 2 });
  assert.ok(result.complete);
  assert.equal(result.lost, 0);
  assert.equal(result.repeated, 0);
  assert.ok(result.bytes <= 1 << 20 && result.bytes > 900_000);
  assert.ok(result.entries > 1000 && result.lines >= result.entries);
  assert.equal(result.answers['204'], result.pushes);
  assert.ok(result.cpuSeconds > 0 && result.peakRssBytes > 10 * 2 ** 20);
  assert.equal(result.floors.length, 2);
  assert.ok(result.floors.every(({ bytes }) => bytes === result.bytes));
  assert.ok(result.floorRatio !== null && result.floorRatio > 0);
  assert.deepEqual([result.latencyMs, result.live], [null, null]);
  assert.equal(result.samples.at(-1)!.storedEntries >= result.entries, true);
  assert.ok(!existsSync(places[0]!.stateDir), 'nothing is left behind');
});

test('pods that write meanwhile are counted by what they wrote, and their lines have an age', async () => {
  const result = await runLoad(standIn().contender, { ...NOTHING, live: LIVE });
  assert.ok(result.complete);
  assert.equal(result.lost, 0);
  assert.ok(result.bytes > 50_000);
  assert.ok(result.latencyMs !== null && result.latencyMs.p50 <= result.latencyMs.p99);
  assert.ok(result.latencyMs.p99 <= result.latencyMs.max);
  assert.ok(result.live !== null && result.live.seconds > 0 && result.live.cpuPercent >= 0);
});

test('the receiver can be away at first', async () => {
  const retrying: Contender = {
    ...standIn().contender,
    command: ({ paths, pushUrl }) => ({
      argv: [
        '/bin/sh',
        '-c',
        `until ${process.execPath} ${STAND_IN} '${paths.join(',')}' ${pushUrl}; do sleep 0.1; done`,
      ],
      env: {},
    }),
  };
  const result = await runLoad(retrying, { ...CORPUS, awaySeconds: 1 });
  assert.equal(result.lost, 0);
  assert.ok(result.away !== null && result.away.seconds >= 0.5 && result.away.rssBytes > 0);
  assert.ok(result.seconds > 1);
});

test('a collector that ends by itself is an error that tells what it said', async () => {
  const failing = commandContender('failing', "echo 'no such option' >&2; exit 3");
  await assert.rejects(runLoad(failing, CORPUS), {
    code: 'BENCH_CHILD_ENDED',
    message: /exit code 3.*no such option/s,
  });
});

test('a file that joins nothing is held to every part of every line', async () => {
  const { config } = scenarios['alloy-file']!.runs[1]!;
  const corpus = { ...CORPUS.corpus!, bytes: 8 << 20 };
  const result = await runLoad(ours({ workers: 1, config }), { ...CORPUS, corpus });
  assert.deepEqual([result.complete, result.lost, result.repeated], [true, 0, 0]);
  assert.equal(result.entries, result.lines);
  assert.equal(result.samples.at(-1)!.storedEntries, result.lines);
  const builtIn = await runLoad(ours({ workers: 1 }), { ...CORPUS, corpus });
  assert.ok(builtIn.complete && builtIn.entries < result.entries, 'there are lines in parts');
  assert.ok(builtIn.encodedBytes < result.encodedBytes);
});

test('lines that are dropped on purpose are not missed, those that should be and are not are no success', async () => {
  const [{ config, workload }] = scenarios['alloy-json']!.runs as [(typeof scenarios)[string]['runs'][0]];
  const corpus = { ...CORPUS.corpus!, style: 'json' as const, bytes: 8 << 20 };
  const dropping: Workload = { ...CORPUS, corpus, drops: workload.drops };
  const result = await runLoad(ours({ workers: 1, config }), dropping);
  assert.deepEqual([result.complete, result.lost, result.repeated], [true, 0, 0]);
  assert.ok(result.entries > 0.8 * result.lines && result.entries < 0.9 * result.lines);
  assert.equal(result.samples.at(-1)!.storedEntries, result.entries);
  assert.ok(!(await runLoad(ours({ workers: 1 }), dropping)).complete);
});

test('of pods that write meanwhile nobody knows what is dropped', async () => {
  const { contender } = standIn();
  await assert.rejects(runLoad(contender, { ...NOTHING, live: LIVE, drops: 'x' }), { code: 'BENCH_DROPS' });
});
