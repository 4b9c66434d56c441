import assert from 'node:assert/strict';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startReceiver } from '../../bench/receiver/server.js';
import { append, eventually, makeStage, receiverDown, type Stage, Writer, writeTo } from './kit.js';

const TIMEOUT = { timeout: 120_000 };
const WAYS = ['SIGHUP', 'POST', 'file'] as const;

/** The `version`-th configuration: another label, other stages, another graph. */
function configuration(stage: Stage, version: number): string {
  const more = version % 3 === 0 ? '' : `stage.static_labels { values = { v = "${version}" } }`;
  const between = version % 2 === 0 ? 'loki.relabel.r.receiver' : 'loki.write.loki.receiver';
  return `
local.file_match "pod_logs" {
  path_targets = [{ __path__ = "${stage.pods}/*/*/*.log" }]
}
loki.source.file "pod_logs" {
  targets    = local.file_match.pod_logs.targets
  forward_to = [loki.process.p.receiver]
}
loki.process "p" {
  stage.cri {}
  ${more}
  forward_to = [${between}]
}
loki.relabel "r" {
  rule {
    target_label = "relabelled"
    replacement  = "yes"
  }
  forward_to = [loki.write.loki.receiver]
}
${writeTo('loki', stage.loki.pushUrl)}`;
}

/** The log files that a process holds open, each with its inode. */
function openLogs(pid: number, folder: string): string[] {
  const fds = `/proc/${pid}/fd`;
  return readdirSync(fds)
    .flatMap((fd) => {
      try {
        const path = readlinkSync(join(fds, fd));
        return path.startsWith(folder) ? [`${fd} ${path}`] : [];
      } catch {
        // Closed meanwhile.
        return [];
      }
    })
    .sort();
}

/** What the lines of a log hold behind their head. */
function contents(lines: readonly string[]): (string | undefined)[] {
  return lines.map((line) => line.split(' ').at(-1)).sort();
}

test('ten reloads in every way, while lines are written and rotated: none is lost or repeated', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const config = join(stage.root, 'config.alloy');
  writeFileSync(config, configuration(stage, 0));
  const writers = ['one', 'two', 'three'].map((pod) => new Writer(t, stage.log(pod), 20));
  const collector = stage.start({ CONFIG: config });
  const { http } = await collector.said('started');
  for (let version = 1; version <= 10; version += 1) {
    await stage.stored(stage.loki.store.entries + 500);
    const way = WAYS[version % WAYS.length];
    writeFileSync(config, configuration(stage, version));
    if (way === 'SIGHUP') collector.signal('SIGHUP');
    if (way === 'POST') assert.equal((await fetch(`${http}/-/reload`, { method: 'POST' })).status, 200);
    writers[version % writers.length]!.rotate(`20260101-0000${String(version).padStart(2, '0')}`);
    await eventually(() => collector.saying('configuration taken over').length >= version);
  }
  for (const writer of writers) writer.stop();
  const wanted = writers.flatMap(({ contents }) => contents);
  await stage.stored(wanted.length);
  assert.equal(await collector.end('SIGTERM'), 0);
  const { store } = stage.loki;
  assert.deepEqual([store.entries, store.duplicates], [wanted.length, 0]);
  assert.deepEqual(store.lines().sort(), wanted.sort());
  const versions = new Set(
    store.streams().flatMap(({ labels }) => labels.flatMap(([name, value]) => (name === 'v' ? [value] : []))),
  );
  assert.ok(versions.size >= 3, [...versions].join());
});

test('a reload closes no file: the descriptors are the same', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const config = join(stage.root, 'config.alloy');
  writeFileSync(config, configuration(stage, 1));
  const writers = ['one', 'two', 'three'].map((pod) => new Writer(t, stage.log(pod), 1));
  const collector = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
  await collector.said('started');
  await stage.stored(3);
  const before = openLogs(collector.pid, stage.pods);
  assert.equal(before.length, writers.length);
  for (const version of [2, 3]) {
    writeFileSync(config, configuration(stage, version));
    collector.signal('SIGHUP');
    await eventually(() => collector.saying('configuration taken over').length >= version - 1);
    assert.deepEqual(openLogs(collector.pid, stage.pods), before);
  }
  assert.equal(await collector.end('SIGTERM'), 0);
});

test('under other names and in another order, each way keeps its own positions', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const down = await receiverDown(t);
  const config = join(stage.root, 'config.alloy');
  const source = (name: string, folder: string, ...writes: string[]) => `
loki.source.file "${name}" {
  targets    = [{ __path__ = "${stage.pods}/${folder}/*/*.log" }]
  forward_to = [${writes.map((write) => `loki.write.${write}.receiver`).join()}]
  file_match { enabled = true }
}
`;
  const up = stage.loki.pushUrl;
  const one = 'default_one_uid';
  const two = 'default_two_uid';
  writeFileSync(
    config,
    source('a', one, 'd', 'u') + source('b', two, 'u') + writeTo('d', down.pushUrl) + writeTo('u', up),
  );
  append(stage.log('one'), ['1', '2']);
  append(stage.log('two'), ['3', '4']);
  const collector = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
  await collector.said('started');
  await stage.stored(4);
  await collector.said('PUSH_FAILED');
  writeFileSync(
    config,
    source('y', two, 'v') + source('x', one, 'v', 'e') + writeTo('v', up) + writeTo('e', down.pushUrl),
  );
  collector.signal('SIGHUP');
  await collector.said('configuration taken over');
  append(stage.log('one'), ['5']);
  append(stage.log('two'), ['6']);
  await stage.stored(6);
  await down.up();
  await down.store.until(({ entries }) => entries >= 3, { timeoutMs: 30_000 });
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.deepEqual(contents(stage.loki.store.lines()), ['1', '2', '3', '4', '5', '6']);
  assert.deepEqual(contents(down.store.lines()), ['1', '2', '5']);
  assert.deepEqual([stage.loki.store.duplicates, down.store.duplicates], [0, 0]);
});

test('a name that another way had before is a way of its own, also after a restart', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const down = await receiverDown(t);
  const config = join(stage.root, 'config.alloy');
  const text = (writes: Record<string, string>) => `
loki.source.file "s" {
  targets    = [{ __path__ = "${stage.pods}/*/*/*.log" }]
  forward_to = [${Object.keys(writes)
    .map((write) => `loki.write.${write}.receiver`)
    .join()}]
  file_match { enabled = true }
}
${Object.entries(writes)
  .map(([name, url]) => writeTo(name, url))
  .join('')}`;
  const versions: Record<string, string>[] = [
    { x: stage.loki.pushUrl },
    { y: stage.loki.pushUrl },
    { x: down.pushUrl, y: stage.loki.pushUrl },
  ];
  const settings = { CONFIG: config, CONFIG_WATCH: 'false', SHUTDOWN_TIMEOUT: '200ms' };
  writeFileSync(config, text(versions[0]!));
  append(stage.log('one'), ['1']);
  const first = stage.start(settings);
  await first.said('started');
  await stage.stored(1);
  for (const [index, version] of versions.slice(1).entries()) {
    writeFileSync(config, text(version));
    first.signal('SIGHUP');
    await eventually(() => first.saying('configuration taken over').length > index);
  }
  append(stage.log('one'), ['2', '3']);
  await stage.stored(3);
  await first.said('PUSH_FAILED');
  assert.equal(await first.end('SIGTERM'), 0);
  await down.up();
  const second = stage.start(settings);
  await second.said('started');
  append(stage.log('one'), ['4']);
  await stage.stored(4);
  await down.store.until((store) => contents(store.lines()).includes('4'), { timeoutMs: 10_000 });
  assert.equal(await second.end('SIGTERM'), 0);
  // Where the others are stored to stand may be a little behind.
  assert.deepEqual(contents(down.store.lines()).slice(-3), ['2', '3', '4']);
});

test('ways that come, go and change names with each other during writes: none loses or repeats', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const other = await startReceiver();
  t.after(() => other.close());
  const config = join(stage.root, 'config.alloy');
  const one = stage.loki.pushUrl;
  const two = other.pushUrl;
  const text = (process: string, writes: Record<string, string>) => `
loki.source.file "s" {
  targets    = [{ __path__ = "${stage.pods}/*/*/*.log" }]
  forward_to = [loki.process.${process}.receiver]
  file_match { enabled = true }
}
loki.process "${process}" {
  stage.cri {}
  forward_to = [${Object.keys(writes)
    .map((write) => `loki.write.${write}.receiver`)
    .join()}]
}
${Object.entries(writes)
  .map(([name, url]) => writeTo(name, url))
  .join('')}`;
  const versions = [
    text('p', { a: one }),
    text('p', { b: two, a: one }),
    text('q', { z: one, b: two }),
    text('q', { z: one }),
    text('q', { a: one, z: two }),
    text('r', { z: one, a: two }),
    text('r', { a: one, z: two }),
    text('r', { z: one }),
    text('r', { y: one, z: two }),
    text('r', { z: one, y: two }),
  ];
  writeFileSync(config, versions[0]!);
  const writers = ['one', 'two'].map((pod) => new Writer(t, stage.log(pod), 10));
  const collector = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
  await collector.said('started');
  for (let version = 1; version < versions.length; version += 1) {
    await stage.stored(stage.loki.store.entries + 300);
    writeFileSync(config, versions[version]!);
    collector.signal('SIGHUP');
    writers[version % 2]!.rotate(`20260101-0000${String(version).padStart(2, '0')}`);
    await eventually(() => collector.saying('configuration taken over').length >= version);
  }
  for (const writer of writers) writer.stop();
  const wanted = writers.flatMap(({ contents }) => contents);
  await stage.stored(wanted.length);
  await other.store.until((store) => writers.every(({ contents }) => store.lines().includes(contents.at(-1)!)), {
    timeoutMs: 30_000,
  });
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.deepEqual([stage.loki.store.entries, stage.loki.store.duplicates], [wanted.length, 0]);
  assert.deepEqual(stage.loki.store.lines().sort(), wanted.sort());
  assert.equal(other.store.duplicates, 0);
});
