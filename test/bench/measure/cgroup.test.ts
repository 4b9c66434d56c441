import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { type CgroupLimits, makeCgroup, UNLIMITED } from '../../../bench/measure/cgroup.js';
import { Child } from '../../../bench/measure/child.js';
import { errnoOf } from '../../../src/errors.js';

const LIMITS = { ...UNLIMITED, cpus: 0.25, memoryBytes: 200 * 2 ** 20 };
const LIMITS_MODULE = new URL('../../../src/plan/limits.js', import.meta.url).href;

function cgroupOrReason(limits: CgroupLimits) {
  try {
    return makeCgroup(limits);
  } catch (error) {
    assert.equal(errnoOf(error), 'BENCH_CGROUP');
    return error instanceof Error ? error.message : String(error);
  }
}

test('a process in the cgroup has the limits, they bite, and nothing is left of it', async (t) => {
  const cgroup = cgroupOrReason(LIMITS);
  if (typeof cgroup === 'string') return t.skip(cgroup);
  const work = `
    import { readLimits } from ${JSON.stringify(LIMITS_MODULE)};
    while (process.cpuUsage().user < 300_000);
    console.log(JSON.stringify(readLimits()));
    setInterval(() => {}, 1000);
  `;
  const child = new Child([process.execPath, '--input-type=module', '-e', work], { cgroup });
  try {
    const limits = await child.firstLine((line) => JSON.parse(line) as { cpus: number; memoryBytes: number });
    assert.equal(limits.cpus, LIMITS.cpus);
    assert.equal(limits.memoryBytes, LIMITS.memoryBytes);
    const { periods, throttledPeriods, throttledSeconds, oomKills } = cgroup.figures();
    assert.ok(throttledPeriods > 0 && throttledPeriods <= periods && throttledSeconds > 0);
    assert.equal(oomKills, 0);
  } finally {
    await child.stop();
    await cgroup.remove();
  }
  for (const procs of cgroup.procs) assert.ok(!existsSync(dirname(procs)));
});

test('each thread of a process is limited for itself, those that came later too', async (t) => {
  const cgroup = cgroupOrReason({ ...UNLIMITED, threadCpus: 0.1 });
  if (typeof cgroup === 'string') return t.skip(cgroup);
  const work = `
    import { Worker } from 'node:worker_threads';
    process.once('SIGUSR2', () => new Worker('setInterval(() => {}, 1000)', { eval: true }).once('online', () => console.log('worker')));
    setInterval(() => {}, 1000);
    console.log('main');
  `;
  const child = new Child([process.execPath, '--input-type=module', '-e', work], { cgroup });
  const untilSaid = (what: string) => child.firstLine((line) => (line === what ? true : null));
  const apart = () => {
    cgroup.limitThreads(child.pid);
    const threads = readdirSync(`/proc/${child.pid}/task`);
    for (const thread of threads) {
      assert.match(
        readFileSync(`/proc/${child.pid}/task/${thread}/cgroup`, 'utf8'),
        new RegExp(`/thread-${thread}\\n`),
      );
    }
    return threads.length;
  };
  try {
    await untilSaid('main');
    const before = apart();
    process.kill(child.pid, 'SIGUSR2');
    await untilSaid('worker');
    assert.ok(apart() > before);
  } finally {
    await child.stop();
    await cgroup.remove();
  }
  for (const procs of cgroup.procs) assert.ok(!existsSync(dirname(procs)));
});
