import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { append, criLine, makeStage, type Stage, writeTo } from './kit.js';

const BOUND = { timeout: 60_000 };
const CLI = join(import.meta.dirname, '../../../dist/cli.js');

/** Runs `sleipnir positions import`. */
function importInto(stage: Stage, file: string, ...more: string[]) {
  const env = {
    PATH: process.env.PATH,
    SLEIPNIR_STATE_DIR: stage.stateDir,
    SLEIPNIR_PATHS: `${stage.pods}/*/*/*.log,/gone/*.log`,
  };
  return spawnSync(process.execPath, [CLI, 'positions', 'import', file, ...more], { env, encoding: 'utf8' });
}

/** Contents of lines, numbered. */
function contents(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${from + index}`);
}

/** The positions file of an Alloy that has read these bytes of these files. */
function savedByAlloy(stage: Stage, offsets: Record<string, number>): string {
  const file = join(stage.root, 'positions.yml');
  const entries = Object.entries(offsets).map(
    ([path, offset]) => `  ? path: ${path}\n    labels: '{namespace="default"}'\n  : "${offset}"\n`,
  );
  writeFileSync(file, `positions:\n${entries.join('')}`);
  return file;
}

function rotate(path: string, stamp: string): string {
  renameSync(path, `${path}.${stamp}`);
  return `${path}.${stamp}`;
}

function compress(path: string): void {
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
  unlinkSync(path);
}

function stored(stage: Stage, pod: string): string[] {
  return stage.loki.store.lines(`{pod="${pod}"}`);
}

test('reading goes on where Alloy ended, line by line', BOUND, async (t) => {
  const stage = await makeStage(t);
  const log = stage.log('web');
  append(log, contents(0, 50));
  compress(rotate(log, '20260101-000000'));
  append(log, contents(50, 50));
  const { size: offset } = statSync(log);
  append(log, contents(100, 20));
  append(stage.log('new'), ['of a pod that Alloy has not seen']);
  const { status, stdout, stderr } = importInto(
    stage,
    savedByAlloy(stage, { [log]: offset, '/gone/0.log': 5, '/var/log/syslog': 7 }),
  );
  assert.equal(status, 0, stderr);
  assert.match(stdout, new RegExp(`web_uid/app/0.log +0.log +${offset} +${statSync(log).size} +\\d+\\n$`));
  assert.match(
    stderr,
    /^\/gone\/0\.log: .*left out\n1 positions are of files that are not collected, and left out\n1 positions imported into /,
  );

  const first = stage.start();
  await stage.stored(21);
  append(log, contents(120, 10));
  await stage.stored(31);
  assert.equal(await first.end('SIGTERM'), 0);
  assert.deepEqual(stored(stage, 'web'), contents(100, 30));
  assert.equal(stored(stage, 'new').length, 1);
  assert.equal(stage.loki.store.duplicates, 0);

  // Known from here on like any other: also when it is compressed while down.
  append(log, contents(130, 10));
  compress(rotate(log, '20260101-000100'));
  append(log, contents(140, 10));
  const second = stage.start();
  await stage.stored(51);
  assert.equal(await second.end('SIGTERM'), 0);
  assert.deepEqual(stored(stage, 'web'), contents(100, 50));
  assert.equal(stage.loki.store.duplicates, 0);
  assert.equal(second.saying('LINES_LOST').length, 0);
});

test('a log that was rotated since Alloy ended is read on in its rotated file', BOUND, async (t) => {
  const stage = await makeStage(t);
  const [log, busy] = [stage.log('web'), stage.log('busy')];
  const offsets: Record<string, number> = {};
  for (const path of [log, busy]) {
    append(path, contents(0, 30));
    offsets[path] = statSync(path).size;
    append(path, contents(30, 10));
  }
  const file = savedByAlloy(stage, offsets);
  rotate(log, '20260101-000000');
  append(log, contents(40, 10));
  // Twice, so that the file of the position is compressed.
  compress(rotate(busy, '20260101-000000'));
  append(busy, contents(40, 3));
  rotate(busy, '20260101-000100');
  append(busy, contents(43, 7));
  const { status, stderr } = importInto(stage, file);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /reading goes on in 0\.log\.20260101-000000\n/);
  const collector = stage.start();
  await stage.stored(40);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.deepEqual(stored(stage, 'web'), contents(30, 20));
  assert.deepEqual(stored(stage, 'busy'), contents(30, 20));
  assert.equal(stage.loki.store.duplicates, 0);
});

test('legacy_positions_file counts at the very first start, for each way to an endpoint', BOUND, async (t) => {
  const stage = await makeStage(t);
  const log = stage.log('web');
  append(log, contents(0, 30));
  const file = join(stage.root, 'positions.yaml');
  writeFileSync(file, `positions:\n  ${log}: "${statSync(log).size}"\n  /var/log/syslog: "1"\n`);
  append(log, contents(30, 10));
  const source = (name: string) => `
loki.source.file "${name}" {
  targets               = [{ __path__ = "${stage.pods}/*/*/*.log", by = "${name}" }]
  legacy_positions_file = "${file}"
  file_match { enabled = true }
  forward_to            = [loki.process.p.receiver]
}`;
  const config = join(stage.root, 'config.alloy');
  writeFileSync(
    config,
    `${source('a')}${source('b')}
loki.process "p" {
  stage.cri { }
  forward_to = [loki.write.w.receiver]
}
${writeTo('w', stage.loki.pushUrl)}`,
  );
  const first = stage.start({ CONFIG: config });
  await stage.stored(20);
  append(log, contents(40, 5));
  await stage.stored(30);
  assert.equal(await first.end('SIGTERM'), 0);
  const second = stage.start({ CONFIG: config });
  await second.said('started');
  append(log, contents(45, 5));
  await stage.stored(40);
  assert.equal(await second.end('SIGTERM'), 0);
  for (const by of ['a', 'b']) assert.deepEqual(stage.loki.store.lines(`{by="${by}"}`), contents(30, 20));
  assert.equal(stage.loki.store.duplicates, 0);
});

test('legacy_positions_file of compressed files: what was read of them is not read again', BOUND, async (t) => {
  const stage = await makeStage(t);
  const logs = join(stage.root, 'logs');
  mkdirSync(logs);
  const text = contents(0, 10).map((line) => `${line}\n`);
  const write = (name: string, packed: Buffer): string => {
    writeFileSync(join(logs, name), packed);
    return join(logs, name);
  };
  const whole = Buffer.from(text.join(''));
  const half = Buffer.byteLength(text.slice(0, 5).join(''));
  // By bytes, by lines, to its end, and one whose position cannot be found.
  const offsets = {
    [write('app.log.1.gz', gzipSync(whole))]: half,
    [write('lines.gz', gzipSync(whole))]: 6,
    [write('all.z', deflateSync(whole))]: whole.length,
    [write('other.gz', gzipSync(whole))]: half + 1,
  };
  const config = join(stage.root, 'config.alloy');
  writeFileSync(
    config,
    `
loki.source.file "f" {
  targets               = [{ __path__ = "${logs}/*" }]
  legacy_positions_file = "${savedByAlloy(stage, offsets)}"
  forward_to            = [loki.write.w.receiver]
  file_match { enabled = true }
  decompression {
    enabled = true
    format  = "gz"
  }
}
${writeTo('w', stage.loki.pushUrl)}`,
  );
  const collector = stage.start({ CONFIG: config });
  await collector.said('started');
  write('late.gz', gzipSync('late\n'));
  await stage.stored(5 + 4 + 10 + 1);
  assert.equal(await collector.end('SIGTERM'), 0);
  const of = (name: string) => stage.loki.store.lines(`{filename="${join(logs, name)}"}`);
  assert.deepEqual(of('app.log.1.gz'), contents(5, 5));
  assert.deepEqual(of('lines.gz'), contents(6, 4));
  assert.deepEqual(of('all.z'), []);
  assert.deepEqual(of('other.gz'), contents(0, 10));
});

test('a legacy_positions_file that is no positions file is said, and done without', BOUND, async (t) => {
  const stage = await makeStage(t);
  append(stage.log('web'), contents(0, 3));
  const file = join(stage.root, 'positions.yaml');
  const config = join(stage.root, 'config.alloy');
  const text = `
loki.source.file "a" {
  targets               = [{ __path__ = "${stage.log('web')}" }]
  legacy_positions_file = "${file}"
  forward_to            = [loki.write.w.receiver]
}
${writeTo('w', stage.loki.pushUrl)}`;
  writeFileSync(config, text);
  mkdirSync(file);
  const refused = stage.start({ CONFIG: config });
  assert.equal(await refused.ended, 1);
  assert.match(refused.stderr, /the positions file .* cannot be read: EISDIR/);
  rmdirSync(file);
  writeFileSync(file, 'positions: [');
  const collector = stage.start({ CONFIG: config });
  await stage.stored(3);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.equal(collector.saying('POSITIONS_UNREADABLE').length, 1);
});

test('a position in the middle of a CRI line is none', BOUND, async (t) => {
  const stage = await makeStage(t);
  const log = stage.log('web');
  mkdirSync(dirname(log), { recursive: true });
  appendFileSync(log, criLine('line 0'));
  const { size: offset } = statSync(log);
  appendFileSync(log, criLine('line 1'));
  assert.equal(importInto(stage, savedByAlloy(stage, { [log]: offset + 5 })).status, 0);
  const collector = stage.start();
  await stage.stored(1);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.deepEqual(stored(stage, 'web').at(-1), 'line 1');
});

test('nothing is imported beside a running collector, over its positions, or from no file', BOUND, async (t) => {
  const stage = await makeStage(t);
  const log = stage.log('web');
  append(log, contents(0, 10));
  const file = savedByAlloy(stage, { [log]: 0 });
  const collector = stage.start();
  await stage.stored(10);
  const running = importInto(stage, file, '--force');
  assert.equal(running.status, 1);
  assert.match(running.stderr, /^sleipnir: another collector uses the state directory/);
  assert.equal(await collector.end('SIGTERM'), 0);

  const over = importInto(stage, file);
  assert.equal(over.status, 1);
  assert.match(over.stderr, /has positions of 1 logs already.*\nNothing was changed/);
  const forced = importInto(stage, file, '--force');
  assert.equal(forced.status, 0, forced.stderr);
  assert.match(forced.stdout, /0\.log +0\.log +0 /);

  const none = importInto(stage, join(stage.root, 'no.yml'), '--force');
  assert.equal(none.status, 1);
  assert.match(none.stderr, /^sleipnir: there is no positions file/);
  writeFileSync(file, 'positions: [');
  const broken = importInto(stage, file, '--force');
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /^sleipnir: the positions file cannot be read: /);
});
