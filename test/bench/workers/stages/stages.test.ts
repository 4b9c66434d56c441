import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CASES, cases } from '../../../../bench/workers/stages/stages.bench.js';
import { KINDS } from '../../../../workers/stages/all.js';

test('every stage is measured, and every case runs', async () => {
  const measured = new Set<string>(CASES.flatMap(([, , stages]) => stages.map(({ stage }) => stage)));
  assert.deepEqual([...measured].sort(), Object.keys(KINDS).sort());
  for (const { fn } of await cases()) await fn();
});
