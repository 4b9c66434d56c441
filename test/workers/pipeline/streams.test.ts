import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PushRequest } from '../../../bench/receiver/push.js';
import { StreamWriter } from '../../../workers/pipeline/streams.js';
import { type LooseStage, PATH, pipelineOf, READ_TIME_MS } from '../stages/harness.js';

function writerOf(outputBytes: number): StreamWriter {
  const buffer = new ArrayBuffer(4 * outputBytes + 7);
  const memory = { bytes: Buffer.from(buffer), view: new DataView(buffer), outputBytes };
  const outputAt = [3 * outputBytes + 7, 0, 0] as const;
  return new StreamWriter({ ...memory, streamsAt: 7, streamsBytes: 3 * outputBytes, outputAt });
}

const UNLABELLED = Buffer.from(`{filename="${PATH}"}`);

function write(
  writer: StreamWriter,
  stages: LooseStage[],
  lines: readonly Buffer[],
  pipeline = pipelineOf(stages),
): boolean {
  pipeline.begin({ path: PATH, targetLabels: [], readTimeMs: READ_TIME_MS, carry: null }, writer);
  for (const line of lines) pipeline.line(line, 0, line.length, 0);
  pipeline.end(true);
  return pipeline.waiting;
}

interface RawPush {
  streams: {
    labels: string;
    entries: {
      timestamp: { seconds: { toString(): string }; nanos: number };
      line: Uint8Array;
      structuredMetadata: { name: string; value: string }[];
    }[];
  }[];
}

interface Decoded {
  tenant: string;
  streams: { labels: string; entries: [time: string, line: string, metadata: Record<string, string>][] }[];
}

function decoded(writer: StreamWriter, takenBytes = 0): Decoded[] {
  return writer.finish(takenBytes).map(({ tenant, bytes }) => {
    const { streams } = PushRequest.decode(bytes) as unknown as RawPush;
    return {
      tenant,
      streams: streams.map(({ labels, entries }) => ({
        labels,
        entries: entries.map(({ timestamp, line, structuredMetadata }) => [
          `${timestamp.seconds}.${String(timestamp.nanos).padStart(9, '0')}`,
          Buffer.from(line).toString('latin1'),
          Object.fromEntries(structuredMetadata.map(({ name, value }) => [name, value])),
        ]),
      })),
    };
  });
}

const lines = (...texts: string[]) => texts.map((text) => Buffer.from(text, 'latin1'));

describe('streams', () => {
  test('entries by labels, and pushes by tenant', () => {
    const writer = writerOf(1 << 20);
    writer.beginPush(1000);
    writer.beginSlice(UNLABELLED);
    const stages = [
      { cri: {} },
      { label_drop: { values: ['filename'] } },
      { match: { selector: '{stream="stderr"}', stages: [{ tenant: { value: 'ops' } }] } },
      { structured_metadata: { values: { s: 'flags' } } },
    ];
    const given = lines(
      '2026-08-01T12:00:00.5Z stdout F a\xff',
      '2026-08-01T12:00:01Z stderr F b',
      '2026-08-01T12:00:02.000000001Z stdout F c',
    );
    assert.equal(write(writer, stages, given), false);
    const seconds = Date.parse('2026-08-01T12:00:00Z') / 1000;
    assert.deepEqual(decoded(writer), [
      {
        tenant: '',
        streams: [
          {
            labels: '{stream="stdout"}',
            entries: [
              [`${seconds}.500000000`, 'a\xff', { s: 'F' }],
              [`${seconds + 2}.000000001`, 'c', { s: 'F' }],
            ],
          },
        ],
      },
      {
        tenant: 'ops',
        streams: [{ labels: '{stream="stderr"}', entries: [[`${seconds + 1}.000000000`, 'b', { s: 'F' }]] }],
      },
    ]);
    assert.deepEqual(
      [writer.entries, writer.oldestMs, writer.newestMs],
      [3, seconds * 1000 + 500, seconds * 1000 + 2000],
    );
  });

  test('an entry without labels bears the name of its file', () => {
    const writer = writerOf(1 << 20);
    writer.beginPush(1000);
    writer.beginSlice(UNLABELLED);
    write(writer, [{ label_drop: { values: ['filename'] } }], lines('x'));
    assert.equal(decoded(writer)[0]!.streams[0]!.labels, UNLABELLED.toString());
  });

  test('long lines are cut between characters', () => {
    const writer = writerOf(1 << 20);
    writer.beginPush(10);
    writer.beginSlice(UNLABELLED);
    write(writer, [{ cri: {} }], [Buffer.from('2026-08-01T12:00:00Z stdout F abcéxyzuvw')]);
    assert.equal(decoded(writer)[0]!.streams[0]!.entries[0]![1], 'abc [cut]');
    assert.deepEqual([writer.cutEntries, writer.cutBytes], [1, 8]);
  });

  test('a full push takes no more, and a slice can be taken back', () => {
    const writer = writerOf(600);
    const pipeline = pipelineOf([]);
    writer.beginPush(1000);
    writer.beginSlice(UNLABELLED);
    assert.equal(write(writer, [], lines('a'.repeat(100)), pipeline), false);
    writer.beginSlice(UNLABELLED);
    assert.equal(write(writer, [], lines('b'.repeat(100), 'c'.repeat(100), 'd'.repeat(500)), pipeline), true);
    writer.abandonSlice();
    assert.equal(decoded(writer)[0]!.streams[0]!.entries.length, 1);
    assert.equal(write(writer, [], lines('e'.repeat(100)), pipeline), false);
    assert.equal(decoded(writer)[0]!.streams[0]!.entries.length, 2);
  });

  test('large streams, seconds and metadata', () => {
    const writer = writerOf(1 << 20);
    writer.beginPush(1 << 19);
    writer.beginSlice(UNLABELLED);
    const long = 'x'.repeat(100_000);
    const stages = [
      { logfmt: { mapping: { t: '', m: '' } } },
      { timestamp: { source: 't', format: 'Unix' } },
      { structured_metadata: { values: { m: '' } } },
    ];
    write(writer, stages, lines(`t=9223372035 m=${long}`, 't=1 m=y', `t=0 ${long}`));
    const [push] = decoded(writer);
    const shown = push!.streams[0]!.entries.map(([time, line, { m = '' }]) => [time, line.length, m.length]);
    assert.deepEqual(shown, [
      ['9223372035.000000000', 100_015, 100_000],
      ['1.000000000', 7, 1],
      ['0.000000000', 100_004, 0],
    ]);
  });

  test('what has no room behind what is taken is put together elsewhere, and is the same', () => {
    const writer = writerOf(4096);
    writer.beginPush(4096);
    writer.beginSlice(UNLABELLED);
    const stages = [
      { regex: { expression: '(?P<t>.)' } },
      { labels: { values: { t: '' } } },
      { tenant: { source: 't' } },
    ];
    write(writer, stages, lines('a one', 'b two', 'a three', 'c four'));
    const expected = decoded(writer);
    assert.equal(expected.length, 3);
    const one = writer.finish(0)[0]!.bytes.length;
    for (const takenBytes of [1, 4096 - one - 1, 4096 - one, 4096 - one + 1, 4096]) {
      assert.deepEqual(decoded(writer, takenBytes), expected, `${takenBytes} taken`);
    }
  });

  test('metadata for which there is no room at all is left out', () => {
    const writer = writerOf(600);
    writer.beginPush(100);
    writer.beginSlice(UNLABELLED);
    const stages: LooseStage[] = [
      { regex: { expression: '(?P<m>.*)' } },
      { structured_metadata: { values: { m: '' } } },
      { output: { source: 'none' } },
    ];
    assert.equal(write(writer, stages, lines('x'.repeat(3000))), false);
    const [entry] = decoded(writer)[0]!.streams[0]!.entries;
    assert.deepEqual([entry![1].length, entry![2]], [100, {}]);
  });
});
