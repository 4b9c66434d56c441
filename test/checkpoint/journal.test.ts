import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openJournal } from '../../src/checkpoint/journal.js';
import { readPositions } from '../../src/checkpoint/positions.js';
import type { CheckpointProblem } from '../../src/checkpoint/problem.js';
import type { Cursor, PositionRecord } from '../../src/checkpoint/record.js';
import { sample, samplePath } from './sample.js';

const root = await mkdtemp(join(tmpdir(), 'sleipnir-journal-'));
after(() => rm(root, { recursive: true, force: true }));

let folders = 0;
const newPath = (): string => join(root, String(folders++), 'state');
const open = (stateDir: string, compactBytes = 4 << 20) =>
  openJournal(stateDir, { compactBytes, onProblem: ({ message }) => assert.fail(message) });

const EMPTY: Cursor = {
  dev: '1',
  ino: '2',
  name: '0.log',
  head: null,
  tail: null,
  offset: 0,
  size: 0,
  format: null,
  carry: null,
};

test('what was put is found again, bytes and all', async () => {
  const stateDir = newPath();
  const rich: PositionRecord = {
    log: '/var/log/pods/a_b "quoted" \u00e4\u{1f40e}\n_c/d/0.log',
    cursors: [
      {
        dev: '18446744073709551615',
        ino: '18446744073709551614',
        name: '0.log.20261122-113905',
        head: { bytes: 10, hash: 'fedcba9876543210' },
        tail: { bytes: 10, hash: '0123456789abcdef' },
        offset: Number.MAX_SAFE_INTEGER,
        size: Number.MAX_SAFE_INTEGER,
        format: 'docker',
        carry: Uint8Array.from({ length: 256 }, (_, byte) => byte),
      },
      EMPTY,
      { ...EMPTY, carry: Uint8Array.of(1), gap: true },
    ],
    doneThrough: '20261122-113905',
  };
  const journal = await open(stateDir);
  assert.deepEqual(journal.recovery, {
    records: 0,
    damagedLines: 0,
    usedPrevious: false,
    startedEmpty: true,
    firstStart: true,
    setAside: [],
  });
  journal.put(rich);
  journal.put({ log: '/done', cursors: [], doneThrough: null });
  journal.put(sample(1, 1));
  journal.forget(samplePath(1));
  await journal.close();
  const again = await open(stateDir);
  assert.deepEqual(
    again.records,
    new Map([
      [rich.log, rich],
      ['/done', { log: '/done', cursors: [], doneThrough: null }],
    ]),
  );
  assert.equal(again.recovery.firstStart, false);
  assert.equal(again.recovery.records, 2);
  await again.close();
});

test('a start without changes writes nothing', async () => {
  const stateDir = newPath();
  const journal = await open(stateDir);
  journal.put(sample(1, 1));
  await journal.close();
  const names = await readdir(stateDir);
  const again = await open(stateDir);
  await again.sync();
  await again.close();
  assert.deepEqual(await readdir(stateDir), names);
});

test('two files are kept, readable by their owner alone', async () => {
  const stateDir = newPath();
  const journal = await open(stateDir, 2000);
  for (let version = 1; version <= 100; version++) {
    journal.put(sample(version % 3, version));
    await journal.sync();
  }
  await journal.close();
  const names = await readdir(stateDir);
  assert.equal(names.length, 2);
  for (const name of names) assert.equal((await stat(join(stateDir, name))).mode & 0o777, 0o600);
  const again = await open(stateDir);
  assert.deepEqual(again.records.get(samplePath(1)), sample(1, 100));
});

test('positions can be read while the journal is rewritten all the time', async () => {
  const stateDir = newPath();
  const journal = await open(stateDir, 1);
  journal.put(sample(2, 1));
  await journal.sync();
  let last = 0;
  for (let version = 1; version <= 60; version++) {
    journal.put(sample(1, version));
    const [records] = await Promise.all([readPositions(stateDir), journal.sync()]);
    assert.deepEqual(records.at(-1), sample(2, 1));
    const offset = records.length === 2 ? (records[0]?.cursors[0]?.offset ?? 0) : 0;
    assert.equal(offset >= last && offset <= version, true);
    last = version - 1;
  }
  await journal.close();
  assert.deepEqual(await readPositions(stateDir), [sample(1, 60), sample(2, 1)]);
});

test('reading positions says what is wrong', async () => {
  await assert.rejects(readPositions(newPath()), { code: 'STATE_DIR_UNUSABLE' });
  const stateDir = newPath();
  await mkdir(join(stateDir, 'journal.1'), { recursive: true });
  await assert.rejects(readPositions(stateDir), { code: 'JOURNAL_UNREADABLE' });
  assert.deepEqual(await readdir(stateDir), ['journal.1']);
});

test('a file that cannot be read is set aside and reported, and the one before it is used', async () => {
  const stateDir = newPath();
  const journal = await open(stateDir);
  journal.put(sample(1, 1));
  await journal.close();
  await mkdir(join(stateDir, 'journal.2'));
  await writeFile(join(stateDir, 'journal.3'), '\nc4756efc {"journal":2}\n');
  const problems: CheckpointProblem[] = [];
  const again = await openJournal(stateDir, { onProblem: (problem) => problems.push(problem) });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['JOURNAL_UNREADABLE', 'JOURNAL_UNREADABLE'],
  );
  assert.match(problems[0]?.message ?? '', /journal\.3 cannot be read: .*version 2/);
  assert.match(problems[1]?.message ?? '', /journal\.2 cannot be read: EISDIR/);
  assert.equal(again.recovery.usedPrevious, true);
  assert.deepEqual(again.recovery.setAside, ['journal.3.unreadable', 'journal.2.unreadable']);
  assert.deepEqual(again.records.get(samplePath(1)), sample(1, 1));
  again.put(sample(1, 2));
  await again.close();
  assert.deepEqual((await readdir(stateDir)).sort(), [
    'journal.1',
    'journal.2.unreadable',
    'journal.3.unreadable',
    'journal.4',
  ]);
});

test('leftovers are removed and a line that a crash cut short is skipped', async () => {
  const stateDir = newPath();
  const journal = await open(stateDir);
  journal.put(sample(1, 1));
  await journal.close();
  await writeFile(join(stateDir, 'journal.2.tmp'), 'half a snapsho');
  await appendFile(join(stateDir, 'journal.1'), '\n1234abcd {"put":"/var/lo');
  const again = await open(stateDir);
  assert.equal(again.recovery.damagedLines, 1);
  assert.equal(again.recovery.usedPrevious, false);
  assert.deepEqual(await readdir(stateDir), ['journal.1']);
});

test('a state directory that is deleted under the journal comes back whole', async () => {
  const stateDir = newPath();
  const journal = await open(stateDir);
  journal.put(sample(1, 1));
  await journal.sync();
  await rm(stateDir, { recursive: true });
  journal.put(sample(2, 1));
  await journal.close();
  assert.deepEqual(await readPositions(stateDir), [sample(1, 1), sample(2, 1)]);
});

test('a state directory that cannot be used is an error with advice', async () => {
  const file = join(root, 'file');
  await writeFile(file, '');
  await assert.rejects(open(join(file, 'state')), { code: 'STATE_DIR_UNUSABLE', advice: /hostPath/ });
  await assert.rejects(open(file), { code: 'STATE_DIR_UNUSABLE' });
});

test('the format is the golden one', async () => {
  // Found from the compiled test, which lies as deep as the source.
  const golden = new URL('../../../test/checkpoint/golden/journal.1', import.meta.url);
  const stateDir = newPath();
  const journal = await open(stateDir);
  journal.put(sample(1, 3));
  journal.put({ log: '/var/log/pods/a_b_c/\u00e4/0.log', cursors: [] });
  await journal.sync();
  journal.put(sample(1, 4));
  await journal.sync();
  journal.forget(samplePath(1));
  await journal.sync();
  await journal.close();
  assert.equal(await readFile(join(stateDir, 'journal.1'), 'utf8'), await readFile(golden, 'utf8'));
});
