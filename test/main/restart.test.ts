import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { append, eventually, makeStage, type Stage, Writer } from './kit.js';

/** Of time, stream and tag of a CRI line. */
const LINE_HEAD_BYTES = 40;

const BOUND = { timeout: 60_000 };

/** Every line written is stored, in its order. */
function assertWhole(stage: Stage, writer: Writer): void {
  const pod = /default_([^_]+)_/.exec(writer.path)?.[1];
  assert.deepEqual(stage.loki.store.lines(`{pod="${pod}"}`), writer.contents);
}

test('SIGTERM under load and a restart: nothing is lost, nothing is repeated', BOUND, async (t) => {
  const stage = await makeStage(t);
  const writers = ['web', 'shop', 'bus'].map((pod) => new Writer(t, stage.log(pod), 20));
  const first = stage.start();
  await stage.stored(3000);
  assert.equal(await first.end('SIGTERM'), 0);
  assert.equal(first.saying('ending: what has been read is sent, positions are stored')[0]?.signal, 'SIGTERM');
  const storedByFirst = stage.loki.store.entries;
  const second = stage.start();
  await stage.stored(storedByFirst + 3000);
  for (const writer of writers) writer.stop();
  await stage.stored(writers.reduce((sum, { contents }) => sum + contents.length, 0));
  assert.equal(await second.end('SIGTERM'), 0);
  for (const writer of writers) assertWhole(stage, writer);
  assert.equal(stage.loki.store.duplicates, 0);
  assert.deepEqual(stage.loki.store.refused, {});
});

test('three SIGKILLs under load, each with a rotation while down: nothing is missing', BOUND, async (t) => {
  const stage = await makeStage(t);
  const writers = ['web', 'shop'].map((pod) => new Writer(t, stage.log(pod), 20));
  for (const life of [1, 2, 3]) {
    const collector = stage.start();
    await stage.stored(stage.loki.store.entries + 2000);
    const stores = await collector.metric('positions_stored_total');
    await eventually(async () => (await collector.metric('positions_stored_total')) > stores + 1);
    assert.equal(await collector.end('SIGKILL'), 'SIGKILL');
    for (const writer of writers) {
      writer.rotate(`20260101-00000${life}`);
      writer.write(20);
    }
  }
  const last = stage.start();
  for (const writer of writers) writer.stop();
  await stage.stored(writers.reduce((sum, { contents }) => sum + contents.length, 0));
  assert.equal(await last.end('SIGTERM'), 0);
  for (const writer of writers) assertWhole(stage, writer);
  // Three times all over again would be more than this.
  assert.ok(stage.loki.store.duplicates < stage.loki.store.entries, `${stage.loki.store.duplicates} repeats`);
});

test('a second collector on the same state directory is refused', BOUND, async (t) => {
  const stage = await makeStage(t);
  const first = stage.start();
  await first.said('started');
  const second = stage.start();
  assert.equal(await second.ended, 1);
  assert.match(
    second.stderr,
    /^sleipnir: another collector uses the state directory .*\nStop the other collector, or /,
  );
  append(stage.log('web'), ['the first goes on']);
  await stage.stored(1);
  assert.equal(await first.end('SIGTERM'), 0);
});

test('SLEIPNIR_START=end holds for the very first start only', BOUND, async (t) => {
  const stage = await makeStage(t);
  append(stage.log('web'), ['before the first start']);
  const first = stage.start({ START: 'end' });
  await first.said('started');
  append(stage.log('web'), ['after it']);
  await stage.stored(1);
  assert.equal(await first.end('SIGTERM'), 0);
  append(stage.log('web'), ['while down']);
  append(stage.log('new'), ['of a new pod, while down']);
  stage.start({ START: 'end' });
  await stage.stored(3);
  assert.deepEqual(stage.loki.store.lines(), ['after it', 'while down', 'of a new pod, while down']);
});

test('a log that began at its end is known again when it was compressed while down', BOUND, async (t) => {
  const stage = await makeStage(t);
  const log = stage.log('web');
  append(
    log,
    Array.from({ length: 50 }, (_, index) => `before ${index}`),
  );
  const first = stage.start({ START: 'end' });
  await first.said('started');
  append(log, ['after it']);
  await stage.stored(1);
  assert.equal(await first.end('SIGTERM'), 0);
  append(log, ['while down']);
  writeFileSync(`${log}.20260101-000000.gz`, gzipSync(readFileSync(log)));
  unlinkSync(log);
  append(log, ['of the next file']);
  const second = stage.start({ START: 'end' });
  await stage.stored(3);
  assert.equal(await second.end('SIGTERM'), 0);
  assert.deepEqual(stage.loki.store.lines(), ['after it', 'while down', 'of the next file']);
  assert.equal(stage.loki.store.duplicates, 0);
});

test('a journal with a flipped byte, and then none at all: that is said, and nothing is lost', BOUND, async (t) => {
  const stage = await makeStage(t);
  const writer = new Writer(t, stage.log('web'), 20);
  const journals = () => readdirSync(stage.stateDir).filter((name) => name.startsWith('journal.'));
  const spoil = (change: (bytes: Buffer) => Buffer): void => {
    for (const name of journals()) {
      const path = join(stage.stateDir, name);
      writeFileSync(path, change(readFileSync(path)));
    }
  };
  const first = stage.start();
  await stage.stored(2000);
  assert.equal(await first.end('SIGTERM'), 0);
  spoil((bytes) => bytes.fill((bytes.at(-20) as number) ^ 1, bytes.length - 20, bytes.length - 19));
  const second = stage.start();
  const { damagedLines } = await second.said('JOURNAL_DAMAGED');
  assert.ok(Number(damagedLines) > 0);
  await stage.stored(stage.loki.store.entries + 1000);
  assert.equal(await second.end('SIGTERM'), 0);
  spoil((bytes) => Buffer.alloc(bytes.length));
  const third = stage.start();
  await third.said('JOURNAL_DAMAGED');
  writer.stop();
  await stage.stored(writer.contents.length);
  assert.equal(await third.end('SIGTERM'), 0);
  assertWhole(stage, writer);
});

test('a copy in the spool that is gone or cut after SIGKILL: what was in it is counted', BOUND, async (t) => {
  const stage = await makeStage(t);
  const spool = join(stage.stateDir, 'spool');
  const pods = ['gone', 'cut'];
  const contents = Array.from({ length: 100 }, () => randomBytes(6144).toString('base64'));
  await stage.loki.down();
  const first = stage.start({ SCAN_INTERVAL: '1h' });
  await first.said('started');
  for (const [index, pod] of pods.entries()) {
    append(stage.log(pod), contents);
    await eventually(async () => (await first.metric('generations_open')) > 0);
    rmSync(dirname(dirname(stage.log(pod))), { recursive: true });
    await eventually(() => existsSync(join(spool, `0000000${index + 1}.spool`)));
  }
  const journals = () => readdirSync(stage.stateDir).filter((name) => name.startsWith('journal'));
  const isStored = (name: string) => readFileSync(join(stage.stateDir, name), 'utf8').includes('default_cut_uid');
  await eventually(() => journals().some(isStored));
  assert.equal(await first.end('SIGKILL'), 'SIGKILL');
  rmSync(join(spool, '00000001.spool'));
  const bytes = readFileSync(join(spool, '00000002.spool'));
  writeFileSync(join(spool, '00000002.spool'), bytes.subarray(0, 400_000));
  await stage.loki.up();
  const second = stage.start();
  await second.said('started');
  await eventually(async () => (await second.metric('unread_bytes')) === 0);
  assert.equal(await second.end('SIGTERM'), 0);
  const stored = stage.loki.store.lines('{pod="cut"}');
  assert.deepEqual(stored, contents.slice(0, stored.length));
  assert.ok(stored.length > 0 && stored.length < contents.length);
  const told = second.saying('LOGS_LOST').flatMap(({ pods: lost }) => (lost ?? []) as { pod: string; bytes: number }[]);
  const lostOf = (name: string) => told.find(({ pod }) => pod === name)?.bytes ?? 0;
  const lineBytes = LINE_HEAD_BYTES + 8192 + 1;
  assert.equal(lostOf('gone'), contents.length * lineBytes);
  const cutBytes = lostOf('cut');
  // The copy ends within a line, of which the first part is not to be had either.
  const missingBytes = (contents.length - stored.length) * lineBytes;
  assert.ok(cutBytes > missingBytes - lineBytes && cutBytes <= missingBytes, `${cutBytes} of ${missingBytes}`);
});

test('a damaged copy in the spool: that is said, and what was in it is counted', BOUND, async (t) => {
  const stage = await makeStage(t);
  const spool = join(stage.stateDir, 'spool');
  const pods = ['head', 'body'];
  const contents = Array.from({ length: 100 }, () => randomBytes(6144).toString('base64'));
  await stage.loki.down();
  const first = stage.start({ SHUTDOWN_TIMEOUT: '200ms' });
  await first.said('started');
  for (const pod of pods) {
    append(stage.log(pod), contents);
    await eventually(async () => (await first.metric('generations_open')) > 0);
    rmSync(dirname(dirname(stage.log(pod))), { recursive: true });
    await eventually(
      () => existsSync(spool) && readdirSync(spool).some((name) => name.includes(`${pods.indexOf(pod) + 1}.spool`)),
    );
  }
  assert.equal(await first.end('SIGTERM'), 0);
  for (const [name, at] of [
    ['00000001.spool', 30],
    ['00000002.spool', 400_000],
  ] as const) {
    const bytes = readFileSync(join(spool, name));
    bytes[at]! ^= 1;
    writeFileSync(join(spool, name), bytes);
  }
  await stage.loki.up();
  const second = stage.start();
  await second.said('SPOOL_DAMAGED');
  await eventually(async () => (await second.metric('unread_bytes')) === 0);
  assert.equal(await second.end('SIGTERM'), 0);
  const stored = stage.loki.store.lines('{pod="body"}');
  assert.deepEqual(stage.loki.store.lines('{pod="head"}'), []);
  assert.deepEqual(stored, contents.slice(0, stored.length));
  assert.ok(stored.length > 0 && stored.length < contents.length);
  const lineBytes = LINE_HEAD_BYTES + 8192 + 1;
  const unknown = { namespace: 'default', container: 'app', lines: 0, files: 0 };
  assert.deepEqual(
    second.saying('LOGS_LOST').map(({ pods }) => pods),
    [
      [{ reason: 'gone_while_down', pod: 'head', bytes: contents.length * lineBytes, ...unknown }],
      [{ reason: 'damaged', pod: 'body', bytes: (contents.length - stored.length) * lineBytes, ...unknown }],
    ],
  );
});

test('SIGHUP does not end it', BOUND, async (t) => {
  const stage = await makeStage(t);
  const collector = stage.start();
  await collector.said('started');
  collector.signal('SIGHUP');
  append(stage.log('web'), ['after the signal']);
  await stage.stored(1);
  assert.equal(await collector.end('SIGINT'), 0);
});

test('a pod deleted while Loki is down goes through the spool and a restart', BOUND, async (t) => {
  const stage = await makeStage(t);
  const spool = join(stage.stateDir, 'spool');
  const contents = Array.from({ length: 500 }, (_, index) => `line ${index}`);
  await stage.loki.down();
  const first = stage.start({ SHUTDOWN_TIMEOUT: '200ms' });
  await first.said('started');
  append(stage.log('web'), contents);
  await first.said('PUSH_FAILED');
  rmSync(dirname(dirname(stage.log('web'))), { recursive: true });
  await eventually(() => existsSync(spool) && readdirSync(spool).some((name) => name.endsWith('.spool')));
  assert.ok((await first.metric('spool_bytes')) > 0);
  assert.equal(await first.end('SIGTERM'), 0);
  assert.equal(readdirSync(spool).length, 1);
  await stage.loki.up();
  const second = stage.start();
  await stage.stored(contents.length);
  assert.equal(await second.end('SIGTERM'), 0);
  assert.deepEqual(stage.loki.store.lines('{namespace="default", pod="web", container="app"}'), contents);
  assert.deepEqual(readdirSync(spool), []);
  assert.deepEqual(second.saying('LOGS_LOST'), []);
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`a deleted pod for which the spool has no room, then ${signal}: its rest is counted`, BOUND, async (t) => {
    const stage = await makeStage(t);
    const spool = join(stage.stateDir, 'spool');
    const lines = (count: number) => Array.from({ length: count }, () => randomBytes(6144).toString('base64'));
    const pods = { first: lines(80), second: lines(75) };
    const copies = () => (existsSync(spool) ? readdirSync(spool) : []).filter((name) => name.endsWith('.spool'));
    await stage.loki.down();
    const first = stage.start({ SHUTDOWN_TIMEOUT: '200ms', SPOOL_BYTES: '1MiB', SCAN_INTERVAL: '100ms' });
    for (const [pod, contents] of Object.entries(pods)) {
      const stores = await first.metric('positions_stored_total');
      append(stage.log(pod), contents);
      // Its size is stored with a scan.
      await eventually(async () => (await first.metric('positions_stored_total')) > stores);
    }
    await first.said('PUSH_FAILED');
    for (const [index, pod] of Object.keys(pods).entries()) {
      rmSync(dirname(dirname(stage.log(pod))), { recursive: true });
      await eventually(() => copies().length > index);
    }
    await first.end(signal);
    await stage.loki.up();
    const second = stage.start({ SPOOL_BYTES: '1MiB' });
    await second.said('started');
    await eventually(async () => (await second.metric('unread_bytes')) === 0);
    assert.equal(await second.end('SIGTERM'), 0);
    assert.deepEqual(stage.loki.store.lines('{pod="first"}'), pods.first);
    const stored = stage.loki.store.lines('{pod="second"}');
    assert.deepEqual(stored, pods.second.slice(0, stored.length));
    assert.ok(stored.length > 0);
    const missing = pods.second.length - stored.length;
    const [reason, counted] = signal === 'SIGTERM' ? ['spool_full', missing] : ['gone_while_down', 0];
    const bytes = missing * (LINE_HEAD_BYTES + 8192 + 1);
    const said = [...first.saying('LOGS_LOST'), ...second.saying('LOGS_LOST')];
    assert.deepEqual(
      said.map(({ pods }) => pods),
      [[{ reason, namespace: 'default', pod: 'second', container: 'app', bytes, lines: counted, files: 0 }]],
    );
  });
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`given up for want of room while it was on its way, then ${signal}: it is counted`, BOUND, async (t) => {
    const stage = await makeStage(t);
    const contents = Array.from({ length: 300 }, () => randomBytes(6144).toString('base64'));
    await stage.loki.down();
    const first = stage.start({ SHUTDOWN_TIMEOUT: '200ms', SPOOL_BYTES: '1MiB', SCAN_INTERVAL: '100ms' });
    append(stage.log('gone'), contents);
    await first.said('PUSH_FAILED');
    await eventually(async () => (await first.metric('entries_pending')) === contents.length);
    rmSync(dirname(dirname(stage.log('gone'))), { recursive: true });
    await eventually(async () => (await first.metric('generations_open')) === 0);
    const stores = await first.metric('positions_stored_total');
    append(stage.log('web'), ['after']);
    await eventually(async () => (await first.metric('positions_stored_total')) > stores);
    assert.deepEqual(first.saying('LOGS_LOST'), []);
    await first.end(signal);
    await stage.loki.up();
    const second = stage.start();
    await stage.stored(1);
    assert.equal(await second.end('SIGTERM'), 0);
    const third = stage.start();
    await third.said('started');
    assert.equal(await third.end('SIGTERM'), 0);
    const said = [first, second, third].flatMap((collector) => collector.saying('LOGS_LOST'));
    const bytes = contents.length * (LINE_HEAD_BYTES + 8192 + 1);
    const [reason, lines] = signal === 'SIGTERM' ? ['unanswered', contents.length] : ['gone_while_down', 0];
    assert.deepEqual(
      said.map(({ pods }) => pods),
      [[{ reason, namespace: 'default', pod: 'gone', container: 'app', bytes, lines, files: 0 }]],
    );
  });
}
