import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { append, type CollectorProcess, eventually, makeStage } from './kit.js';

const MIB = 1024 * 1024;

test('256 descriptors for 2,000 logs: all lines arrive, and it is said once', { timeout: 60_000 }, async (t) => {
  const stage = await makeStage(t, { store: 'count' });
  for (let pod = 0; pod < 1000; pod += 1) {
    append(stage.log(`web-${pod}`), ['before']);
    append(stage.log(`web-${pod}`, '1.log'), ['before too']);
  }
  const collector = stage.start({}, { maxOpenFiles: 256 });
  const { advice } = await collector.said('DESCRIPTORS_SHORT');
  assert.match(String(advice), /ulimit -n/);
  await stage.stored(2000);
  for (let pod = 0; pod < 1000; pod += 1) append(stage.log(`web-${pod}`, '1.log'), ['after']);
  await stage.stored(3000);
  assert.equal(await collector.end('SIGTERM'), 0);
  const streams = stage.loki.store.streams();
  assert.deepEqual(new Set(streams.map(({ entries }) => entries)), new Set([3]));
  assert.equal(streams.length, 1000);
  assert.equal(collector.saying('DESCRIPTORS_SHORT').length, 1);
  assert.deepEqual(collector.saying('LOG_UNREADABLE'), []);
});

test('Loki is down from the start: ready, flat in memory, ends in time; all is stored later', {
  timeout: 60_000,
}, async (t) => {
  const stage = await makeStage(t);
  await stage.loki.down();
  const first = stage.start({ MEMORY_LIMIT: '160MiB', SHUTDOWN_TIMEOUT: '500ms' });
  await first.said('started');
  // More than the budget, and it cannot be compressed; one log takes half of it at most.
  const written = fill(stage.log('web'), 16 * MIB);
  await first.said('PUSH_FAILED');
  let unreadBytes = 0;
  await eventually(async () => {
    const before = unreadBytes;
    unreadBytes = await first.metric('unread_bytes');
    return before > 16 * MIB && (await first.metric('memory_budget_used_bytes')) > 3 * MIB;
  });
  const fullBytes = rssBytes(first);
  const writtenToo = fill(stage.log('shop'), 32 * MIB);
  await eventually(async () => (await first.metric('unread_bytes')) > 48 * MIB);
  const used = await first.metric('memory_budget_used_bytes');
  assert.ok(used <= (await first.metric('memory_budget_bytes')), `${used} bytes of the budget are used`);
  const grownBytes = rssBytes(first) - fullBytes;
  assert.ok(grownBytes < 16 * MIB, `32 MiB of log made it grow by ${grownBytes / MIB} MiB`);
  // Nothing moves, and that is told; but to start it anew would be of no use.
  await first.said('LOG_STALLED');
  const states = await Promise.all(['ready', 'live', 'healthy'].map((probe) => first.get(`/-/${probe}`)));
  assert.deepEqual(
    states.map(({ status }) => status),
    [200, 200, 500],
  );
  assert.match(await (states[2] as Response).text(), /Loki takes no pushes \(network\)/);
  assert.equal(await first.end('SIGTERM'), 0);
  assert.equal(stage.loki.store.entries, 0);
  await stage.loki.up();
  const second = stage.start();
  await stage.stored(written.length + writtenToo.length);
  await eventually(async () => (await second.metric('unread_bytes')) === 0);
  assert.equal((await second.get('/-/healthy')).status, 200);
  assert.equal(await second.end('SIGTERM'), 0);
  assert.deepEqual(stage.loki.store.lines('{pod="web"}'), written);
  assert.deepEqual(stage.loki.store.lines('{pod="shop"}'), writtenToo);
});

function fill(path: string, bytes: number): string[] {
  const contents = Array.from({ length: Math.ceil(bytes / 8192) }, () => randomBytes(6144).toString('base64'));
  append(path, contents);
  return contents;
}

function rssBytes({ pid }: CollectorProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
