import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { runInTurn, sliceOf, smallWorker, spec, sum, TestFile } from './harness.js';

const worker = smallWorker(4096, 8192);
const file = new TestFile();
after(() => file.close());

const pieces = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .constantFrom(
      '\n',
      '\r\n',
      '2026-08-01T00:00:00',
      '.1Z',
      ' stdout',
      ' stderr',
      ' F ',
      ' P ',
      ':',
      '{"log":"',
      '\\u',
      '\\n"',
      '","stream":"stdout"',
      ',"time":"2026-08-01T00:00:00Z"}\n',
      '"',
      '}',
    )
    .map((text) => Buffer.from(text)),
);
const noise = fc.array(pieces, { maxLength: 40 }).map((parts) => Buffer.concat(parts));

describe('fuzz', () => {
  for (const format of ['cri', 'docker', 'raw', 'auto'] as const) {
    test(`${format}: any bytes are taken, and every line becomes an entry or part of one`, async () => {
      await fc.assert(
        fc.asyncProperty(noise, async (bytes) => {
          file.set(bytes);
          const { entries, results } = await runInTurn(worker, spec(), 1, () =>
            sliceOf(file.fd, 0, bytes.length, { final: true, flush: true, format }),
          );
          const text = bytes.toString('latin1');
          const lines = text.split('\n').length - (text.endsWith('\n') || text === '' ? 1 : 0);
          assert.equal(sum(results, 'lines'), lines);
          assert.equal(results[0]!.next, bytes.length);
          assert.equal(results[0]!.carry, null);
          if (format === 'raw')
            assert.equal(
              entries.map(({ content }) => `${content}\n`).join('').length,
              bytes.length + (text === '' || text.endsWith('\n') ? 0 : 1),
            );
          if (format !== 'cri') return;
          // Without their heads, the lines are the content, in the order of each stream.
          const kept = entries.reduce((total, { content }) => total + content.length, 0);
          const heads =
            /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d) (stdout|stderr) [FP](:[^ \n]*)?( |\r?$)/;
          const physical = text === '' ? [] : text.replace(/\n$/, '').split('\n');
          const most = physical.reduce((total, line) => total + line.length, 0);
          const least = physical.reduce((total, line) => total + line.replace(heads, '').replace(/\r$/, '').length, 0);
          assert.ok(kept >= least && kept <= most, `${least} <= ${kept} <= ${most}`);
        }),
        { numRuns: 300 },
      );
    });
  }
});
