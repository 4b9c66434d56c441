import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ContainerLog } from '../../../bench/node/container.js';
import { JobPods } from '../../../bench/node/jobs.js';
import { LinePool } from '../../../bench/node/lines.js';
import { Random } from '../../../bench/node/random.js';
import { parseCri, readChain, seqsOf, upTo } from './readback.js';

const root = mkdtempSync(join(tmpdir(), 'jobs-'));
after(() => rmSync(root, { recursive: true }));

test('a short-lived pod writes over its life, ends, and is removed after the linger', () => {
  const pool = new LinePool({ seed: 1, lineBytes: 0, longLineEvery: 50 });
  const removed: ContainerLog[] = [];
  const options = { root, churnPerSecond: 2, lifeMs: 300, lingerMs: 1000, jobLines: 30, offsetMinutes: 0 };
  const jobs = new JobPods(options, pool, new Random('jobs'), 0, (log) => removed.push(log));

  assert.deepEqual(jobs.advance(499), []);
  const [first, ...others] = jobs.advance(500);
  assert.ok(first !== undefined && others.length === 0);
  assert.match(first.path, /batch_report-\d+-[a-z0-9]{5}_[0-9a-f-]{36}\/report\/0\.log$/);
  jobs.advance(650);
  assert.ok(first.running && first.lines >= 15 && first.lines < 30);
  jobs.advance(800);
  assert.ok(!first.running && first.lines >= 30);
  assert.deepEqual(seqsOf(parseCri(readChain(join(first.path, '..')))), upTo(first.lines));

  const [second] = jobs.advance(1000);
  assert.notEqual(second!.pod.uid, first.pod.uid);
  jobs.advance(1799);
  assert.deepEqual(removed, []);
  jobs.advance(1800);
  assert.deepEqual(removed, [first]);
  jobs.stop();
  assert.ok(!second!.running && existsSync(second!.path));
});
