import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Format, InspectedPass, StreamMode } from '../../../src/protocol.js';
import { BuiltInInspector } from '../../../workers/inspect/built-in.js';
import { InputLines } from '../../../workers/inspect/lines.js';
import { HEAD_ROOM_BYTES } from '../../../workers/memory.js';
import { writeText } from '../../../workers/pipeline/text.js';
import { WorkerState } from '../../../workers/worker-state.js';
import { criFile, dockerFile, rawFile } from '../arbitraries.js';
import { POD_PATH, READ_TIME_MS, runInTurn, sliceOf, spec, TestFile } from '../harness.js';

const MAX_LINE_BYTES = 64;
const worker = new WorkerState({ batchBytes: 1024, maxLineBytes: MAX_LINE_BYTES });
const file = new TestFile();
after(() => file.close());

async function inspected(bytes: Buffer, format: Format | 'auto', mode: StreamMode): Promise<InspectedPass[]> {
  const log = { path: POD_PATH, format, maxLineBytes: MAX_LINE_BYTES, readTimeMs: READ_TIME_MS };
  const inspector = new BuiltInInspector(spec(mode, MAX_LINE_BYTES), log);
  const input = new InputLines(MAX_LINE_BYTES + HEAD_ROOM_BYTES);
  await inspector.begin(bytes);
  const passes: InspectedPass[] = [];
  for (const line of input.add(bytes)) passes.push(...inspector.line(line.bytes, line.from, line.to, line.offset));
  for (const line of input.end()) passes.push(...inspector.line(line.bytes, line.from, line.to, line.offset));
  return [...passes, ...inspector.end()];
}

const files: [Format | 'auto', fc.Arbitrary<Buffer>][] = [
  ['cri', criFile],
  ['docker', dockerFile],
  ['raw', rawFile],
  ['auto', fc.oneof(criFile, dockerFile, rawFile)],
];

describe('the built-in pipeline, inspected', () => {
  for (const [format, bytes] of files) {
    test(`${format}: ends in the entries that a worker makes of the same file`, async () => {
      const property = fc.asyncProperty(bytes, fc.constantFrom('metadata', 'off'), async (given, mode: StreamMode) => {
        file.set(given);
        const { entries } = await runInTurn(worker, spec(mode, MAX_LINE_BYTES), 1, () =>
          sliceOf(file.fd, 0, given.length, { final: true, flush: true, format }),
        );
        const passes = await inspected(given, format, mode);
        assert.deepEqual(
          passes.flatMap(({ entry }) =>
            entry === null
              ? []
              : {
                  content: writeText(entry.line).toString('latin1'),
                  stream: entry.metadata.find(([name]) => name === 'stream')?.[1] ?? '',
                  time: entry.timestamp.slice(-11, -1),
                },
          ),
          entries.map(({ content, stream, ns }) => ({
            content,
            stream,
            time: `.${String(ns % 1_000_000_000n).padStart(9, '0')}`,
          })),
        );
      });
      await fc.assert(property, { numRuns: 200 });
    });
  }

  test('tells what the format did, what is held back and what is malformed', async () => {
    const text = '2026-01-01T00:00:00Z stdout P a\n2026-01-01T00:00:01Z stdout F b\nnone\n';
    const [part, whole, malformed, ...others] = await inspected(Buffer.from(text), 'auto', 'label');
    assert.deepEqual(others, []);
    assert.equal(part?.steps[0]?.outcome, 'held');
    assert.deepEqual(whole?.steps[0]?.changes, {
      line: { before: '2026-01-01T00:00:01Z stdout F b', after: 'ab' },
      timestamp: { before: null, after: '2026-01-01T00:00:01.000000000Z' },
      labels: [{ name: 'stream', after: 'stdout' }],
    });
    assert.equal(whole.entry?.stream, '{container="app", namespace="shop", pod="web-1", stream="stdout"}');
    assert.equal(malformed?.steps[0]?.reason, 'no cri line, sent as it is');
  });

  test('an entry that is cut says so', async () => {
    const [pass] = await inspected(Buffer.from(`${'x'.repeat(100)}\n`), 'raw', 'off');
    assert.equal(pass?.entry?.cut, true);
    assert.ok(pass.entry.line.endsWith(' [cut]'));
  });
});
