import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Child } from '../../../bench/measure/child.js';

/** Takes a tenth of a second of CPU time, says so, and waits. */
const WORK = `
  const { user, system } = process.cpuUsage();
  for (let cpu; (cpu = process.cpuUsage()), cpu.user + cpu.system < user + system + 100_000; );
  console.log('worked');
  setInterval(() => {}, 1000);
`;

test('what a process and its children use is counted together, and ends with them', async (t) => {
  const script = `'${process.execPath}' -e "${WORK}" & '${process.execPath}' -e "${WORK}" & wait`;
  const child = new Child(['/bin/sh', '-c', script]);
  t.after(() => child.kill());
  let workers = 0;
  await child.firstLine((line) => (line === 'worked' && ++workers === 2 ? true : null));
  const usage = child.usage();
  assert.ok(usage !== null);
  assert.ok(usage.cpuSeconds >= 0.15, `two of them worked a tenth of a second each: ${usage.cpuSeconds}`);
  assert.ok(usage.rssBytes > 40 * 2 ** 20 && usage.peakRssBytes >= usage.rssBytes);
  await child.stop();
  assert.ok(child.hasExited);
});

test('threads are told apart: the main thread first', async (t) => {
  const script = `new (require('node:worker_threads').Worker)(${JSON.stringify(WORK)}, { eval: true })`;
  const child = new Child([process.execPath, '-e', script]);
  t.after(() => child.kill());
  await child.firstLine((line) => (line === 'worked' ? true : null));
  const { threadSeconds, cpuSeconds } = child.usage()!;
  assert.ok(threadSeconds.length > 2);
  assert.ok(threadSeconds[1]! >= 0.05, 'the worker is the busiest of the others');
  assert.ok(cpuSeconds >= threadSeconds[0]! + threadSeconds[1]!);
  await child.stop();
  assert.equal(child.usage(), null);
});

test('a process that ends before it says anything is an error with its last words', async () => {
  const child = new Child(['/bin/sh', '-c', 'echo trouble >&2; exit 7']);
  await assert.rejects(
    child.firstLine(() => null),
    { code: 'BENCH_CHILD_ENDED', message: /exit code 7/ },
  );
});
