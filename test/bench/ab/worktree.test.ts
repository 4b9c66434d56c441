import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRevision } from '../../../bench/ab/worktree.js';

test('a revision that there is not is refused before anything is made', async () => {
  await assert.rejects(buildRevision('no-such-revision'), { code: 'BENCH_REVISION' });
  await assert.rejects(buildRevision('--help'), { code: 'BENCH_REVISION' });
});
