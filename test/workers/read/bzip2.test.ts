import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { errnoOf } from '../../../src/errors.js';
import type { Source } from '../../../src/protocol.js';
import { Sources } from '../../../workers/read/source.js';
import { runInTurn, sliceOf, smallWorker, spec, TestFile } from '../harness.js';
import { bzip2 } from './bzip2-writer.js';
import { logBytes, readAll } from './sources.js';

const file = new TestFile();
after(() => file.close());
const source: Source = { kind: 'gzip', fd: file.fd };

/** What bzip2 1.0.8 makes, in Base64. */
const MADE = {
  nothing: 'QlpoORdyRThQkAAAAAA=',
  runs:
    'QlpoOTFBWSZTWQVrPn4AABbxiP/////4AD////AAAIAIIACKivVQAAAD9UaAAA2jTEwSDKppkGmgxMjIDTJpgTEDEyM7+PPr38+/' +
    'ozwlRMlS52Nc+DXPgREREREV4R3wfthElWniPlBALA4PS4LntgF35sB60tA9qtwMNfAGP7yBlscBmt5GB3nEsg6SBEomQEzBSQtQ' +
    'nWGThrA5ofQAaioYxgbxdyRThQkAVrPn4A==',
  threeBlocks:
    'QlpoMTFBWSZTWUrouuIAdjFZgAAQQAB/4CNl1ABAApw4gACgAxGmmjQoAMRppo0E1VQyH6oAAClUj/VVPSflTNIG0/sEQ8oRD4qT' +
    '8CnApwKeBT2FPyKcinQp+hT3FPgU9hTkU5FOwpyKcinIpyKcinIpyKeBTkVZUWVFuqLKiwSwSwSwSwS01qLBLBLBLBLQS1EsEsEs' +
    'EsEtKi0FMKYUwp1BEPmCIeRToU6FOhTqpO4phTCmFNUncKlhTCnYUwpqk7BUsKYUwp3FNUnBSlhTCmFNUmVUrCmFNUmqTCmFMKap' +
    'NUmFMKYU1SapMKYUwpqk1SYU4qTgUwphTVJ/4Ih5QiH8giHqCIfUEQ4giH0hEPH+giHqCIekIh7oIh8wRD2giHaCIeoIh9mKCsky' +
    'msscG5noAbO2zAAAggAD/wEbLqACABTnEJABQAYjTTRoUAGI000aCaqqen6qG/VI0ZDIFKlTfqSb0oNAyfkEQ+YIhnwKaFNCmhTq' +
    'Keop2FNinIp7CnuRdai96i2otEuBLRLRLRLRLRLRLRL2qLRLRLRLkJaJaJbUW1DYpsU4FNimxTYpsUwU2KbFNimxTYpgpgpgpgpg' +
    'pzBEO6EQ7fIpyKelSc1JyKdBTAWCWCWVFyqhMqLBLiosEsqLgUTKiwSwS6CmCmklLBTKkypMFMEVYKZUmVJ54FOBTgU4qTgUwUwU' +
    'wUypMFMFMFMFMqTBTBTBTQpoUwUypMFPEEQ7wRD8giHaCIeEIhqCIeIIh+wRDzBEPMEQ96CId4IhrrBENQRDzBEP8xQVkmU1lU7T' +
    'OxAECAWYAAEEAAf+AjZdQAQAJc4AECgAxGmmjQoAMRppo0E1VUz/VVB/6pQ0ABNVRDIMg0ZNpJJeVJJaidImETCJlEzidYnaJ3ie' +
    'ImkTWJnE6J0TwJwnCcJwnCcJwnxicJwnCeROE4ThOE4ThPhE4ThOE4TCcJwnCcJwmiaJomiaJ6kkl91JJe8T1E9RPQnoTzE0TCYT' +
    'CeaFVomE8RMJhPCUq0TCYTzEwntFKtEwmEwmoStEwmEwmiaJhMJhNE0TCYTCaJomEwmE0T2E9omiYTCfySSXupJL5JJLiSSW6kks' +
    'CSm2EBG6kksVJJcSSS4UkloUkl6kkllJJLFSSXEkkv4u5IpwoSFwknyE',
};

const RUNS = Buffer.from(
  `${Array.from({ length: 39 }, (_, i) => String.fromCharCode(97 + ((i + 1) % 26)).repeat(i + 1)).join('')}${'z'.repeat(3000)}\n`,
);
const THREE_BLOCKS = Buffer.from(
  Array.from({ length: 50 }, (_, i) => `line ${i} of the pattern\n`)
    .join('')
    .repeat(230),
);

function made(name: keyof typeof MADE): Buffer {
  return Buffer.from(MADE[name], 'base64');
}

async function readOf(packed: Uint8Array, from = 0, step = 10_000): Promise<Buffer> {
  writeFileSync(file.path, packed);
  return readAll(new Sources(), source, from, step);
}

function blocksOf(plain: Uint8Array, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(plain.length / size) }, (_, i) =>
    Buffer.from(plain.subarray(i * size, (i + 1) * size)),
  );
}

/** Bytes that have long runs, all values, and what repeats. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.nat(255), fc.nat(600)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 5 }), fc.nat(30))
        .map(([part, times]) => Uint8Array.from({ length: part.length * times }, (_, i) => part[i % part.length]!)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts));

describe('bzip2', () => {
  test('reads what the usual tool makes: nothing, runs, several blocks, several streams', async () => {
    assert.deepEqual(await readOf(made('nothing')), Buffer.alloc(0));
    assert.ok((await readOf(made('runs'))).equals(RUNS));
    assert.ok((await readOf(made('threeBlocks'))).equals(THREE_BLOCKS));
    const streams = ['runs', 'nothing', 'threeBlocks', 'runs'] as const;
    assert.ok((await readOf(Buffer.concat(streams.map(made)))).equals(Buffer.concat([RUNS, THREE_BLOCKS, RUNS])));
  });

  test('reads any bytes, in blocks and streams of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ plain: content, size: fc.integer({ min: 1, max: 2000 }), level: fc.integer({ min: 1, max: 9 }) }),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        async (streams) => {
          const packed = streams.map(({ plain, size, level }) => bzip2(blocksOf(plain, size), level));
          assert.ok((await readOf(Buffer.concat(packed))).equals(Buffer.concat(streams.map(({ plain }) => plain))));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('reads from any offset, in steps of any size, forward and back', async () => {
    writeFileSync(file.path, Buffer.concat([made('threeBlocks'), made('runs')]));
    const plain = Buffer.concat([THREE_BLOCKS, RUNS]);
    const sources = new Sources();
    await fc.assert(
      fc.asyncProperty(fc.nat(plain.length + 10), fc.integer({ min: 500, max: 200_000 }), async (from, step) => {
        assert.ok((await readAll(sources, source, from, step)).equals(plain.subarray(from)));
      }),
      { numRuns: 30 },
    );
  });

  test('slices in turn give the lines of the plain file, wherever they are cut', async () => {
    const plain = logBytes(120);
    writeFileSync(file.path, bzip2(blocksOf(plain, 1500)));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: plain.length - 1 }), { maxLength: 6 }),
        async (inner) => {
          const cuts = [0, ...inner.sort((a, b) => a - b), plain.length];
          const worker = smallWorker(1024, 997, 1 << 20);
          const { entries, results } = await runInTurn(worker, spec(), cuts.length - 1, (i) =>
            sliceOf(-1, cuts[i]!, cuts[i + 1]!, { source, aligned: i === 0, final: true }),
          );
          assert.deepEqual(
            entries.map((entry) => entry.content),
            plain
              .toString()
              .trimEnd()
              .split('\n')
              .map((line) => line.split(' F ')[1]),
          );
          const ends = [0, ...results.map(({ next }) => next)];
          assert.deepEqual(
            results.map(({ first }) => first),
            ends.slice(0, -1),
          );
        },
      ),
      { numRuns: 20 },
    );
  });

  test('a file that is cut anywhere is not complete, and what came before is read', async () => {
    const packed = Buffer.concat([bzip2(blocksOf(RUNS, 1000)), made('runs')]);
    for (let end = 3; end < packed.length; end++) {
      const whole = end === packed.length - made('runs').length;
      const reading = readOf(packed.subarray(0, end));
      if (whole) assert.ok((await reading).equals(RUNS));
      else await assert.rejects(reading, (error) => errnoOf(error) === 'BZ_UNEXPECTED_EOF', `${end}`);
    }
    writeFileSync(file.path, packed.subarray(0, packed.length - 1));
    const opened = await new Sources().open(source);
    const bytes = Buffer.alloc(RUNS.length);
    assert.equal(await opened.read(bytes, 0, bytes.length, 0), RUNS.length);
    assert.ok(bytes.equals(RUNS));
    // Not the end, however often it is asked for.
    for (let i = 0; i < 2; i++) await assert.rejects(async () => opened.read(bytes, 0, 10, 2 * RUNS.length - 5));
  });

  test('one wrong bit anywhere is told, or changes nothing; and no byte that it made comes before', async () => {
    const plain = RUNS.subarray(0, 600);
    const packed = bzip2(blocksOf(plain, 300));
    const errors = new Map<string, number>();
    for (let bit = 32; bit < packed.length * 8; bit++) {
      const wrong = Buffer.from(packed);
      wrong[bit >> 3]! ^= 0x80 >> (bit & 7);
      writeFileSync(file.path, wrong);
      const opened = await new Sources().open(source);
      const bytes = Buffer.alloc(plain.length + 1);
      let read = 0;
      let error = 'none';
      try {
        while ((await opened.read(bytes, read, 1, read)) === 1) read++;
        // Some codes have no symbol, and the last byte is filled up.
        assert.equal(read, plain.length, `bit ${bit}`);
      } catch (thrown) {
        error = errnoOf(thrown) ?? '';
      }
      errors.set(error, (errors.get(error) ?? 0) + 1);
      assert.ok(bytes.subarray(0, read).equals(plain.subarray(0, read)), `bit ${bit}`);
    }
    assert.deepEqual([...errors.keys()].sort(), ['BZ_DATA_ERROR', 'none']);
    assert.ok(errors.get('none')! < 40, `${errors.get('none')} of ${packed.length * 8}`);
  });

  test('wrong checksums are told, and what stands behind damage is not taken for what was asked for', async () => {
    const blocks = blocksOf(RUNS, 1000);
    const all = bzip2(blocks);
    const stream = Buffer.from(all);
    stream[stream.length - 3]! ^= 1;
    await assert.rejects(readOf(stream), { message: /checksum of a stream/ });
    const checksum = Buffer.from(all);
    checksum[12]! ^= 1;
    writeFileSync(file.path, Buffer.concat([checksum, made('runs')]));
    const opened = await new Sources().open(source);
    const bytes = Buffer.alloc(10);
    for (let i = 0; i < 3; i++) {
      await assert.rejects(async () => opened.read(bytes, 0, 10, 0), { message: /checksum of a block/ });
    }
  });

  test('bytes that are no bzip2 never stop it or make it fail otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, block) => {
        const head = Buffer.from(block ? 'BZh1\x31\x41\x59\x26\x53\x59' : 'BZh9', 'latin1');
        await assert.rejects(readOf(Buffer.concat([head, bytes])), (error) => /^BZ_/.test(errnoOf(error) ?? ''));
      }),
    );
    for (const more of ['something else', 'BZx9', 'BZh0', 'BZh:']) {
      const after = Buffer.concat([made('runs'), Buffer.from(more)]);
      await assert.rejects(readOf(after), { code: 'BZ_DATA_ERROR', message: /neither a stream nor the end/ }, more);
    }
    const randomised = made('runs');
    randomised[14]! |= 0x80;
    await assert.rejects(readOf(randomised), { code: 'BZ_DATA_ERROR', message: /randomised/ });
    const origin = made('runs').fill(0xff, 15, 17);
    await assert.rejects(readOf(origin), { code: 'BZ_DATA_ERROR', message: /block head/ });
  });

  test('between jobs nothing is read: the next job brings another descriptor of the file', async () => {
    const noise = Buffer.concat([made('threeBlocks'), made('threeBlocks')]);
    writeFileSync(file.path, noise);
    const sources = new Sources();
    const fd = openSync(file.path, 'r');
    const opened = await sources.open({ kind: 'gzip', fd });
    const first = Buffer.alloc(1000);
    assert.equal(await opened.read(first, 0, 1000, 0), 1000);
    closeSync(fd);
    const rest = await readAll(sources, source, 1000);
    assert.ok(rest.equals(Buffer.concat([THREE_BLOCKS, THREE_BLOCKS]).subarray(1000)));
  });
});
