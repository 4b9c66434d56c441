import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startRemoteNode } from '../../../bench/measure/node.js';
import { eventually } from '../../main/kit.js';

test('what is asked for is what the pods do, and the ledger tells it', { timeout: 30_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'remote-node-'));
  const root = join(folder, 'live');
  mkdirSync(root);
  const shape = { pods: 2, rateBytes: 20_000, lineBytes: 100, even: true, rotateBytes: 0, seed: 3 };
  const node = await startRemoteNode(root, { ...shape, restartsPerSecond: 50 });
  t.after(async () => {
    await node.stop();
    rmSync(folder, { recursive: true });
  });
  const isThere = (suffix: string) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith(suffix));
  await eventually(() => isThere('/2.log'));
  const { complete, seed, stats, containers } = await node.stop();
  assert.deepEqual([complete, seed, stats.pods], [true, 3, 2]);
  assert.ok(stats.restarts >= 2);
  assert.ok(stats.lines > 0 && containers.every(({ contentBytes, lines }) => contentBytes === 100 * lines));
});
