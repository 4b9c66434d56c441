import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadResult } from '../../../bench/load/result.js';
import { judge, scenarios } from '../../../bench/load/scenarios.js';

const MIB = 2 ** 20;

function result(values: Partial<LoadResult>): LoadResult {
  return { complete: true, lost: 0, ...values } as unknown as LoadResult;
}

test('a goal is met up to its limit: CPU by the median of the runs in turn, memory in every one of them', () => {
  const scenario = scenarios['corpus-256']!;
  // One worker, two, two, one, and so on.
  const ratios = { one: [2.2, 9, 2.1, 9, 0, 2, 9], two: [2.21, 9, 2.1, 9, 0, 2.3, 2] };
  const bytes = { one: [100, 99, 1, 2, 3, 4, 5], two: [115, 1, 1, 1, 1, 1, 1] };
  const results = scenario.runs.map(({ workers }) => {
    const which = workers === 1 ? 'one' : 'two';
    return result({ floorRatio: ratios[which].shift()!, peakRssBytes: bytes[which].shift()! * MIB });
  });
  const verdicts = judge(scenario, results);
  assert.deepEqual(
    verdicts.map(({ met }) => met),
    [true, true, false, true],
  );
  assert.deepEqual(verdicts[3], { goal: 'peak RSS, 2 workers: at most 115 MiB', measured: '115 MiB', met: true });
  const unmeasured = results.map((one) => ({ ...one, floorRatio: null }));
  assert.ok(!judge(scenario, unmeasured)[0]!.met);
});

test('nothing is met where something was not stored or not measured', () => {
  const quick = { seconds: 1, cpuSeconds: 1 };
  const scenario = scenarios['start-5000']!;
  const met = (values: Partial<LoadResult>) => judge(scenario, [result(values)]).every((verdict) => verdict.met);
  assert.ok(met(quick));
  assert.ok(!met({ ...quick, complete: false }));
  assert.ok(!met({ ...quick, lost: 1 }));
  assert.ok(judge(scenarios.latency!, [result({ latencyMs: null })]).every((verdict) => !verdict.met));
});

test('the file of most users may take 5 % more than the built-in pipeline, by medians of runs in turn', () => {
  const met = (cpuSeconds: number[]) => {
    const results = cpuSeconds.map((seconds) => result({ cpuSeconds: seconds, encodedBytes: 1e8 }));
    return judge(scenarios['alloy-file']!, results).map((verdict) => verdict.met);
  };
  // Built-in, file, file, built-in, and so on.
  assert.deepEqual(met([9, 2.1, 2.1, 2, 1, 0, 9, 2, 2, 9, 1, 9, 1, 2.1]), [true]);
  assert.deepEqual(met([9, 2.2, 2.2, 2, 1, 0, 9, 2, 2, 9, 1, 9, 1, 2.2]), [false]);
  const configs = scenarios['alloy-file']!.runs.map(({ config }) => config !== null);
  assert.deepEqual(configs.slice(0, 6), [false, true, true, false, false, true]);
  assert.equal(configs.filter((config) => config).length, 7);
  assert.equal(configs.length, 14);
});

test('a container that restarts each second may take 2 % of a core while it does', () => {
  const { runs } = scenarios['crash-loop']!;
  assert.deepEqual(
    runs.map(({ workload: { live } }) => [live?.pods, live?.restartsPerSecond]),
    [[1, 1]],
  );
  const met = (live: LoadResult['live']) => judge(scenarios['crash-loop']!, [result({ live })]).map(({ met }) => met);
  assert.deepEqual(met({ seconds: 27, cpuPercent: 2 }), [true]);
  assert.deepEqual(met({ seconds: 27, cpuPercent: 2.1 }), [false]);
  assert.deepEqual(met(null), [false]);
});

test('every scenario has runs with names of their own', () => {
  for (const [name, { about, runs }] of Object.entries(scenarios)) {
    assert.ok(about.length > 0 && runs.length > 0, name);
    assert.equal(new Set(runs.map(({ label }) => label)).size, runs.length, name);
    for (const { workload } of runs) assert.ok(workload.corpus !== null || workload.live !== null, name);
  }
});
