import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { HEAD_BYTES, type Slice, type SliceResult, TAIL_BYTES } from '../../src/protocol.js';
import { CUT_MARK } from '../../workers/encode/push.js';
import { markOf } from '../../workers/mark.js';
import { runJob } from '../../workers/run-job.js';
import { WorkerState } from '../../workers/worker-state.js';
import { decode, POD_PATH, pushOf, READ_TIME_MS, sliceOf, smallWorker, spec, TestFile } from './harness.js';
import { logBytes } from './read/sources.js';

const worker = new WorkerState({ batchBytes: 1 << 20, maxLineBytes: 262_144 });
const file = new TestFile();
const second = new TestFile();
after(() => {
  file.close();
  second.close();
});

async function run(slices: Slice[], pipeline = spec(), state = worker) {
  const result = await runJob({ spec: pipeline, slices, only: null }, state);
  const { entries, encodedBytes } = result.pushes[0] ?? { entries: 0, encodedBytes: 0 };
  return { push: pushOf(result), entries, encodedBytes, slices: result.slices };
}

const line = (stream: string, content: string) => `2026-08-01T00:00:00.5Z ${stream} F ${content}\n`;

describe('run-job', () => {
  test('slices of several container logs become one push', async () => {
    file.set(line('stdout', 'one'));
    second.set(line('stderr', 'two'));
    const { push, entries, encodedBytes, slices } = await run([
      sliceOf(file.fd, 0, 100),
      sliceOf(second.fd, 0, 100, { path: '/somewhere/else.log' }),
    ]);
    const ns = BigInt(Date.parse('2026-08-01T00:00:00.5Z')) * 1_000_000n;
    assert.deepEqual(decode(push), [
      {
        labels: [
          ['container', 'app'],
          ['namespace', 'shop'],
          ['pod', 'web-1'],
        ],
        entries: [{ stream: 'stdout', ns, content: 'one' }],
      },
      { labels: [['filename', '/somewhere/else.log']], entries: [{ stream: 'stderr', ns, content: 'two' }] },
    ]);
    assert.equal(entries, 2);
    assert.ok(encodedBytes > 100);
    assert.deepEqual(
      slices.map(({ pathMatched }) => pathMatched),
      [true, false],
    );
    assert.equal(slices[0]!.oldestMs, Date.parse('2026-08-01T00:00:00.5Z'));
  });

  test('a hole at the start of a file is no line, in whatever slices', async () => {
    const hole = 700_000;
    const text = '\0'.repeat(hole) + line('stdout', 'one') + line('stdout', 'two');
    file.set(text);
    for (const cut of [TAIL_BYTES, 4096, hole - 1, hole, hole + 1, text.length]) {
      const { push, slices } = await run([sliceOf(file.fd, 0, cut, { format: 'auto' })]);
      const { next, tail } = slices[0] as SliceResult;
      assert.ok(next >= cut);
      const rest = await run([sliceOf(file.fd, next, text.length, { format: 'auto', before: tail })]);
      const entries = [push, rest.push].flatMap((it) => decode(it).flatMap((stream) => stream.entries));
      assert.deepEqual(
        entries.map(({ content }) => content),
        ['one', 'two'],
      );
    }
  });

  test('a few NUL bytes at the start of a file are part of its first line', async () => {
    const content = `${'\0'.repeat(TAIL_BYTES - 1)}x`;
    file.set(`${content}\n`);
    const { push } = await run([sliceOf(file.fd, 0, 1000, { format: 'raw' })]);
    assert.deepEqual(
      decode(push).flatMap(({ entries }) => entries.map((entry) => entry.content)),
      [content],
    );
  });

  test('in the mode label each stream is a stream of its own', async () => {
    file.set(`${line('stdout', 'a')}${line('stderr', 'b')}odd\n${line('stdout', 'c')}`);
    const { push } = await run([sliceOf(file.fd, 0, 1000)], spec('label'));
    assert.deepEqual(
      decode(push).map(({ labels, entries }) => [Object.fromEntries(labels).stream, entries.map((e) => e.content)]),
      [
        [undefined, ['odd']],
        ['stdout', ['a', 'c']],
        ['stderr', ['b']],
      ],
    );
  });

  test('without lines there is no push', async () => {
    file.set('');
    const { push, encodedBytes, slices } = await run([sliceOf(file.fd, 0, 100), sliceOf(file.fd, 0, 0)]);
    assert.equal(push, null);
    assert.equal(encodedBytes, 0);
    assert.deepEqual(slices[0], {
      outcome: 'read',
      first: 0,
      next: 0,
      full: false,
      lines: 0,
      entries: 0,
      heldLines: 0,
      releasedEntries: 0,
      dropped: [],
      malformedLines: 0,
      cutEntries: 0,
      cutBytes: 0,
      before: null,
      flushedEntries: 0,
      format: 'cri',
      head: null,
      tail: null,
      carry: null,
      oldestMs: 0,
      newestMs: 0,
      pathMatched: true,
    });
  });

  test('a descriptor that can not be read spoils its own slice only', async () => {
    file.set(line('stdout', 'good'));
    const folder = openSync(file.folder, 'r');
    const { push, slices } = await run([
      sliceOf(file.fd, 0, 100),
      sliceOf(folder, 0, 100),
      sliceOf(99_999, 0, 100, { carry: Uint8Array.of(1, 1, 0) }),
      sliceOf(file.fd, 0, 100),
    ]);
    closeSync(folder);
    assert.deepEqual(
      slices.map(({ outcome, error }) => [outcome, error?.code]),
      [
        ['read', undefined],
        ['unreadable', 'EISDIR'],
        ['unreadable', 'EBADF'],
        ['read', undefined],
      ],
    );
    assert.equal(decode(push).length, 2);
    assert.deepEqual(slices[2]!.carry, Uint8Array.of(1, 1, 0));
  });

  test('bytes before the slice that are not the ones of the mark: nothing is read', async () => {
    const text = line('stdout', 'one') + line('stdout', 'two');
    file.set(text);
    const at = text.length / 2;
    const before = markOf(Buffer.from(text), 0, at);
    const { slices: good } = await run([sliceOf(file.fd, at, text.length, { before })]);
    assert.equal(good[0]!.outcome, 'read');
    assert.equal(good[0]!.entries, 1);
    for (const changed of [text.replace('one', 'eno'), text.slice(0, at - 3), '']) {
      file.set(changed);
      const { slices, push } = await run([sliceOf(file.fd, at, text.length, { before })]);
      assert.equal(slices[0]!.outcome, 'changed');
      assert.equal(slices[0]!.next, at);
      assert.equal(push, null);
    }
  });

  test('read once more from its start: first bytes that are not the ones that were read', async () => {
    const text = line('stdout', 'one') + line('stdout', 'two');
    file.set(text);
    const [{ head }] = (await run([sliceOf(file.fd, 0, 10)])).slices as [SliceResult];
    assert.equal(head?.bytes, text.length / 2);
    for (const [content, outcome] of [
      [text, 'read'],
      [text + text, 'read'],
      [text.replace('one', 'eno') + text, 'changed'],
      [text.slice(0, 20), 'changed'],
      ['', 'changed'],
    ] as const) {
      file.set(content);
      const { slices, push } = await run([sliceOf(file.fd, 0, text.length, { head })]);
      assert.equal(slices[0]!.outcome, outcome);
      assert.equal(push === null, outcome === 'changed');
    }
  });

  test('the file ends before the slice begins: nothing is consumed', async () => {
    file.set('short\n');
    for (const aligned of [true, false]) {
      const { slices, push } = await run([sliceOf(file.fd, 1000, 2000, { aligned, format: 'raw' })]);
      assert.equal(slices[0]!.outcome, 'read');
      assert.deepEqual([slices[0]!.first, slices[0]!.next, slices[0]!.tail], [1000, 1000, null]);
      assert.equal(push, null);
    }
  });

  test('marks: of the bytes before first, of the head, and of the bytes before next', async () => {
    const bytes = logBytes(100);
    file.set(bytes);
    for (const from of [0, 300, HEAD_BYTES - 1, HEAD_BYTES, 5000]) {
      for (const to of [from, from + 1, from + 500, bytes.length]) {
        const [slice] = (await run([sliceOf(file.fd, from, to, { aligned: false })])).slices;
        const { first, before, next, head, tail } = slice!;
        const wantBefore = first === 0 ? null : markOf(bytes, Math.max(0, first - TAIL_BYTES), first);
        assert.deepEqual(before, wantBefore, `${from} ${to}`);
        const wantHead = from < HEAD_BYTES && next > 0 ? markOf(bytes, 0, Math.min(HEAD_BYTES, next)) : null;
        assert.deepEqual(head, wantHead, `${from} ${to}`);
        assert.deepEqual(
          tail,
          next === 0 ? null : markOf(bytes, Math.max(0, next - TAIL_BYTES), next),
          `${from} ${to}`,
        );
      }
    }
  });

  test('a full push says so, for every slice that found no room', async () => {
    const tight = smallWorker(64, 8192, 400 - 1536);
    file.set(logBytes(50));
    const { slices, entries } = await run(
      [sliceOf(file.fd, 0, 4000), sliceOf(file.fd, 0, 4000)],
      spec('metadata', 64),
      tight,
    );
    assert.ok(entries > 0 && entries < 50);
    assert.deepEqual(
      slices.map(({ full, next }) => [full, next > 0]),
      [
        [true, true],
        [true, false],
      ],
    );
  });

  test('raw lines keep their order and stay distinct, in whatever slices', async () => {
    file.set('same\n'.repeat(1000));
    const { push } = await run([
      sliceOf(file.fd, 0, 2000, { format: 'raw' }),
      sliceOf(file.fd, 2000, 5000, { format: 'raw' }),
    ]);
    const stamps = decode(push).flatMap(({ entries }) => entries.map(({ ns }) => ns));
    assert.equal(stamps[0], BigInt(READ_TIME_MS) * 1_000_000n);
    for (let i = 1; i < stamps.length; i++) assert.ok(stamps[i]! > stamps[i - 1]!);
    assert.equal(stamps.length, 1000);
  });

  test('the same job gives the same push', async () => {
    file.set(logBytes(500));
    const job = [sliceOf(file.fd, 0, 30_000), sliceOf(file.fd, 30_000, 60_000, { aligned: false })];
    const first = await run(job);
    await run([sliceOf(file.fd, 7, 999, { aligned: false, format: 'docker' })], spec('label'));
    const again = await run(job, spec(), new WorkerState({ batchBytes: 1 << 20, maxLineBytes: 262_144 }));
    assert.deepEqual(await run(job), first);
    assert.deepEqual(again, first);
  });

  test('a line without an end takes the memory it always takes', async () => {
    const size = 64 << 20;
    const block = Buffer.alloc(1 << 20, 'x');
    const { writeSync } = await import('node:fs');
    for (const [head, kind] of [
      ['', 'raw'],
      ['2026-08-01T00:00:00Z stdout F ', 'cri'],
    ] as const) {
      file.set('');
      for (let at = 0; at < size; at += block.length) writeSync(file.fd, block, 0, block.length, at);
      writeSync(file.fd, head, 0);
      const rest = { path: POD_PATH, format: kind };
      const open = await run([sliceOf(file.fd, 0, 1 << 20, rest)]);
      const [slice] = open.slices;
      assert.equal(slice!.next, size);
      assert.ok(slice!.carry!.length < 10);
      assert.equal(slice!.cutEntries, 1);
      const kept = 262_144 - CUT_MARK.length;
      assert.equal(slice!.cutBytes, size - head.length - kept);
      assert.equal(decode(open.push)[0]!.entries[0]!.content, 'x'.repeat(kept) + CUT_MARK);
      writeSync(file.fd, `rest\n${line('stdout', 'next')}`, size);
      const done = await run([
        sliceOf(file.fd, size, size + 100, { ...rest, carry: slice!.carry, before: slice!.tail }),
      ]);
      assert.equal(done.slices[0]!.cutBytes, 4);
      assert.equal(done.slices[0]!.entries, 1);
      assert.equal(done.slices[0]!.carry, null);
    }
  });

  test('flush leaves nothing open, not even a line that is being skipped', async () => {
    file.set(`2026-08-01T00:00:00Z stdout P ${'x'.repeat(500_000)}`);
    const [slice] = (await run([sliceOf(file.fd, 0, 1000)])).slices;
    assert.notEqual(slice!.carry, null);
    const at = slice!.next;
    const [flushed] = (await run([sliceOf(file.fd, at, at, { carry: slice!.carry, flush: true })])).slices;
    assert.equal(flushed!.carry, null);
    assert.equal(flushed!.entries, 0);
  });

  test('an entry that never ends is cut once, and its parts take no memory', async () => {
    const part = `2026-08-01T00:00:00Z stdout P ${'x'.repeat(16_384)}\n`;
    file.set(part.repeat(64));
    let carry: Uint8Array | null = null;
    let entries = 0;
    for (let i = 0; i < 20; i++) {
      const [slice]: Awaited<ReturnType<typeof run>>['slices'] = (
        await run([sliceOf(file.fd, 0, part.length * 64, { carry })])
      ).slices;
      carry = slice!.carry;
      entries += slice!.entries;
      assert.ok(carry!.length < 50);
    }
    assert.equal(entries, 1);
  });
});
