import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { uncompressSync } from 'snappy';
import { compileLoops } from '../../../src/plan/loops.js';
import type { PipelineSpec, SliceResult, StreamMode } from '../../../src/protocol.js';
import { labelBlock } from '../../../workers/label/labels.js';
import { runJob } from '../../../workers/run-job.js';
import { WorkerState } from '../../../workers/worker-state.js';
import { criFile } from '../arbitraries.js';
import { sliceOf, spec, TestFile } from '../harness.js';
import { routed } from '../routes.js';

const loops = compileLoops();
const file = new TestFile();
after(() => file.close());

/** The same worker without and with WebAssembly. */
function pair(maxLineBytes: number, readChunkBytes: number, spareOutputBytes = 256 * 1024): [WorkerState, WorkerState] {
  const limits = { readChunkBytes, headRoomBytes: 96, spareOutputBytes };
  const setup = { batchBytes: 1024, maxLineBytes };
  return [new WorkerState(setup, limits), new WorkerState({ ...setup, loops }, limits)];
}

interface Outcome {
  pushes: Buffer[];
  slices: SliceResult[];
}

/** Jobs in turn over a file, each slice going on where the one before stopped, at most up to the next of `cuts`. */
async function collected(worker: WorkerState, pipeline: PipelineSpec, cuts: number[]): Promise<Outcome> {
  const outcome: Outcome = { pushes: [], slices: [] };
  let from = 0;
  let carry: Uint8Array | null = null;
  for (let i = 0; i < cuts.length; ) {
    const to = cuts[i]!;
    const slice = sliceOf(file.fd, from, Math.max(from, to), { carry, final: i === cuts.length - 1 });
    const { pushes, slices } = await runJob({ spec: pipeline, slices: [slice], only: null }, worker);
    outcome.pushes.push(...pushes.map(({ bytes }) => uncompressSync(Buffer.from(bytes)) as Buffer));
    outcome.slices.push(...slices);
    const result = slices[0]!;
    if (!result.full || result.entries === 0) i++;
    from = result.next;
    carry = result.carry;
  }
  return outcome;
}

async function assertSame(
  [plain, fast]: [WorkerState, WorkerState],
  pipeline: PipelineSpec,
  bytes: Buffer,
  at: number[],
): Promise<void> {
  file.set(bytes);
  const cuts = [...at.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  assert.deepEqual(await collected(fast, pipeline, cuts), await collected(plain, pipeline, cuts));
}

const cuts = fc.array(fc.nat(3000), { maxLength: 6 });

/** Lengths at which varints grow, windows end, and lines are left to the parsers. */
const length = fc.oneof(
  { weight: 3, arbitrary: fc.nat(400) },
  fc.constantFrom(0, 1, 15, 16, 17, 92, 93, 94, 110, 111, 112, 126, 127, 128, 129, 41_000),
  fc.integer({ min: 16_290, max: 16_400 }),
);
const plainLine = fc
  .record({
    second: fc.oneof({ weight: 5, arbitrary: fc.constant(7) }, fc.nat(59)),
    fraction: fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 999_999_999 }).map((n) => String(n).padStart(9, '0')) },
      fc.stringMatching(/^[0-9]{1,10}$/),
    ),
    zone: fc.oneof(
      { weight: 4, arbitrary: fc.constant('Z') },
      fc.constantFrom('+00:00', '+02:30', '-11:00', '+2:00', 'z'),
    ),
    stream: fc.constantFrom('stdout', 'stdout', 'stderr', 'stdaux'),
    tag: fc.oneof({ weight: 9, arbitrary: fc.constant('F') }, fc.constantFrom('P', 'F:x', 'G')),
    length,
    ending: fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n'),
  })
  .map(({ second, fraction, zone, stream, tag, length, ending }) => {
    const date = `2026-08-01T00:00:${String(second).padStart(2, '0')}`;
    return `${date}.${fraction}${zone} ${stream} ${tag} ${'content \xff\x80'.repeat(Math.ceil(length / 10)).slice(0, length)}${ending}`;
  });
const plainFile = fc.array(plainLine, { maxLength: 14 }).map((lines) => Buffer.from(lines.join(''), 'latin1'));

describe('loops', () => {
  test('are compiled', () => {
    assert.notEqual(loops, null, 'scripts/wasm.mjs was not run');
    assert.notEqual(pair(64, 61)[1].loops, null);
  });

  const modes = (['metadata', 'label', 'off'] satisfies StreamMode[]).map((mode) => ({
    name: mode,
    pipeline: (maxLineBytes: number) => spec(mode, maxLineBytes),
  }));
  const routes = [
    { name: 'a route that ships whole lines', pipeline: (maxLineBytes: number) => routed([], { maxLineBytes }) },
    { name: 'a route with stage.cri', pipeline: (maxLineBytes: number) => routed([{ cri: {} }], { maxLineBytes }) },
  ];

  for (const { name, pipeline } of [...modes, ...routes]) {
    const tiny = pair(64, 61);
    const large = pair(40_000, 8192);
    const narrow = pair(300, 500, 0);
    const pipelines = { tiny: pipeline(64), large: pipeline(40_000), narrow: pipeline(300) };

    test(`${name}: any CRI file, cut anywhere, gives the same bytes as without`, async () => {
      await fc.assert(
        fc.asyncProperty(criFile, cuts, (bytes, at) => assertSame(tiny, pipelines.tiny, bytes, at)),
        { numRuns: 300 },
      );
    });

    test(`${name}: so do lines of all lengths`, async () => {
      await fc.assert(
        fc.asyncProperty(plainFile, cuts, (bytes, at) => assertSame(large, pipelines.large, bytes, at)),
        { numRuns: 300 },
      );
    });

    test(`${name}: and pushes that become full`, async () => {
      await fc.assert(
        fc.asyncProperty(plainFile, cuts, (bytes, at) => assertSame(narrow, pipelines.narrow, bytes, at)),
        { numRuns: 300 },
      );
    });
  }

  test('so do lines that are longer than they take', async () => {
    const huge = pair(4 << 20, 65_536);
    const head = '2026-08-01T00:00:00.123456789Z stdout F ';
    for (const bytes of [(1 << 21) - 66, (1 << 21) - 65, (1 << 21) - 64, 1 << 21]) {
      const lines = [bytes, bytes - head.length].map((length) => `${head}${'x'.repeat(length)}\n`);
      for (const pipeline of [spec('off', 4 << 20), routed([], { maxLineBytes: 4 << 20 })]) {
        await assertSame(huge, pipeline, Buffer.from(lines.join('')), []);
      }
    }
  });

  test('dates: every day that there is, and none that there is not', async () => {
    const large = pair(40_000, 8192);
    const two = (n: number) => String(n).padStart(2, '0');
    for (const year of [1969, 1970, 1999, 2000, 2024, 2026, 2100, 2261, 2262, 2263, 9999]) {
      let text = '';
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          text += `${year}-${two(month)}-${two(day)}T23:59:59.5Z stdout F ${month} ${day}\n`;
        }
      }
      await assertSame(large, spec(), Buffer.from(text), []);
    }
    const odd = ['24:00:00', '23:60:00', '23:59:60', '2a:00:00', '00-00:00', '00:00:0/'];
    await assertSame(large, spec(), Buffer.from(odd.map((time) => `2026-01-01T${time}.1Z stdout F x\n`).join('')), []);
    const edges = [
      '2026-01-01T00:00:00.1+24:00',
      '2026-01-01T00:00:00.1+23:60',
      '2026-01-01T00:00:00.1+23:59',
      '1970-01-01T00:00:00.0+00:01',
      '2262-04-11T23:47:15.9Z',
      '2262-04-11T23:47:15.9-00:01',
    ];
    await assertSame(large, spec(), Buffer.from(edges.map((time) => `${time} stdout F x\n`).join('')), []);
  });

  test('a push is full at the same line, whatever room there is', async () => {
    const line = (n: number) => `2026-08-01T00:00:00.${n}Z stdout F ${'x'.repeat(n % 140)}\n`;
    const bytes = Buffer.from(Array.from({ length: 80 }, (_, n) => line(n)).join(''));
    for (let spareOutputBytes = 0; spareOutputBytes < 60; spareOutputBytes++) {
      await assertSame(pair(300, 500, spareOutputBytes), spec(), bytes, []);
    }
  });

  test('plain lines do go through them', async () => {
    const [, fast] = pair(40_000, 8192);
    file.set('2026-08-01T00:00:00.5Z stdout F one\n2026-08-01T00:00:00.5+00:00 stderr F two\n');
    await runJob({ spec: spec(), slices: [sliceOf(file.fd, 0, 1000)], only: null }, fast);
    assert.equal(fast.cri.loop?.taken, 2);
  });

  test('so do the longest that runtimes write', async () => {
    const [, { loops, memory, output, unstamped }] = pair(40_000, 8192);
    const line = Buffer.from(`2026-08-01T00:00:00.5Z stdout P ${'x'.repeat(16_384)}\n`);
    line.copy(memory.bytes);
    output.begin('off', 40_000, false);
    output.beginSlice('', [labelBlock(new Map())]);
    const loop = loops!.lines(unstamped, true);
    assert.equal(loop.take(0, line.length, line.length), line.length);
    assert.equal(loop.taken, 1);
  });
});
