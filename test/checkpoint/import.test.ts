import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type ImportOptions, importPositions, importPositionsFile } from '../../src/checkpoint/import.js';

const root = mkdtempSync(join(tmpdir(), 'sleipnir-import-'));
let folder: string;
let log: string;
let notes: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(root, 'c-'));
  log = join(folder, '0.log');
  notes = [];
});
afterEach(() => rmSync(folder, { recursive: true }));
after(() => rmSync(root, { recursive: true }));

/** Ten bytes each. */
function lines(from: number, count: number): string {
  return Array.from({ length: count }, (_, index) => `line ${String(from + index).padStart(4, '0')}\n`).join('');
}

function rotate(stamp: string): string {
  renameSync(log, `${log}.${stamp}`);
  return `${log}.${stamp}`;
}

function compress(path: string, content: string): void {
  writeFileSync(`${path}.gz`, gzipSync(content));
  unlinkSync(path);
}

/** Imports positions by file name; one cursor is `name@offset/size`. */
async function imported(stored: Record<string, string | number>, options: ImportOptions = {}): Promise<string[]> {
  const entries = Object.entries(stored).map(([name, value]) => `  ${join(folder, name)}: "${value}"\n`);
  const records = await importPositions(`positions:\n${entries.join('')}`, {
    onNote: ({ path, message }) => notes.push(`${basename(path)}: ${message}`),
    ...options,
  });
  for (const record of records) assert.equal(record.log, log);
  const cursors = records.flatMap((record) => record.cursors);
  for (const { name, dev, ino, head, tail, carry, format } of cursors) {
    const seen = statSync(join(folder, name), { bigint: true });
    assert.deepEqual(
      [dev, ino, head, tail, carry, format],
      [String(seen.dev), String(seen.ino), null, null, null, null],
    );
  }
  return cursors.map(({ name, offset, size }) => `${name}@${offset}/${size}`);
}

/** Whether this file system tells when a file was born. */
function tellsBirth(): boolean {
  const { birthtimeMs, ctimeMs } = statSync(log);
  return birthtimeMs > 0 && birthtimeMs < ctimeMs;
}

/** Until the clock of the file system has moved on. */
async function later(): Promise<number> {
  const from = Date.now();
  while (Date.now() < from + 20) await new Promise((resolve) => setTimeout(resolve, 5));
  return from + 10;
}

describe('an imported position', () => {
  it('is in the current file, where a line begins there', async () => {
    writeFileSync(`${log}.20260101-000000`, lines(0, 10));
    writeFileSync(log, lines(10, 10));
    assert.deepEqual(await imported({ '0.log': 50 }), ['0.log@50/100']);
    assert.deepEqual(await imported({ '0.log': 100 }), ['0.log@100/100']);
    assert.deepEqual(notes, []);
  });

  it('is in a rotated file, when the current one is too short for it or has no line there', async () => {
    writeFileSync(log, lines(0, 10));
    rotate('20260101-000000');
    writeFileSync(log, lines(10, 3));
    assert.deepEqual(await imported({ '0.log': 50 }), ['0.log.20260101-000000@50/100']);
    writeFileSync(log, `longer ${lines(10, 10)}`);
    assert.deepEqual(await imported({ '0.log': 50 }), ['0.log.20260101-000000@50/100']);
    assert.equal(notes[0], '0.log: it was rotated since; reading goes on in 0.log.20260101-000000');
  });

  it('is in the newest rotated file that has a line there, compressed or not', async () => {
    writeFileSync(log, lines(0, 10));
    compress(rotate('20260101-000000'), lines(0, 10));
    writeFileSync(log, lines(10, 4));
    rotate('20260101-000100');
    writeFileSync(`${log}.20260101-000200.tmp`, lines(0, 100));
    assert.deepEqual(await imported({ '0.log': 90 }), ['0.log.20260101-000000.gz@90/90']);
    assert.deepEqual(await imported({ '0.log': 40 }), ['0.log.20260101-000100@40/40']);
    assert.deepEqual(await imported({ '0.log': 100 }), ['0.log.20260101-000000.gz@100/100']);
    assert.deepEqual(await imported({ '0.log': 110 }), []);
    assert.match(notes.at(-1) ?? '', /^0\.log: no file of it has a line that begins at 110, so all of them are read$/);
  });

  it('is not in what was born after it was stored', async (t) => {
    writeFileSync(log, lines(0, 5));
    await later();
    appendFileSync(log, lines(5, 5));
    if (!tellsBirth()) return t.skip('the file system does not tell when a file was born');
    const savedAtMs = await later();
    rotate('20260101-000000');
    writeFileSync(log, lines(10, 10));
    await later();
    appendFileSync(log, lines(20, 10));
    assert.deepEqual(await imported({ '0.log': 50 }), ['0.log@50/200'], 'nothing else tells');
    assert.deepEqual(await imported({ '0.log': 50 }, { savedAtMs }), ['0.log.20260101-000000@50/100']);
    assert.deepEqual(await imported({ '0.log': 200 }, { savedAtMs }), [], 'in neither');
  });

  it('in the middle of a line goes back to its start, when it is sure which file it is', async (t) => {
    writeFileSync(log, lines(0, 5));
    await later();
    appendFileSync(log, lines(5, 5));
    assert.deepEqual(await imported({ '0.log': 55 }), []);
    if (!tellsBirth()) return t.skip('the file system does not tell when a file was born');
    assert.deepEqual(await imported({ '0.log': 55 }, { savedAtMs: await later() }), ['0.log@50/100']);
    assert.deepEqual(await imported({ '0.log': 5 }, { savedAtMs: await later() }), ['0.log@0/100']);
    assert.match(notes.at(-1) ?? '', /no line begins at 5; reading goes on where that line begins, at 0$/);
  });

  it('of 0 leaves the rotated files done', async () => {
    writeFileSync(log, lines(0, 10));
    assert.deepEqual(await imported({ '0.log': 0 }), ['0.log@0/100']);
    compress(rotate('20260101-000000'), lines(0, 10));
    writeFileSync(log, lines(10, 10));
    assert.deepEqual(await imported({ '0.log': 0 }), ['0.log.20260101-000000.gz@100/100']);
  });

  it('that is no number is treated as the source says', async () => {
    writeFileSync(log, `${lines(0, 10)}unfinished`);
    for (const value of ['', '-1', '1.5', 'abc', '99999999999999999999']) {
      assert.deepEqual(await imported({ '0.log': value }), ['0.log@0/110'], value);
      assert.deepEqual(await imported({ '0.log': value }, { onInvalid: 'restart_from_end' }), ['0.log@100/110'], value);
      assert.deepEqual(await imported({ '0.log': value }, { onInvalid: 'skip' }), [], value);
    }
    assert.equal(
      notes[0],
      '0.log: its position is "", which is no whole number that can be an offset; it is read from its beginning',
    );
  });

  it('is the least of those that different labels have', async () => {
    writeFileSync(log, lines(0, 10));
    const entry = (labels: string, offset: number) => `  ? path: ${log}\n    labels: '${labels}'\n  : "${offset}"\n`;
    const text = `positions:\n${entry('{a="b"}', 70)}${entry('{}', 30)}`;
    const [record] = await importPositions(text, { onNote: ({ message }) => notes.push(message) });
    assert.equal(record?.cursors[0]?.offset, 30);
    assert.deepEqual(notes, ['it has 2 positions, of different labels; the least is taken: 30']);
  });

  it('of a rotated file is kept with that of the current one', async () => {
    writeFileSync(`${log}.20260101-000000.gz`, gzipSync(lines(0, 10)));
    writeFileSync(`${log}.20260101-000100`, lines(10, 10));
    writeFileSync(log, lines(20, 10));
    const stored = { '0.log.20260101-000100': 100, '0.log.20260101-000000.gz': 80, '0.log': 20 };
    assert.deepEqual(await imported(stored), [
      '0.log.20260101-000000.gz@80/80',
      '0.log.20260101-000100@100/100',
      '0.log@20/100',
    ]);
    // Lines, as Promtail counts in compressed files.
    assert.deepEqual(await imported({ '0.log.20260101-000000.gz': 7 }), ['0.log.20260101-000000.gz@70/70']);
    assert.deepEqual(await imported({ '0.log.20260101-000000.gz': 11 }), []);
  });

  it('of a file that was read under two names is the greater one', async () => {
    writeFileSync(log, lines(0, 10));
    rotate('20260101-000000');
    writeFileSync(log, '');
    const name = '0.log.20260101-000000';
    assert.deepEqual(await imported({ '0.log': 70, [name]: 30 }), [`${name}@70/100`]);
    assert.deepEqual(await imported({ [name]: 80, '0.log': 70 }), [`${name}@80/100`]);
    assert.deepEqual(await imported({ [name]: 30, '0.log': 70 }), [`${name}@70/100`]);
  });

  it('is in the plain file, not in the .gz beside it', async () => {
    writeFileSync(`${log}.20260101-000000`, lines(0, 10));
    writeFileSync(`${log}.20260101-000000.gz`, gzipSync(lines(0, 10)));
    writeFileSync(log, '');
    assert.deepEqual(await imported({ '0.log': 70 }), ['0.log.20260101-000000@70/100']);
  });

  it('in the middle of a line of a .gz is none', async () => {
    writeFileSync(`${log}.20260101-000000.gz`, gzipSync(lines(0, 10)));
    assert.deepEqual(await imported({ '0.log': 5 }, { savedAtMs: await later() }), []);
  });

  it('survives a damaged .gz', async () => {
    writeFileSync(`${log}.20260101-000000.gz`, gzipSync(lines(0, 10)).subarray(0, 20));
    writeFileSync(log, '');
    assert.deepEqual(await imported({ '0.log': 90 }), []);
  });

  it('of a file that is gone or not collected is left out', async () => {
    assert.deepEqual(await imported({ '0.log': 10 }), []);
    writeFileSync(log, lines(0, 10));
    const unwanted: string[] = [];
    const wanted = { wanted: () => false, onUnwanted: (path: string) => unwanted.push(path) };
    assert.deepEqual(await imported({ '0.log': 10 }, wanted), []);
    assert.deepEqual(unwanted, [log]);
    assert.deepEqual(notes, ['0.log: it is gone, so its position is left out']);
  });
});

describe('a positions file on disk', () => {
  it('tells by its time what cannot be meant', async (t) => {
    writeFileSync(log, lines(0, 5));
    await later();
    appendFileSync(log, lines(5, 5));
    if (!tellsBirth()) return t.skip('the file system does not tell when a file was born');
    const file = join(folder, 'positions.yml');
    writeFileSync(file, `positions:\n  ${log}: "50"\n`);
    await later();
    rotate('20260101-000000');
    writeFileSync(log, lines(10, 10));
    await later();
    appendFileSync(log, lines(20, 1));
    const records = await importPositionsFile(file);
    assert.equal(records[0]?.cursors[0]?.name, '0.log.20260101-000000');
  });

  it('is told apart from one that is missing or cannot be read', async () => {
    await assert.rejects(importPositionsFile(join(folder, 'positions.yml')), { code: 'POSITIONS_MISSING' });
    await assert.rejects(importPositionsFile(folder), { code: 'POSITIONS_FILE' });
  });
});
