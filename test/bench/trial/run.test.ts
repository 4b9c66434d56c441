import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sum } from '../../../bench/trial/books.js';
import { runTrial } from '../../../bench/trial/run.js';
import { SCENARIOS, type Scenario } from '../../../bench/trial/scenarios.js';

const OPTIONS = { seconds: 4, kills: 2, seed: 1, pods: 6, rateBytes: 256 * 1024 };

function find(name: string): Scenario {
  return SCENARIOS.find((scenario) => scenario.name === name) as Scenario;
}

for (const name of ['everything', 'deleted-in-outage', 'no-inotify']) {
  test(`a short trial: ${name}`, { timeout: 120_000 }, async () => {
    const { wrongs, gaps, lost, wrote, books } = await runTrial(find(name), OPTIONS);
    assert.deepEqual({ wrongs, gaps, lost }, { wrongs: [], gaps: [], lost: 0 });
    assert.ok(wrote > 1000);
    assert.ok(books.linesRead >= wrote && books.entriesStored >= wrote);
  });
}

test('a short trial: what an Alloy file drops is counted to the line, by reason', { timeout: 120_000 }, async () => {
  const once = { ...OPTIONS, seconds: 3, kills: 0 };
  const { wrongs, lost, dropped, books } = await runTrial(find('dropping'), once);
  assert.deepEqual({ wrongs, lost }, { wrongs: [], lost: 0 });
  assert.deepEqual(Object.keys(books.entriesDropped).sort(), ['five', 'ratelimit_drop_stage', 'seven', 'three']);
  assert.equal(sum(books.entriesDropped), dropped);
});
