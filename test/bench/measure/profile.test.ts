import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Child } from '../../../bench/measure/child.js';
import { profiled, selfTimes } from '../../../bench/measure/profile.js';

test('self times are summed for each function, the longest first', () => {
  const frame = (functionName: string, url: string, lineNumber: number) => ({ functionName, url, lineNumber });
  const nodes = [
    { id: 1, callFrame: frame('', 'file:///x/a.js', 4) },
    { id: 2, callFrame: frame('parse', 'file:///x/b.js', 9) },
    { id: 3, callFrame: frame('parse', 'file:///x/b.js', 9) },
    { id: 4, callFrame: frame('(idle)', '', -1) },
  ];
  assert.deepEqual(selfTimes({ nodes, samples: [1, 2, 3, 4], timeDeltas: [1000, 2000, 3000, 500] }), [
    { name: 'parse', place: 'b.js:10', ms: 5 },
    { name: '(anonymous)', place: 'a.js:5', ms: 1 },
    { name: '(idle)', place: '', ms: 0.5 },
  ]);
});

test('main thread and workers each have a table', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'summary.md');
  const busy = (name: string) =>
    `function ${name}() {
      const { user } = process.cpuUsage();
      let sum = 0;
      // Most of the time in itself, or a sample may never meet it.
      while (process.cpuUsage().user < user + 100_000) for (let i = 0; i < 1_000_000; i++) sum += i % 7;
      return sum;
    }`;
  const worker = `${busy('busyInWorker')} busyInWorker()`;
  const script = `${busy('busyInMain')} busyInMain();
    new (require('node:worker_threads').Worker)(${JSON.stringify(worker)}, { eval: true })`;
  await profiled(
    file,
    () => 'ABOUT',
    async (flags) => {
      await new Child([process.execPath, ...flags, '-e', script]).exited;
    },
  );
  const text = readFileSync(file, 'utf8');
  assert.match(
    text,
    /## Main thread: \d+ ms busy[\s\S]*`busyInMain`[\s\S]*## Worker 1: \d+ ms busy[\s\S]*`busyInWorker`/,
  );
  assert.match(text, /ABOUT/);
});
