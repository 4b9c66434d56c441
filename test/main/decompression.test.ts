import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { eventually, makeStage, type Stage, writeTo } from './kit.js';

const TIMEOUT = { timeout: 60_000 };

function configured(stage: Stage, delay = '0s'): string {
  const logs = join(stage.root, 'logs');
  mkdirSync(logs, { recursive: true });
  const path = join(stage.root, 'config.alloy');
  writeFileSync(
    path,
    `
local.file_match "archive" {
  path_targets = [{ __path__ = "${logs}/*.{gz,z,bz2}", job = "archive" }]
}
loki.source.file "archive" {
  targets       = local.file_match.archive.targets
  tail_from_end = true
  forward_to    = [loki.write.loki.receiver]
  decompression {
    enabled       = true
    format        = "gz"
    initial_delay = "${delay}"
  }
}
${writeTo('loki', stage.loki.pushUrl)}`,
  );
  return path;
}

function lines(prefix: string, count: number): string {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index}\n`).join('');
}

test('compressed files are read once to their end, each a log of its own, and not again', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const config = configured(stage);
  const logs = join(stage.root, 'logs');
  // Two of them look like rotated generations of one log, whose plain file nobody asked for.
  writeFileSync(join(logs, 'app.log'), 'not wanted\n');
  writeFileSync(join(logs, 'app.log.1.gz'), gzipSync(lines('one', 50_000)));
  writeFileSync(join(logs, 'app.log.2.gz'), Buffer.concat([gzipSync('two a\ntwo'), gzipSync(' b\nunfinished')]));
  writeFileSync(join(logs, 'old.z'), deflateSync(lines('three', 100)));
  // Four lines as bzip2 1.0.8 packs them.
  writeFileSync(
    join(logs, 'older.bz2'),
    Buffer.from('QlpoOTFBWSZTWczVrXcAAAZZgAAQQAB4AAEAkgAgADEAMAqoGJkd9HySSiyzBdyRThQkMzVrXcA=', 'base64'),
  );
  for (const more of [0, 1]) {
    const collector = stage.start({ CONFIG: config });
    await collector.said('started');
    writeFileSync(join(logs, `late-${more}.gz`), gzipSync(`late ${more}\n`));
    await stage.stored(50_000 + 3 + 100 + 4 + more + 1);
    assert.equal(await collector.end('SIGTERM'), 0);
  }
  const { store } = stage.loki;
  assert.equal(store.duplicates, 0);
  assert.equal(store.entries, 50_000 + 3 + 100 + 4 + 2);
  const of = (name: string) => store.lines(`{filename="${join(logs, name)}",job="archive"}`);
  assert.deepEqual(of('app.log.2.gz'), ['two a', 'two b', 'unfinished']);
  assert.equal(of('app.log.1.gz').at(-1), 'one 49999');
  assert.equal(of('old.z').length, 100);
  assert.deepEqual(of('older.bz2'), ['four 0', 'four 1', 'four 2', 'four 3']);
  assert.deepEqual(of('app.log'), []);
});

test('a compressed file that is still being written is read when it is complete', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const config = configured(stage);
  const path = join(stage.root, 'logs', 'slow.gz');
  const whole = gzipSync(lines('slow', 20_000));
  writeFileSync(path, whole.subarray(0, 1000));
  const collector = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
  await collector.said('LOG_UNREADABLE');
  appendFileSync(path, whole.subarray(1000));
  await stage.stored(20_000);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.equal(stage.loki.store.entries, 20_000);
});

test(
  'after initial_delay, though the file is gone by then; another file of its name is read as well',
  TIMEOUT,
  async (t) => {
    const stage = await makeStage(t);
    const config = configured(stage, '1s');
    const path = join(stage.root, 'logs', 'app.gz');
    const collector = stage.start({ CONFIG: config });
    await collector.said('started');
    const begunMs = Date.now();
    writeFileSync(path, gzipSync('first\n'));
    await stage.stored(1);
    assert.ok(Date.now() - begunMs >= 1000);
    writeFileSync(`${path}.new`, gzipSync('second\n'));
    renameSync(`${path}.new`, path);
    await stage.stored(2);
    const open = async (count: number) => (await collector.metric('generations_open')) === count;
    await eventually(() => open(0));
    writeFileSync(path.replace('app', 'gone'), gzipSync('third\n'));
    await eventually(() => open(1));
    unlinkSync(path.replace('app', 'gone'));
    await stage.stored(3);
    assert.equal(await collector.end('SIGTERM'), 0);
    assert.deepEqual(stage.loki.store.lines(), ['first', 'second', 'third']);
  },
);
