import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Format, HEAD_BYTES, type SliceResult, TAIL_BYTES } from '../../src/protocol.js';
import { markOf } from '../../workers/mark.js';
import { criFile, dockerFile, rawFile } from './arbitraries.js';
import { type Ran, READ_TIME_MS, runInTurn, sliceOf, smallWorker, spec, sum, TestFile } from './harness.js';
import { type Entry, type Expected, reference } from './reference.js';

const MAX_LINE_BYTES = 64;
const pipeline = spec('metadata', MAX_LINE_BYTES);
const worker = smallWorker(MAX_LINE_BYTES);
const holdBytes = worker.memory.holdBytes;
const file = new TestFile();
after(() => file.close());

const FILES = { cri: criFile, docker: dockerFile, raw: rawFile } as const;
const FORMATS: Format[] = ['cri', 'docker', 'raw'];

function expected(bytes: Buffer, format: Format, final: boolean): Expected {
  return reference(bytes, { format, final, maxLineBytes: MAX_LINE_BYTES, holdBytes, readTimeMs: READ_TIME_MS });
}

/** Entries as they are compared; where a slice begins decides what a malformed line follows. */
function comparable(entries: Entry[], like: Entry[], cut: boolean): unknown[] {
  return entries.map(({ stream, ns, content }, i) => ({
    stream,
    content,
    ns: cut && like[i]?.follows ? 'follows' : ns,
  }));
}

function assertSame(ran: Ran, want: Expected, cut: boolean): void {
  assert.deepEqual(comparable(ran.entries, want.entries, cut), comparable(want.entries, want.entries, cut));
  const { results } = ran;
  for (const field of ['lines', 'malformedLines', 'cutEntries', 'cutBytes'] as const) {
    assert.equal(sum(results, field), want[field], field);
  }
  assert.equal(sum(results, 'entries'), want.entries.length);
  assert.equal(results.at(-1)!.carry !== null, want.open, 'carry');
}

/** Neighbouring slices meet at the same line, wherever a line begins in them. */
function assertMeets(bytes: Buffer, cuts: number[], results: SliceResult[]): void {
  results.forEach((result, i) => {
    if (i === 0) return;
    const begins = (at: number) => at === 0 || bytes[at - 1] === 0x0a;
    const to = Math.min(cuts[i + 1]!, bytes.length);
    let held = false;
    for (let at = cuts[i]!; at < to; at++) held ||= begins(at);
    if (held) assert.equal(result.first, results[i - 1]!.next, `slice ${i} of ${cuts}`);
    if (result.lines === 0 && !held) assert.ok(result.next >= to);
  });
}

/** Slices between `cuts`, each beginning wherever the cut is. */
function cutAt(bytes: Buffer, cuts: number[], format: Format, final: boolean): Promise<Ran> {
  file.set(bytes);
  return runInTurn(worker, pipeline, cuts.length - 1, (i, before) => {
    // Behind an unfinished line that is being skipped there is nothing more to plan.
    const from = before?.next === bytes.length ? bytes.length : cuts[i]!;
    const to = Math.max(from, cuts[i + 1]!);
    return sliceOf(file.fd, from, to, { aligned: i === 0, final, format, carry: before?.carry ?? null });
  });
}

const LONG = [
  '2026-08-01T00:00:00.1Z stdout P ',
  'a'.repeat(50),
  '\n2026-08-01T00:00:00.2Z stderr F other\n2026-08-01T00:00:00.3Z stdout P ',
  'b'.repeat(50),
  '\n2026-08-01T00:00:00.4Z stdout P cccc\n2026-08-01T00:00:00.5Z stdout F ddd\n',
  '2026-08-01T00:00:00.6Z stdout F ',
  'e'.repeat(400),
  '\nmalformed ',
  'é'.repeat(200),
  '\n2026-08-01T00:00:01Z stderr P left open\n2026-08-01T00:00:01Z stdout F unterminated',
].join('');

describe('run-slice', () => {
  for (const format of FORMATS) {
    test(`${format}: one slice gives what the reference gives`, async () => {
      await fc.assert(
        fc.asyncProperty(FILES[format], fc.boolean(), async (bytes, final) => {
          const want = expected(bytes, format, final);
          const ran = await cutAt(bytes, [0, bytes.length], format, final);
          assertSame(ran, want, false);
          const { next, head, tail } = ran.results[0]!;
          assert.equal(next, want.next);
          assert.deepEqual(head, next === 0 ? null : markOf(bytes, 0, Math.min(HEAD_BYTES, next)));
          assert.deepEqual(tail, next === 0 ? null : markOf(bytes, Math.max(0, next - TAIL_BYTES), next));
        }),
        { numRuns: 250 },
      );
    });

    test(`${format}: any cuts give the same`, async () => {
      await fc.assert(
        fc.asyncProperty(
          FILES[format],
          fc.array(fc.nat(1200), { maxLength: 12 }),
          fc.boolean(),
          async (bytes, at, final) => {
            const inner = at.filter((cut) => cut < bytes.length).sort((a, b) => a - b);
            const cuts = [0, ...inner, bytes.length];
            const ran = await cutAt(bytes, cuts, format, final);
            assertSame(ran, expected(bytes, format, final), true);
            assertMeets(bytes, cuts, ran.results);
          },
        ),
        { numRuns: 200 },
      );
    });

    test(`${format}: slices in turn over a growing file give the same`, async () => {
      await fc.assert(
        fc.asyncProperty(FILES[format], fc.array(fc.nat(1200), { maxLength: 6 }), async (bytes, at) => {
          const sizes = [...at.filter((size) => size < bytes.length).sort((a, b) => a - b), bytes.length];
          const ran = await runInTurn(worker, pipeline, sizes.length + 1, (i, before) => {
            const final = i === sizes.length;
            const size = sizes[Math.min(i, sizes.length - 1)]!;
            file.set(bytes.subarray(0, size));
            const mark = before?.tail ?? null;
            return sliceOf(file.fd, before?.next ?? 0, size, {
              final,
              format,
              carry: before?.carry ?? null,
              before: mark,
            });
          });
          const want = expected(bytes, format, true);
          assertSame(ran, want, true);
          assert.equal(ran.results.at(-1)!.next, bytes.length);
        }),
        { numRuns: 200 },
      );
    });
  }

  test('cuts at every byte, and a slice for each byte', async () => {
    const bytes = Buffer.from(LONG);
    for (const final of [true, false]) {
      const want = expected(bytes, 'cri', final);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const cuts = [0, cut, bytes.length];
        const ran = await cutAt(bytes, cuts, 'cri', final);
        assertSame(ran, want, true);
        assertMeets(bytes, cuts, ran.results);
      }
      const every = Array.from({ length: bytes.length + 1 }, (_, i) => i);
      const ran = await cutAt(bytes, every, 'cri', final);
      assertSame(ran, want, true);
      assertMeets(bytes, every, ran.results);
    }
  });

  test('a small output stops the slice at a line, and the rest goes into other jobs', async () => {
    const tight = smallWorker(MAX_LINE_BYTES, 61, 250 - 1536);
    await fc.assert(
      fc.asyncProperty(criFile, fc.boolean(), async (bytes, flush) => {
        file.set(bytes);
        let before: SliceResult | null = null;
        const all: Ran = { entries: [], results: [] };
        let flushed = 0;
        do {
          const from: number = before?.next ?? 0;
          const rest = { final: true, carry: before?.carry ?? null, flush };
          const ran: Ran = await runInTurn(tight, pipeline, 1, () => sliceOf(file.fd, from, bytes.length, rest));
          before = ran.results[0]!;
          flushed += before.flushedEntries;
          if (before.full) assert.ok(before.entries > 0 || before.lines > 0, 'progress');
          all.entries.push(...ran.entries);
          all.results.push(before);
        } while (before.full);
        assert.equal(before.next, bytes.length);
        const want = expected(bytes, 'cri', true);
        const like = comparable(want.entries, want.entries, true);
        assert.deepEqual(comparable(all.entries.slice(0, want.entries.length), want.entries, true), like);
        assert.equal(all.entries.length, want.entries.length + flushed);
        if (flush) assert.equal(before.carry, null);
      }),
      { numRuns: 200 },
    );
  });
});
