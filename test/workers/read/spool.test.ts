import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { errnoOf } from '../../../src/errors.js';
import type { SpoolJob } from '../../../src/protocol.js';
import { markOf } from '../../../workers/mark.js';
import { Sources } from '../../../workers/read/source.js';
import { readSpoolHead } from '../../../workers/read/spool-format.js';
import { writeSpool } from '../../../workers/read/spool-writer.js';
import { runInTurn, sliceOf, smallWorker, spec, TestFile } from '../harness.js';
import { logBytes, readAll } from './sources.js';

const folder = mkdtempSync(join(tmpdir(), 'sleipnir-spool-'));
const file = new TestFile();
after(() => {
  file.close();
  rmSync(folder, { recursive: true });
});
const plain = logBytes(15_000);
file.set(plain);
const NOTE = '{"chain":"é"}';
let count = 0;

function jobOf(rest: Partial<SpoolJob> = {}): SpoolJob {
  const path = join(folder, `${count++}.spool`);
  return { source: { kind: 'plain', fd: file.fd }, from: 0, path, note: NOTE, limitBytes: 1 << 30, ...rest };
}

/** Where frames end that begin at `from`: with a line, each as late as may be. */
function frameEnds(from: number): number[] {
  const ends: number[] = [];
  for (let at = from; at < plain.length; at = ends.at(-1) as number)
    ends.push(plain.lastIndexOf(0x0a, Math.min(at + 262_144, plain.length) - 1) + 1);
  return ends;
}

describe('spool', () => {
  test('holds what was written, with its note, from any offset', async () => {
    const sources = new Sources();
    const job = jobOf({ from: 1234 });
    const result = await writeSpool(job, sources);
    assert.deepEqual(result, { end: plain.length, fileBytes: statSync(job.path).size, complete: true });
    assert.ok(result.fileBytes < plain.length / 2);
    assert.deepEqual(readSpoolHead(job.path), {
      note: NOTE,
      start: 1234,
      end: plain.length,
      fileBytes: result.fileBytes,
    });
    assert.deepEqual(readdirSync(folder), ['0.spool']);
    for (const from of [1234, 1235, 262_143, 262_144, 600_000, plain.length - 1, plain.length]) {
      const read = await readAll(sources, { kind: 'spool', path: job.path }, from);
      assert.ok(read.equals(plain.subarray(from)), `${from}`);
    }
  });

  test('of a gzip file, too', async () => {
    const sources = new Sources();
    const path = join(folder, 'log.gz');
    writeFileSync(path, gzipSync(plain));
    const fd = openSync(path, 'r');
    const job = jobOf({ source: { kind: 'gzip', fd }, from: 500_000 });
    await writeSpool(job, sources);
    closeSync(fd);
    assert.ok((await readAll(sources, { kind: 'spool', path: job.path }, 500_000)).equals(plain.subarray(500_000)));
  });

  test('is made only of what comes after the bytes that were read', async () => {
    const sources = new Sources();
    const from = plain.indexOf(10, 1000) + 1;
    const tail = markOf(plain, from - 128, from);
    const good = jobOf({ from, tail });
    assert.equal((await writeSpool(good, sources)).complete, true);
    assert.ok((await readAll(sources, { kind: 'spool', path: good.path }, from)).equals(plain.subarray(from)));
    const other = new TestFile();
    after(() => other.close());
    const rewritten = Buffer.from(plain);
    rewritten[from - 1]! ^= 1;
    for (const [what, content] of [
      ['rewritten', rewritten],
      ['shorter', plain.subarray(0, from - 1)],
      ['empty', ''],
    ] as const) {
      other.set(content);
      const job = jobOf({ source: { kind: 'plain', fd: other.fd }, from, tail });
      const result = await writeSpool(job, sources);
      assert.deepEqual(result, { end: from, fileBytes: 0, complete: false, changed: true }, what);
      assert.deepEqual([existsSync(job.path), existsSync(`${job.path}.tmp`)], [false, false], what);
    }
    // One that ends there was read to its end.
    other.set(plain.subarray(0, from));
    const ended = await writeSpool(jobOf({ source: { kind: 'plain', fd: other.fd }, from, tail }), sources);
    assert.deepEqual(ended, { end: from, fileBytes: 0, complete: true });
    // Nobody truncates a compressed file, and to look back in it is to inflate it once more.
    const path = join(folder, 'other.gz');
    writeFileSync(path, gzipSync(rewritten));
    const fd = openSync(path, 'r');
    const packed = await writeSpool(jobOf({ source: { kind: 'gzip', fd }, from, tail }), sources);
    closeSync(fd);
    assert.deepEqual([packed.complete, packed.changed], [true, undefined]);
  });

  test('slices of it are slices of the file it is a copy of', async () => {
    const sources = new Sources();
    const lineStart = plain.indexOf(10, 1000) + 1;
    const job = jobOf({ from: lineStart });
    await writeSpool(job, sources);
    const worker = smallWorker(1024, 7001, 1 << 22);
    const source = { kind: 'spool', path: job.path } as const;
    const cuts = [lineStart, 300_000, 300_500, plain.length];
    const from = (fd: number, rest: object) =>
      runInTurn(worker, spec(), cuts.length - 1, (i, before) =>
        sliceOf(fd, cuts[i]!, cuts[i + 1]!, {
          aligned: i === 0,
          final: true,

          carry: before?.carry ?? null,
          ...rest,
        }),
      );
    const copy = await from(-1, { source });
    const original = await from(file.fd, {});
    assert.deepEqual(copy.entries, original.entries);
    assert.deepEqual(
      copy.results.map(({ tail }) => tail),
      original.results.map(({ tail }) => tail),
    );
    // The mark of what lies before its start can not be held against it.
    const first = await runInTurn(worker, spec(), 1, () =>
      sliceOf(-1, lineStart, 5000, { source, before: { bytes: 128, hash: '0123456789abcdef' } }),
    );
    assert.equal(first.results[0]!.outcome, 'read');
    assert.equal(first.results[0]!.head, null);
  });

  test('its end is told, also where only its first bytes are left', async () => {
    const job = jobOf({ from: 5000 });
    await writeSpool(job, new Sources());
    const bytes = readFileSync(job.path);
    writeFileSync(job.path, bytes.subarray(0, bytes.length - 1));
    assert.equal(readSpoolHead(job.path).end, frameEnds(5000).at(-2));
    writeFileSync(job.path, bytes.subarray(0, 4096));
    assert.equal(readSpoolHead(job.path).end, 5000);
    assert.equal((await readAll(new Sources(), { kind: 'spool', path: job.path }, 5000)).length, 0);
  });

  test('stops at its limit, with a line', async () => {
    const sources = new Sources();
    const whole = await writeSpool(jobOf(), sources);
    const job = jobOf({ limitBytes: whole.fileBytes - 1 });
    const result = await writeSpool(job, sources);
    assert.equal(result.complete, false);
    assert.equal(result.end, frameEnds(0).at(-2));
    assert.equal(statSync(job.path).size, result.fileBytes);
    assert.ok((await readAll(sources, { kind: 'spool', path: job.path })).equals(plain.subarray(0, result.end)));
  });

  test('a line longer than a frame is copied', async () => {
    const long = new TestFile();
    const bytes = Buffer.concat([Buffer.alloc(600_000, 'x'), Buffer.from('\nshort\nopen')]);
    long.set(bytes);
    const job = jobOf({ source: { kind: 'plain', fd: long.fd } });
    const { end } = await writeSpool(job, new Sources());
    assert.equal(end, bytes.length);
    assert.ok((await readAll(new Sources(), { kind: 'spool', path: job.path })).equals(bytes));
    long.close();
  });

  test('nothing to copy, or no room for a frame, makes no file', async () => {
    const sources = new Sources();
    const none = jobOf({ from: plain.length });
    assert.deepEqual(await writeSpool(none, sources), { end: plain.length, fileBytes: 0, complete: true });
    const tight = jobOf({ limitBytes: 100 });
    assert.deepEqual(await writeSpool(tight, sources), { end: 0, fileBytes: 0, complete: false });
    for (const { path } of [none, tight]) assert.ok(!existsSync(path) && !existsSync(`${path}.tmp`));
  });

  test('a failure leaves nothing behind', async () => {
    const sources = new Sources();
    const job = jobOf({ source: { kind: 'gzip', fd: file.fd } });
    await assert.rejects(writeSpool(job, sources), (error) => errnoOf(error) === 'Z_DATA_ERROR');
    assert.ok(!existsSync(job.path) && !existsSync(`${job.path}.tmp`));
    await assert.rejects(writeSpool(jobOf({ path: '/nowhere/x' }), sources), (error) => errnoOf(error) === 'ENOENT');
  });

  test('a full disk leaves nothing behind', { skip: !existsSync('/dev/full') }, async () => {
    // The temporary file is a link to a device that is always full.
    const { symlinkSync } = await import('node:fs');
    const job = jobOf();
    symlinkSync('/dev/full', `${job.path}.tmp`);
    await assert.rejects(writeSpool(job, new Sources()), (error) => errnoOf(error) === 'ENOSPC');
    assert.ok(!existsSync(job.path) && !existsSync(`${job.path}.tmp`));
    assert.ok(existsSync('/dev/full'));
  });

  test('any damage ends the file at a frame, or is told; wrong bytes are never read', async () => {
    const sources = new Sources();
    const job = jobOf();
    await writeSpool(job, sources);
    const good = readFileSync(job.path);
    const ends = [0, ...frameEnds(0)];
    const damaged = join(folder, 'damaged.spool');
    const check = async (bytes: Buffer) => {
      writeFileSync(damaged, bytes);
      let read: Buffer;
      try {
        read = await readAll(new Sources(), { kind: 'spool', path: damaged });
      } catch (error) {
        assert.equal(errnoOf(error), 'SPOOL_DAMAGED');
        assert.throws(() => readSpoolHead(damaged), { code: 'SPOOL_DAMAGED' });
        return;
      }
      assert.ok(read.equals(plain.subarray(0, read.length)));
      assert.ok(ends.includes(read.length));
      const { end } = readSpoolHead(damaged);
      assert.ok(end >= read.length && ends.includes(end));
    };
    const place = fc.oneof(fc.nat(99), fc.nat(good.length - 1));
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(good);
        bytes[at]! ^= flip;
        await check(bytes);
      }),
    );
    await fc.assert(fc.asyncProperty(place, (length) => check(good.subarray(0, length))));
    await fc.assert(
      fc.asyncProperty(place, fc.nat(5000), async (at, length) =>
        check(Buffer.from(good).fill(0, at, Math.min(good.length, at + length))),
      ),
    );
  });
});
