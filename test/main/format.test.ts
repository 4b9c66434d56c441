import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { criLine, makeStage } from './kit.js';

test('SLEIPNIR_FORMAT holds for every file, whatever its lines look like', { timeout: 30_000 }, async (t) => {
  const stage = await makeStage(t);
  const path = stage.log('web');
  mkdirSync(dirname(path), { recursive: true });
  const line = criLine('one');
  writeFileSync(path, line);
  const collector = stage.start({ FORMAT: 'raw' });
  await stage.stored(1);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.deepEqual(stage.loki.store.lines(), [line.toString().trimEnd()]);
});
