import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { dockerRecord } from '../arbitraries.js';
import { runInTurn, sliceOf, smallWorker, spec, TestFile } from '../harness.js';

const worker = smallWorker(4096, 8192);
const file = new TestFile();
after(() => file.close());

async function run(bytes: Buffer) {
  file.set(bytes);
  return runInTurn(worker, spec(), 1, () => sliceOf(file.fd, 0, bytes.length, { final: true, format: 'docker' }));
}

const line = (log: string, rest = '"stream":"stdout","time":"2026-08-01T00:00:00.000000001Z"') =>
  `{"log":${log},${rest}}\n`;

describe('docker', () => {
  test('decodes what JSON.parse decodes', async () => {
    await fc.assert(
      fc.asyncProperty(dockerRecord, fc.boolean(), async ({ log, stream }, ascii) => {
        const time = '2026-08-01T00:00:00Z';
        let json = JSON.stringify({ log: `${log}\n`, stream, time });
        if (ascii)
          json = json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
        const { entries, results } = await run(Buffer.from(`${json}\n`));
        const parsed: { log: string } = JSON.parse(Buffer.from(json).toString());
        const want = Buffer.from(parsed.log.replace(/\r?\n$/, '')).toString('latin1');
        assert.equal(results[0]!.malformedLines, 0);
        assert.deepEqual(
          entries.map((entry) => [entry.stream, entry.content]),
          [[stream, want]],
        );
      }),
    );
  });

  test('escapes by hand', async () => {
    const cases: [string, Buffer | string][] = [
      ['"\\"\\\\\\/\\b\\f\\n\\r\\t!\\n"', '"\\/\b\f\n\r\t!'],
      ['"\\u0041\\u00e9\\u6f22\\ud83d\\ude00\\n"', 'Aé漢😀'],
      ['"\\ud83d\\n"', '\ufffd'],
      ['"\\ude00\\ude01\\n"', '\ufffd\ufffd'],
      ['"\\ude00x\\ud83d\\u0041\\n"', '\ufffdx\ufffdA'],
      ['"ends in a backslash\\\\n\\n"', 'ends in a backslash\\n'],
      ['"crlf\\r\\n"', 'crlf'],
      ['"\\u000a"', ''],
      ['"\\n"', ''],
    ];
    const { entries, results } = await run(Buffer.from(cases.map(([json]) => line(json)).join('')));
    assert.equal(results[0]!.malformedLines, 0);
    assert.deepEqual(
      entries.map(({ content }) => Buffer.from(content, 'latin1').toString()),
      cases.map(([, want]) => want),
    );
  });

  test('bytes that are not UTF-8 arrive as they were', async () => {
    const { entries } = await run(Buffer.from(line('"\xff\xc3\\t\x80\\n"'), 'latin1'));
    assert.equal(entries[0]!.content, '\xff\xc3\t\x80');
  });

  test('a log without a newline goes on in the next of its stream', async () => {
    const { entries, results } = await run(
      Buffer.from(
        line('"one\\tn"') +
          line('"eins\\n"', '"stream":"stderr","time":"2026-08-01T00:00:00Z"') +
          line('"t\\u0077o"') +
          line('"\\n"', '"time":"2026-08-01T00:00:01Z","stream":"stdout"'),
      ),
    );
    assert.deepEqual(
      entries.map(({ stream, content }) => [stream, content]),
      [
        ['stderr', 'eins'],
        ['stdout', 'one\tntwo'],
      ],
    );
    assert.equal(entries[1]!.ns, BigInt(Date.UTC(2026, 7, 1, 0, 0, 1)) * 1_000_000n);
    assert.equal(results[0]!.carry, null);
  });

  test('what is no json-file line is shipped as it is', async () => {
    const odd = [
      '{"log":"a\\n","stream":"stdout"}',
      '{"log":"a\\n","time":"2026-08-01T00:00:00Z"}',
      '{"log":1,"stream":"stdout","time":"2026-08-01T00:00:00Z"}',
      '{"log":"a\\n","stream":"stdin","time":"2026-08-01T00:00:00Z"}',
      '{"log":"a\\n","stream":"stdout","time":"yesterday"}',
      '{"log":"\\x","stream":"stdout","time":"2026-08-01T00:00:00Z"}',
      '{"log":"\\u12g4","stream":"stdout","time":"2026-08-01T00:00:00Z"}',
      '{"log":"tab\tinside\\n","stream":"stdout","time":"2026-08-01T00:00:00Z"}',
      '{"log":"a\\n","stream":"stdout","time":"2026-08-01T00:00:00Z"} x',
      '{"log":"a\\n","stream":"stdout","time":"2026-08-01T00:00:00Z",}',
      '{"log":"a\\n","stream":"stdout","time":"2026-08-01T00:00:00Z","n":01}',
      `{"deep":${'['.repeat(100)}${']'.repeat(100)},"log":"a\\n","stream":"stdout","time":"2026-08-01T00:00:00Z"}`,
      '{"log',
      '[]',
      '',
    ];
    const { entries, results } = await run(Buffer.from(`${odd.join('\n')}\n`));
    assert.deepEqual(
      entries.map(({ content }) => content),
      odd,
    );
    assert.equal(results[0]!.malformedLines, odd.length);
  });
});
