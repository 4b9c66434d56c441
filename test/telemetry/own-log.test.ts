import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLog } from '../../src/telemetry/log.js';
import { OwnLogFile, ownLogPath } from '../../src/telemetry/own-log.js';

function makeFile(t: TestContext, prepare: (path: string) => void = () => {}): OwnLogFile {
  const stateDir = mkdtempSync(join(tmpdir(), 'own-log-'));
  prepare(ownLogPath(stateDir));
  const file = new OwnLogFile(ownLogPath(stateDir));
  t.after(() => {
    file.close();
    rmSync(stateDir, { recursive: true });
  });
  return file;
}

function kept(path: string): string[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n');
}

test('lines are kept in the CRI format, those of a former start before them', (t) => {
  const file = makeFile(t);
  // Where a lane looks for it before the first line.
  assert.equal(readFileSync(file.path, 'utf8'), '');
  file.write('{"level":"info","msg":"one"}\n');
  file.close();
  const next = new OwnLogFile(file.path);
  next.write('{"level":"warn","msg":"two"}\n');
  next.close();
  const lines = kept(file.path);
  assert.deepEqual(
    lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, '')),
    ['stdout F {"level":"info","msg":"one"}', 'stdout F {"level":"warn","msg":"two"}'],
  );
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
});

test('no more than two files of a MiB, and the newest lines are in them', (t) => {
  const file = makeFile(t);
  const filler = 'x'.repeat(10_000);
  for (let i = 0; i < 500; i++) file.write(`{"level":"info","i":${i},"filler":"${filler}"}\n`);
  const folder = dirname(file.path);
  assert.deepEqual(readdirSync(folder).sort(), ['own.log', 'own.log.1']);
  for (const name of readdirSync(folder)) assert.ok(statSync(join(folder, name)).size <= 2 ** 20);
  const indexes = [...kept(`${file.path}.1`), ...kept(file.path)].map((line) => Number(/"i":(\d+)/.exec(line)?.[1]));
  assert.deepEqual(
    indexes,
    Array.from({ length: indexes.length }, (_, i) => 500 - indexes.length + i),
  );
});

test('what cannot be kept is dropped and counted', (t) => {
  const file = makeFile(t, (path) => mkdirSync(path, { recursive: true }));
  file.write('{"level":"info","msg":"lost"}\n');
  file.write('{"level":"info","msg":"lost, too"}\n');
  rmdirSync(file.path);
  file.write('{"level":"info","msg":"kept"}\n');
  const lines = kept(file.path).map((line) => JSON.parse(line.slice(line.indexOf('{'))) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ code, lines: count, msg }) => [code, count, msg]),
    [
      ['OWN_LOG_DROPPED', 2, 'lines of our own log could not be kept for write_to'],
      [undefined, undefined, 'kept'],
    ],
  );
});

test('a log keeps its lines as JSON where it is told to, but those of each push', async (t) => {
  const { path } = makeFile(t);
  const shown: string[] = [];
  const log = await createLog({ logLevel: 'trace', logFormat: 'pretty' }, { write: (line) => shown.push(line) });
  log.info('before');
  log.keepIn(path);
  log.info({ n: 1 }, 'kept');
  log.trace('positions stored');
  log.keepIn(path);
  log.warn('kept as well');
  log.keepIn(null);
  log.info('after');
  assert.equal(shown.length, 5);
  const messages = kept(path).map((line) => (JSON.parse(line.slice(line.indexOf('{'))) as { msg: string }).msg);
  assert.deepEqual(messages, ['kept', 'kept as well']);
});
