import assert from 'node:assert/strict';
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { errnoOf } from '../../../src/errors.js';
import type { CollectResult, Source } from '../../../src/protocol.js';
import { Sources } from '../../../workers/read/source.js';
import { runJob } from '../../../workers/run-job.js';
import { decode, pushOf, READ_TIME_MS, runInTurn, sliceOf, smallWorker, spec, TestFile } from '../harness.js';
import { logBytes, readAll } from './sources.js';

const file = new TestFile();
after(() => file.close());
const plain = logBytes(5000);
const source: Source = { kind: 'gzip', fd: file.fd };

describe('gzip', () => {
  test('reads what was packed, from any offset, forward and back, in several members', async () => {
    const half = plain.length >> 1;
    writeFileSync(file.path, Buffer.concat([gzipSync(plain.subarray(0, half)), gzipSync(plain.subarray(half))]));
    const sources = new Sources();
    assert.ok((await readAll(sources, source)).equals(plain));
    for (const from of [100, half - 5, plain.length - 1, 0, half + 7, plain.length, plain.length + 10]) {
      assert.ok((await readAll(sources, source, from)).equals(plain.subarray(from)), `${from}`);
    }
  });

  test('a small file is inflated once, and then read from anywhere without being touched', async () => {
    const small = plain.subarray(0, 100_000);
    for (const packed of [gzipSync(small), deflateSync(small), Buffer.concat([gzipSync(small), gzipSync('')])]) {
      writeFileSync(file.path, packed);
      const sources = new Sources();
      const opened = await sources.open(source);
      writeFileSync(file.path, '');
      for (const from of [0, 99_990, 7, 50_000, 100_000, 100_001]) {
        const bytes = Buffer.alloc(1000);
        const got = await opened.read(bytes, 0, 1000, from);
        assert.ok(bytes.subarray(0, got).equals(small.subarray(from, from + 1000)), `${from}`);
        opened.giveBack(bytes, 0, got, from);
      }
    }
  });

  test('a small file that becomes a large one is read as a stream', async () => {
    const large = Buffer.alloc(8 << 20, 'a line that is always the same\n');
    writeFileSync(file.path, gzipSync(large));
    assert.ok(statSync(file.path).size < 64 * 1024);
    assert.ok((await readAll(new Sources(), source, 0, 1 << 20)).equals(large));
  });

  test('what is before the damage of a small file can be read', async () => {
    const small = plain.subarray(0, 200_000);
    const packed = gzipSync(small);
    writeFileSync(file.path, packed.subarray(0, packed.length - 100));
    const sources = new Sources();
    const opened = await sources.open(source);
    const bytes = Buffer.alloc(1000);
    assert.equal(await opened.read(bytes, 0, 1000, 0), 1000);
    assert.ok(bytes.equals(small.subarray(0, 1000)));
    await assert.rejects(readAll(sources, source, 199_000), (error) => errnoOf(error) === 'Z_BUF_ERROR');
  });

  test('what is given back is read again without starting over', async () => {
    writeFileSync(file.path, gzipSync(plain));
    const sources = new Sources();
    const opened = await sources.open(source);
    const bytes = Buffer.alloc(1000);
    assert.equal(await opened.read(bytes, 0, 1000, 5000), 1000);
    opened.giveBack(bytes, 600, 1000, 5600);
    // Nothing but what is held already is left to be read.
    writeFileSync(file.path, '');
    const again = Buffer.alloc(900);
    assert.equal(await opened.read(again, 0, 900, 5600), 900);
    assert.ok(again.equals(plain.subarray(5600, 6500)));
  });

  test('slices in turn, and slices from anywhere, give the lines of the plain file', async () => {
    writeFileSync(file.path, gzipSync(plain));
    const worker = smallWorker(1024, 7001, 1 << 22);
    const cuts = [0, 3, 50_000, 50_001, 120_000, 250_000, plain.length];
    const ran = await runInTurn(worker, spec(), cuts.length - 1, (i) =>
      sliceOf(-1, cuts[i]!, cuts[i + 1]!, { source, aligned: i === 0, final: true }),
    );
    assert.equal(ran.entries.length, 5000);
    assert.equal(ran.entries[4999]!.content, plain.toString().trimEnd().split('\n').at(-1)!.split(' F ')[1]);
    ran.results.forEach((result, i) => {
      if (i > 0) assert.equal(result.first, ran.results[i - 1]!.next);
    });
    const marked = await runInTurn(worker, spec(), 1, () =>
      sliceOf(-1, ran.results[1]!.next, 60_000, { source, before: ran.results[1]!.tail }),
    );
    assert.equal(marked.results[0]!.outcome, 'read');
  });

  test('a damaged file is unreadable, each time, and the other slices of the job are not touched', async () => {
    const packed = gzipSync(plain);
    writeFileSync(file.path, packed.subarray(0, packed.length >> 1));
    const good = new TestFile();
    good.set('2026-08-01T12:00:00Z stdout F good\n');
    const worker = smallWorker(1024, 7001, 1 << 22);
    for (let i = 0; i < 2; i++) {
      const result: CollectResult = await runJob(
        {
          spec: spec(),
          only: null,
          slices: [
            sliceOf(good.fd, 0, 100),
            sliceOf(-1, 0, plain.length, { source, final: true }),
            sliceOf(good.fd, 0, 100, { readTimeMs: READ_TIME_MS }),
          ],
        },
        worker,
      );
      assert.deepEqual(
        result.slices.map(({ outcome, entries }) => [outcome, entries]),
        [
          ['read', 1],
          ['unreadable', 0],
          ['read', 1],
        ],
      );
      assert.match(result.slices[1]!.error!.code, /^Z_/);
      assert.equal(decode(pushOf(result)).length, 2);
    }
    good.close();
  });

  test('behind the damage it is unreadable each time, too, not at its end', async () => {
    const packed = gzipSync(plain);
    writeFileSync(file.path, packed.subarray(0, packed.length >> 1));
    const sources = new Sources();
    for (let i = 0; i < 2; i++) {
      await assert.rejects(readAll(sources, source, plain.length - 100), (error) => errnoOf(error) === 'Z_BUF_ERROR');
    }
  });

  test('a descriptor that is closed, or no gzip, says so', async () => {
    const sources = new Sources();
    await assert.rejects(readAll(sources, { kind: 'gzip', fd: 9999 }), (error) => errnoOf(error) === 'EBADF');
    writeFileSync(file.path, plain);
    await assert.rejects(readAll(sources, source), (error) => errnoOf(error) === 'Z_DATA_ERROR');
  });

  test('between jobs nothing is read: the descriptor may be that of another file, and the next job brings another', async () => {
    const noise = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * i * 31) >>> 7));
    writeFileSync(file.path, gzipSync(noise));
    const sources = new Sources();
    const fd = openSync(file.path, 'r');
    const lent: Source = { kind: 'gzip', fd };
    const opened = await sources.open(lent);
    const first = Buffer.alloc(1000);
    assert.equal(await opened.read(first, 0, 1000, 0), 1000);
    opened.close();
    closeSync(fd);
    const others = new TestFile();
    others.set('something else');
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok((await readAll(sources, source, 1000)).equals(noise.subarray(1000)));
    others.close();
  });
});
