import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { CUT_MARK } from '../../../workers/encode/push.js';
import { READ_TIME_MS, runInTurn, sliceOf, smallWorker, spec, TestFile } from '../harness.js';

const worker = smallWorker(64);
const file = new TestFile();
after(() => file.close());

async function run(text: string, rest: { final?: boolean; flush?: boolean } = {}) {
  const bytes = Buffer.from(text, 'latin1');
  file.set(bytes);
  return runInTurn(worker, spec('metadata', 64), 1, () => sliceOf(file.fd, 0, bytes.length, { final: true, ...rest }));
}

const at = (text: string, ns: bigint) => BigInt(Date.parse(text)) * 1_000_000n + ns;

describe('cri', () => {
  test('reads every shape of a line', async () => {
    const { entries, results } = await run(
      [
        '2026-08-01T12:00:00.123456789Z stdout F plain',
        '2026-08-01T12:00:00.5+02:00 stderr F offset',
        '2026-08-01T12:00:00-05:30 stdout F no fraction',
        '2026-08-01T12:00:01.000000001Z stdout F ',
        '2026-08-01T12:00:01Z stdout F',
        '2026-08-01T12:00:01.12Z stdout F crlf\r',
        '2026-08-01T12:00:01Z stdout F\r',
        '2026-08-01T12:00:01Z stderr F:x:y tags',
        '2026-08-01T12:00:01Z stdout F not \xff utf8 \xc3',
        '2026-08-01T12:00:01Z stdout F   spaces  ',
        '1970-01-01T00:30:00+00:30 stdout F epoch',
        '2262-04-11T23:47:15Z stdout F last',
      ].join('\n'),
    );
    assert.deepEqual(
      entries.map(({ ns, stream, content }) => [ns, stream, content]),
      [
        [at('2026-08-01T12:00:00Z', 123456789n), 'stdout', 'plain'],
        [at('2026-08-01T10:00:00Z', 500000000n), 'stderr', 'offset'],
        [at('2026-08-01T17:30:00Z', 0n), 'stdout', 'no fraction'],
        [at('2026-08-01T12:00:01Z', 1n), 'stdout', ''],
        [at('2026-08-01T12:00:01Z', 0n), 'stdout', ''],
        [at('2026-08-01T12:00:01Z', 120000000n), 'stdout', 'crlf'],
        [at('2026-08-01T12:00:01Z', 0n), 'stdout', ''],
        [at('2026-08-01T12:00:01Z', 0n), 'stderr', 'tags'],
        [at('2026-08-01T12:00:01Z', 0n), 'stdout', 'not \xff utf8 \xc3'],
        [at('2026-08-01T12:00:01Z', 0n), 'stdout', '  spaces  '],
        [0n, 'stdout', 'epoch'],
        [at('2262-04-11T23:47:15Z', 0n), 'stdout', 'last'],
      ],
    );
    assert.equal(results[0]!.malformedLines, 0);
    assert.equal(results[0]!.oldestMs, 0);
    assert.equal(results[0]!.newestMs, Date.parse('2262-04-11T23:47:15Z'));
  });

  test('ships what is no CRI line as it is', async () => {
    const odd = [
      '2026-08-01T12:00:60Z stdout F leap second',
      '2026-02-29T12:00:00Z stdout F no such day',
      '2026-13-01T12:00:00Z stdout F no such month',
      '1969-12-31T23:59:59Z stdout F before the epoch',
      '2262-04-11T23:47:16Z stdout F beyond int64',
      '2026-08-01T12:00:00.1234567890Z stdout F ten digits',
      '2026-08-01T12:00:00.Z stdout F no digits',
      '2026-08-01T12:00:00+0200 stdout F offset without colon',
      '2026-08-01 12:00:00Z stdout F',
      '2026-08-01T12:00:00Z stdin F other stream',
      '2026-08-01T12:00:00Z stdout X other tag',
      '2026-08-01T12:00:00Z stdout Fx',
      '2026-08-01T12:00:00Z stdout ',
      '2026-08-01T12:00:00Z',
      '',
    ];
    const { entries, results } = await run(`${odd.join('\n')}\n`);
    assert.deepEqual(
      entries.map(({ content }) => content),
      odd,
    );
    assert.equal(results[0]!.malformedLines, odd.length);
    assert.ok(entries.every(({ stream }) => stream === ''));
    assert.equal(new Set(entries.map(({ ns }) => ns)).size, odd.length, 'each has its own timestamp');
    assert.equal(entries[0]!.ns, BigInt(READ_TIME_MS) * 1_000_000n);
  });

  test('a malformed line follows the line before it by a nanosecond', async () => {
    const { entries } = await run('2026-08-01T12:00:00.999999999Z stdout F a\nx\nx\n');
    assert.deepEqual(
      entries.map(({ ns }) => ns - at('2026-08-01T12:00:00Z', 0n)),
      [999_999_999n, 1_000_000_000n, 1_000_000_001n],
    );
  });

  test('joins partial lines by stream, with the timestamp of the last', async () => {
    const { entries } = await run(
      [
        '2026-08-01T12:00:00.1Z stdout P one ',
        '2026-08-01T12:00:00.2Z stderr P eins ',
        '2026-08-01T12:00:00.3Z stdout P two\r',
        'malformed',
        '2026-08-01T12:00:00.4Z stderr F zwei\r',
        '2026-08-01T12:00:00.5Z stdout F',
        '',
      ].join('\n'),
    );
    assert.deepEqual(
      entries.map(({ stream, content, ns }) => [stream, content, ns - at('2026-08-01T12:00:00Z', 0n)]),
      [
        ['', 'malformed', 300_000_001n],
        ['stderr', 'eins zwei', 400_000_000n],
        ['stdout', 'one two\r', 500_000_000n],
      ],
    );
  });

  test('what is open is emitted when flush asks, with the timestamp of its last part', async () => {
    const text = '2026-08-01T12:00:00.1Z stdout P one\n2026-08-01T12:00:00.2Z stdout P  two\n';
    const carried = await run(text);
    assert.deepEqual(carried.entries, []);
    file.set(text);
    const { entries, results } = await runInTurn(worker, spec(), 1, () =>
      sliceOf(file.fd, text.length, text.length, { flush: true, carry: carried.results[0]!.carry }),
    );
    assert.deepEqual(entries, [{ stream: 'stdout', content: 'one two', ns: at('2026-08-01T12:00:00Z', 200_000_000n) }]);
    assert.equal(results[0]!.flushedEntries, 1);
    assert.equal(results[0]!.carry, null);
  });

  test('an entry that outgrows the limit is cut on a character boundary, marked, counted, and its rest skipped', async () => {
    const part = (stream: string, tag: string, content: string) =>
      `2026-08-01T12:00:00Z ${stream} ${tag} ${Buffer.from(content).toString('latin1')}\n`;
    const { entries, results } = await run(
      part('stdout', 'P', 'a'.repeat(57)) +
        part('stdout', 'P', '漢字漢字') +
        part('stderr', 'F', 'other') +
        part('stdout', 'P', 'skipped') +
        part('stdout', 'F', 'skipped too') +
        part('stdout', 'F', 'next'),
    );
    assert.deepEqual(
      entries.map(({ content }) => content),
      ['a'.repeat(57) + CUT_MARK, 'other', 'next'],
    );
    assert.equal(results[0]!.cutEntries, 1);
    assert.equal(results[0]!.cutBytes, 12 + 7 + 11);
    assert.equal(results[0]!.carry, null);
  });

  test('exactly the limit is not cut', async () => {
    const { entries, results } = await run(`2026-08-01T12:00:00Z stdout F ${'a'.repeat(64)}\n`);
    assert.equal(entries[0]!.content.length, 64);
    assert.equal(results[0]!.cutEntries, 0);
  });
});
