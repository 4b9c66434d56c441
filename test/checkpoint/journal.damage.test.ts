import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openJournal } from '../../src/checkpoint/journal.js';
import { recover } from '../../src/checkpoint/recover.js';
import { MemoryFiles } from './memory-files.js';
import { sample, samplePath, versionOf } from './sample.js';

const LOGS = 4;
const COMPACT_BYTES = 1500;

/** A step of making a journal: the log to put (0..3), to forget (4..7), or a sync (8). */
type Step = number;
const SYNC = 2 * LOGS;
const NEWLINE = 10;

interface Line {
  file: string;
  from: number;
  to: number;
  log: number;
  /** Counts up over all changes of all logs. */
  change: number;
}

interface Made {
  files: Map<string, Buffer>;
  /** In the order they were written. */
  lines: Line[];
  /** For each log, its version after each change it has seen. */
  versions: Map<number, number | null>[];
  /** For each log, the change that it must be found at when nothing is damaged. */
  newest: number[];
}

/** Makes a journal of two files at least, and says where in them each version stands. */
async function make(steps: Step[]): Promise<Made> {
  const files = new MemoryFiles();
  const journal = await openJournal('/state', { files, compactBytes: COMPACT_BYTES, onProblem: assert.ifError });
  const versions = Array.from({ length: LOGS }, () => new Map<number, number | null>([[0, null]]));
  const newest = Array.from({ length: LOGS }, () => 0);
  let change = 0;
  const apply = async (step: Step): Promise<void> => {
    if (step === SYNC) return journal.sync();
    const log = step % LOGS;
    if (step < LOGS) journal.put(sample(log, ++change));
    else journal.forget(samplePath(log));
    if (step >= LOGS) change++;
    versions[log]?.set(change, step < LOGS ? change : null);
    newest[log] = change;
    await journal.sync();
  };
  for (const step of steps) await apply(step);
  while (files.names.length < 2) await apply(change % LOGS);
  for (const step of steps) await apply(step);
  await journal.close();
  const contents = new Map(files.names.map((name) => [name, files.bytes(name)]));
  return { files: contents, lines: [...contents].flatMap(([name, bytes]) => linesOf(name, bytes)), versions, newest };
}

/** Reads what is written independently of the code that is tested: each line with the newline on both sides. */
function linesOf(file: string, bytes: Buffer): Line[] {
  const lines: Line[] = [];
  let forgotten = 0;
  for (const match of bytes.toString('latin1').matchAll(/\n[0-9a-f]{8} (.*)\n/g)) {
    const json = JSON.parse(match[1] ?? '') as { put?: string; forget?: string; cursors?: { offset: number }[] };
    const path = json.put ?? json.forget;
    if (path === undefined) continue;
    const log = Number(/web-(\d)/.exec(path)?.[1]);
    const change = json.cursors?.[0]?.offset ?? --forgotten;
    lines.push({ file, from: match.index, to: match.index + match[0].length, log, change });
  }
  return lines;
}

async function read(contents: Map<string, Buffer>) {
  const files = new MemoryFiles();
  for (const [name, bytes] of contents) files.set(name, bytes);
  const recovered = await recover(files, '/state');
  assert.deepEqual(recovered.unreadable, []);
  return recovered;
}

/** Damages bytes [from, to) of one file, and checks that every log is found where its undamaged lines put it, or later. */
async function check(made: Made, file: string, from: number, to: number, damaged: Buffer): Promise<void> {
  const { records } = await read(new Map(made.files).set(file, damaged));
  for (let log = 0; log < LOGS; log++) {
    const found = versionOf(records.get(samplePath(log)));
    const lines = made.lines.filter((line) => line.log === log);
    const whole = lines.filter((line) => line.file !== file || line.to <= from || line.from >= to);
    const truth = made.versions[log]?.get(made.newest[log] ?? 0) ?? null;
    if (whole.at(-1) === lines.at(-1)) {
      assert.equal(found, truth, `log ${log}, whose newest line is whole`);
    } else if (found === null) {
      // Forgotten at last, or forgotten by the newest whole line, or never seen by any whole line.
      assert.equal(truth === null || (whole.at(-1)?.change ?? -1) < 0, true, `log ${log} is lost`);
    } else {
      assert.equal(made.versions[log]?.has(found), true, `log ${log} is at ${found}, which was never put`);
      const known = Math.max(...whole.map(({ change }) => change));
      assert.equal(found >= known, true, `log ${log} is at ${found}, but a whole line says ${known}`);
    }
  }
}

const flip = (bytes: Buffer, at: number, mask: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ mask, at);
  return copy;
};

test('any one byte flipped, and any truncation', async () => {
  const made = await make([0, 1, 2, 3, 5, 0, 8, 1, 2, 6, 3]);
  assert.equal(made.files.size, 2);
  for (const [name, bytes] of made.files) {
    for (let at = 0; at < bytes.length; at++) {
      await check(made, name, at, at + 1, flip(bytes, at, 1 << (at % 8)));
      // The newline at the end of a line is not missed at the end of a file.
      await check(made, name, bytes[at] === NEWLINE ? at + 1 : at, bytes.length, bytes.subarray(0, at));
    }
  }
});

test('any range zeroed, or overwritten with anything', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: SYNC }), { maxLength: 40 }),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      fc.option(fc.uint8Array({ minLength: 1, maxLength: 200 }).filter((noise) => !noise.includes(NEWLINE))),
      async (steps, which, start, length, noise) => {
        const made = await make(steps);
        const name = [...made.files.keys()][which % made.files.size] ?? '';
        const bytes = Buffer.from(made.files.get(name) ?? '');
        const from = start % bytes.length;
        const to = Math.min(bytes.length, from + 1 + (length % bytes.length));
        bytes.fill(noise ?? 0, from, to);
        await check(made, name, from, to, bytes);
      },
    ),
    { numRuns: 200 },
  );
});

test('whole files of zeros: the other one is used; both: an empty start that is not the first', async () => {
  const made = await make([0, 1, 2, 3]);
  const [older = '', newer = ''] = [...made.files.keys()];
  const zeros = (name: string) => Buffer.alloc(made.files.get(name)?.length ?? 0);
  const one = await read(new Map(made.files).set(newer, zeros(newer)));
  assert.equal(one.usedPrevious, true);
  assert.equal(one.damagedLines, 1);
  assert.equal(one.records.size, LOGS);
  const both = await read(new Map([older, newer].map((name) => [name, zeros(name)])));
  assert.equal(both.startedEmpty, true);
  assert.equal(both.firstStart, false);
  assert.equal(both.records.size, 0);
});

test('a snapshot whose last line is damaged is added to the file before it', async () => {
  const made = await make([0, 1, 2, 3, 4, 0]);
  const newer = [...made.files.keys()].at(-1) ?? '';
  const bytes = made.files.get(newer) ?? Buffer.alloc(0);
  const at = bytes.indexOf('{"end"');
  const recovered = await read(new Map(made.files).set(newer, flip(bytes, at, 4)));
  assert.equal(recovered.usedPrevious, true);
  for (let log = 0; log < LOGS; log++) {
    const version = made.versions[log]?.get(made.newest[log] ?? 0);
    assert.equal(versionOf(recovered.records.get(samplePath(log))), version);
  }
});

test('a log forgotten as a file begins stays forgotten when the snapshot of that file is damaged', async () => {
  const files = new MemoryFiles();
  const open = () => openJournal('/state', { files, onProblem: assert.ifError });
  const first = await open();
  first.put(sample(1, 1));
  first.put(sample(2, 2));
  await first.close();
  const second = await open();
  second.forget(samplePath(1));
  await second.close();
  const bytes = files.bytes('journal.2');
  files.set('journal.2', flip(bytes, bytes.indexOf('web-2'), 1));
  const { records, recovery } = await open();
  assert.equal(recovery.usedPrevious, true);
  assert.deepEqual([...records.values()], [sample(2, 2)]);
});

test('any two files of anything can be opened and written to again', async () => {
  const junk = fc.oneof(fc.uint8Array({ maxLength: 500 }), fc.constant(Buffer.from('\n00000000 {"end":0}\n')));
  await fc.assert(
    fc.asyncProperty(junk, junk, async (first, second) => {
      const files = new MemoryFiles();
      files.set('journal.7', first);
      files.set('journal.8', second);
      const journal = await openJournal('/state', { files, onProblem: assert.ifError });
      journal.put(sample(1, 5));
      await journal.close();
      const { records } = await openJournal('/state', { files, onProblem: assert.ifError });
      assert.deepEqual([...records.values()], [sample(1, 5)]);
    }),
    { numRuns: 200 },
  );
});
