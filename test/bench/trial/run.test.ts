import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTrial } from '../../../bench/trial/run.js';
import { SCENARIOS } from '../../../bench/trial/scenarios.js';

const OPTIONS = { seconds: 4, kills: 2, seed: 1, pods: 6, rateBytes: 256 * 1024 };

for (const name of ['everything', 'deleted-in-outage', 'no-inotify']) {
  test(`a short trial: ${name}`, { timeout: 120_000 }, async () => {
    const scenario = SCENARIOS.find((each) => each.name === name);
    assert.ok(scenario !== undefined);
    const { wrongs, gaps, lost, wrote } = await runTrial(scenario, OPTIONS);
    assert.deepEqual({ wrongs, gaps, lost }, { wrongs: [], gaps: [], lost: 0 });
    assert.ok(wrote > 1000);
  });
}
