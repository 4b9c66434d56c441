import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { append, makeStage } from './kit.js';

const BOUND = { timeout: 30_000 };
/** So rare that whatever arrives was hinted at. */
const NO_SCAN = { SCAN_INTERVAL: '1h' };

test('the folder of the pods is missing: said once, with advice; lines arrive once it is there', BOUND, async (t) => {
  const stage = await makeStage(t);
  rmSync(stage.pods, { recursive: true });
  const collector = stage.start({ SCAN_INTERVAL: '100ms' });
  const { msg, advice } = await collector.said('LOGS_MISSING');
  assert.ok(msg.startsWith(`${stage.pods} cannot be read: ENOENT`), msg);
  assert.match(String(advice), /Mount the node's/);
  await collector.said('started');
  append(stage.log('web'), ['late']);
  await stage.stored(1);
  assert.equal(collector.saying('LOGS_MISSING').length, 1);
});

test('a name that cannot be looked at stops nobody: said once', BOUND, async (t) => {
  const stage = await makeStage(t);
  const knot = (pod: string): void => {
    mkdirSync(dirname(stage.log(pod)), { recursive: true });
    symlinkSync('0.log', stage.log(pod));
  };
  knot('first');
  const collector = stage.start({ SCAN_INTERVAL: '100ms' });
  const { msg } = await collector.said('LOG_UNREADABLE');
  assert.ok(msg.endsWith('default_first_uid/app/0.log: ELOOP'), msg);
  await collector.said('started');
  knot('second');
  append(stage.log('web'), ['whole']);
  await stage.stored(1);
  rmSync(stage.log('first'));
  append(stage.log('first'), ['late']);
  await stage.stored(2);
  assert.equal(await collector.end('SIGTERM'), 0);
  // What comes within a minute of the first is said at the end.
  assert.equal(collector.saying('LOG_UNREADABLE').length, 2);
});

test(
  'the log is a link, as with Docker: rotated where that leads to, twice while running and twice while down',
  BOUND,
  async (t) => {
    const stage = await makeStage(t);
    const file = join(stage.root, 'containers/id/id-json.log');
    mkdirSync(dirname(stage.log('web')), { recursive: true });
    symlinkSync(file, stage.log('web'));
    const rotate = (content: string): void => {
      renameSync(`${file}.1`, `${file}.2`);
      renameSync(file, `${file}.1`);
      append(file, [content]);
    };
    append(`${file}.1`, ['first']);
    append(file, ['second']);
    let collector = stage.start(NO_SCAN);
    await stage.stored(2);
    rotate('third');
    await stage.stored(3);
    rotate('fourth');
    await stage.stored(4);
    assert.equal(await collector.end('SIGTERM'), 0);
    append(file, ['fifth']);
    rotate('sixth');
    rotate('seventh');
    collector = stage.start(NO_SCAN);
    await stage.stored(7);
    const contents = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh'];
    assert.deepEqual(stage.loki.store.lines('{pod="web"}'), contents);
    assert.equal(stage.loki.store.duplicates, 0);
    assert.equal(await collector.end('SIGTERM'), 0);
    assert.deepEqual(collector.saying('LOGS_LOST'), []);
  },
);

test('a pod that is deleted 300 ms after it came arrives whole', BOUND, async (t) => {
  const stage = await makeStage(t);
  const collector = stage.start(NO_SCAN);
  await collector.said('started');
  const contents = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  append(stage.log('brief'), contents);
  await setTimeout(300);
  rmSync(dirname(dirname(stage.log('brief'))), { recursive: true });
  await stage.stored(30);
  assert.deepEqual(stage.loki.store.lines('{pod="brief"}'), contents);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.deepEqual(collector.saying('LOGS_LOST'), []);
});

test('a log that has come and gone while the process stood still is counted as a file', BOUND, async (t) => {
  const stage = await makeStage(t);
  const path = stage.log('brief');
  mkdirSync(dirname(path), { recursive: true });
  const collector = stage.start(NO_SCAN);
  await collector.said('started');
  collector.signal('SIGSTOP');
  append(path, ['never seen']);
  rmSync(path);
  collector.signal('SIGCONT');
  const { pods } = await collector.said('LOGS_LOST');
  const unknown = { container: 'app', bytes: 0, lines: 0, files: 1 };
  assert.deepEqual(pods, [{ reason: 'unopened', namespace: 'default', pod: 'brief', ...unknown }]);
  append(stage.log('web'), ['the next']);
  await stage.stored(1);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.equal(collector.saying('LOGS_LOST').length, 1);
});

test('without any scan: a new pod, a new container, a restarted container', BOUND, async (t) => {
  const stage = await makeStage(t);
  const collector = stage.start(NO_SCAN);
  await collector.said('started');
  append(stage.log('web'), ['pod']);
  await stage.stored(1);
  append(join(stage.pods, 'default_web_uid', 'sidecar', '0.log'), ['container']);
  await stage.stored(2);
  mkdirSync(join(stage.pods, 'default_slow_uid'));
  mkdirSync(join(stage.pods, 'default_slow_uid', 'app'));
  append(stage.log('slow'), ['first file later']);
  await stage.stored(3);
  // A container that has been quiet for long: with each line of another, its log has been looked at once more.
  const past = Date.now() / 1000 - 60;
  utimesSync(dirname(stage.log('web')), past, past);
  for (const entries of [4, 5, 6]) {
    append(stage.log('slow'), ['one more']);
    await stage.stored(entries);
  }
  append(stage.log('web', '1.log'), ['restarted']);
  await stage.stored(7);
  assert.deepEqual(stage.loki.store.lines('{pod="web", container="app"}'), ['pod', 'restarted']);
  assert.deepEqual(stage.loki.store.lines('{pod="web", container="sidecar"}'), ['container']);
});

test('folders cannot be watched: said once, and scans find everything', BOUND, async (t) => {
  const stage = await makeStage(t);
  const noWatch = join(import.meta.dirname, 'no-watch.js');
  const collector = stage.start(NO_SCAN, { nodeArgs: ['--import', noWatch] });
  const { msg } = await collector.said('WATCH_FAILED');
  assert.match(msg, /ENOSPC/);
  await collector.said('started');
  append(stage.log('web'), ['found by the first scan']);
  await stage.stored(1);
  append(stage.log('shop'), ['found by the next']);
  await stage.stored(2);
  assert.equal(collector.saying('WATCH_FAILED').length, 1);
});
