import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Journal, openJournal } from '../../src/checkpoint/journal.js';
import type { CheckpointProblem } from '../../src/checkpoint/problem.js';
import { type Call, errno, MemoryFiles } from './memory-files.js';
import { sample, samplePath } from './sample.js';

async function start(compactBytes = 1 << 20) {
  const files = new MemoryFiles();
  const problems: CheckpointProblem[] = [];
  const onProblem = (problem: CheckpointProblem) => problems.push(problem);
  const journal = await openJournal('/state', { files, onProblem, compactBytes });
  return {
    files,
    journal,
    /** What was reported since the last time, without its text. */
    reports: () => problems.splice(0).map(({ code, resolved }) => `${code}${resolved ? ' resolved' : ''}`),
    reopen: () => openJournal('/state', { files, onProblem }),
  };
}

async function put(journal: Journal, log: number, version: number): Promise<void> {
  journal.put(sample(log, version));
  await journal.sync();
}

const failing =
  (call: Call, code: string, only = '') =>
  (at: Call, name: string) =>
    at === call && name.includes(only) ? errno(code) : undefined;

for (const [call, code] of [
  ['append', 'ENOSPC'],
  ['datasync', 'EIO'],
  ['stat', 'EIO'],
] as [Call, string][]) {
  test(`${call} fails with ${code}: said once, tried again, said when it is over`, async () => {
    const { files, journal, reports, reopen } = await start();
    await put(journal, 1, 1);
    files.fault = failing(call, code);
    await put(journal, 1, 2);
    await put(journal, 2, 1);
    await put(journal, 2, 2);
    const first = reports();
    if (call === 'datasync') {
      // The file is given up at once, and a new one needs no datasync.
      assert.deepEqual(first, ['JOURNAL_NOT_WRITTEN', 'JOURNAL_NOT_WRITTEN resolved', 'JOURNAL_NOT_WRITTEN']);
    } else {
      assert.deepEqual(first, ['JOURNAL_NOT_WRITTEN']);
      assert.equal(journal.unsynced, 2);
    }
    files.fault = () => undefined;
    await put(journal, 3, 1);
    assert.deepEqual(reports(), ['JOURNAL_NOT_WRITTEN resolved']);
    assert.equal(journal.unsynced, 0);
    files.powerCut(() => 0);
    const { records } = await reopen();
    assert.deepEqual([...records.values()], [sample(1, 2), sample(2, 2), sample(3, 1)]);
  });
}

for (const call of ['mkdir', 'access', 'open', 'append', 'sync', 'rename'] as Call[]) {
  test(`the first file cannot be made because ${call} fails: said once, made when it works again`, async () => {
    const { files, journal, reports, reopen } = await start();
    files.fault = failing(call, 'EIO');
    await put(journal, 1, 1);
    await put(journal, 1, 2);
    assert.deepEqual(reports(), ['JOURNAL_NOT_WRITTEN']);
    files.fault = () => undefined;
    await journal.sync();
    assert.deepEqual(reports(), ['JOURNAL_NOT_WRITTEN resolved']);
    assert.equal(files.names.filter((name) => name.endsWith('.tmp')).length, 0);
    files.powerCut(() => 0);
    assert.deepEqual((await reopen()).records.get(samplePath(1)), sample(1, 2));
  });
}

test('a reason that changes is said again', async () => {
  const { files, journal, reports } = await start();
  files.fault = failing('append', 'ENOSPC');
  await put(journal, 1, 1);
  files.fault = failing('append', 'EROFS');
  await put(journal, 1, 2);
  assert.deepEqual(reports(), ['JOURNAL_NOT_WRITTEN', 'JOURNAL_NOT_WRITTEN']);
});

test('a line written in part does not spoil the next', async () => {
  const { files, journal, reopen } = await start();
  await put(journal, 1, 1);
  files.fault = failing('append', 'ENOSPC');
  await put(journal, 1, 2);
  files.fault = () => undefined;
  await put(journal, 1, 3);
  const again = await reopen();
  assert.equal(again.recovery.damagedLines, 1);
  assert.deepEqual(again.records.get(samplePath(1)), sample(1, 3));
});

test('without room for a rewrite the file is appended to, and the rewrite is not tried at each sync', async () => {
  const { files, journal, reports, reopen } = await start(2000);
  await put(journal, 1, 1);
  files.fault = failing('open', 'ENOSPC', '.tmp');
  files.calls.length = 0;
  for (let version = 2; version <= 40; version++) await put(journal, 1, version);
  assert.equal(journal.unsynced, 0);
  assert.deepEqual(reports(), ['JOURNAL_NOT_COMPACTED']);
  const tries = files.calls.filter((call) => call === 'open').length;
  assert.equal(tries > 1 && tries < 10, true, `${tries} tries`);
  files.fault = () => undefined;
  for (let version = 41; version <= 60; version++) await put(journal, 1, version);
  assert.deepEqual(reports(), ['JOURNAL_NOT_COMPACTED resolved']);
  assert.equal(files.names.length, 2);
  assert.deepEqual((await reopen()).records.get(samplePath(1)), sample(1, 60));
});

test('a crowd of puts is one line, and syncs made during a write share the next', async () => {
  const { files, journal } = await start();
  await put(journal, 1, 1);
  files.calls.length = 0;
  const before = files.bytes('journal.1').length;
  for (let version = 2; version <= 1000; version++) journal.put(sample(1, version));
  const first = journal.sync();
  await Promise.resolve();
  await Promise.resolve();
  journal.put(sample(2, 1));
  const second = [journal.sync(), journal.sync()];
  journal.put(sample(3, 1));
  await Promise.all([first, ...second, journal.sync()]);
  assert.equal(files.calls.filter((call) => call === 'datasync').length, 2);
  const lines = files.bytes('journal.1').subarray(before).toString().trim().split(/\n+/);
  assert.equal(lines.length, 3);
});

test('closing stores what is left, twice does no harm, and nothing is written afterwards', async () => {
  const { files, journal, reopen } = await start();
  await put(journal, 1, 1);
  journal.put(sample(1, 2));
  await Promise.all([journal.close(), journal.close()]);
  const size = files.bytes('journal.1').length;
  await put(journal, 1, 3);
  assert.equal(files.bytes('journal.1').length, size);
  assert.deepEqual((await reopen()).records.get(samplePath(1)), sample(1, 2));
});

test('short of descriptors, opening fails rather than going on without the newest file', async () => {
  const { files, journal, reopen } = await start();
  await put(journal, 1, 1);
  await journal.close();
  files.fault = failing('readFile', 'EMFILE');
  await assert.rejects(reopen(), { code: 'STATE_DIR_UNUSABLE' });
  assert.deepEqual(files.names, ['journal.1']);
});
