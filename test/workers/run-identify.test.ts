import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { HEAD_BYTES, type Place, type Source } from '../../src/protocol.js';
import { markOf } from '../../workers/mark.js';
import { Sources } from '../../workers/read/source.js';
import { writeSpool } from '../../workers/read/spool-writer.js';
import { runIdentify } from '../../workers/run-identify.js';
import { TestFile } from './harness.js';
import { logBytes } from './read/sources.js';

const file = new TestFile();
after(() => file.close());
const sources = new Sources();
const plain = logBytes(2000);
const plainSource: Source = { kind: 'plain', fd: file.fd };

function placeOf(bytes: Buffer, offset: number): Place {
  return {
    offset,
    head: markOf(bytes, 0, Math.min(1024, offset)),
    tail: offset === 0 ? null : markOf(bytes, Math.max(0, offset - 128), offset),
  };
}

async function matches(source: Source, places: Place[]): Promise<boolean[]> {
  return (await runIdentify({ candidates: [{ source, places }] }, sources)).matches[0]!;
}

const offsets = [plain.length, 0, 1, 50, 128, 1000, 1024, 1025, 60_000, 60_050];
const other = Buffer.from(plain);
other[500]! ^= 1;
const longer = Buffer.concat([plain, Buffer.from('more')]);
const otherBefore = Buffer.from(plain);
otherBefore[59_950]! ^= 1;

const places = [
  ...offsets.map((offset) => placeOf(plain, offset)),
  placeOf(other, 60_000),
  placeOf(other, 400),
  placeOf(longer, longer.length),
  placeOf(otherBefore, 60_000),
  { offset: 60_000, head: null, tail: null },
  { offset: plain.length + 1, head: null, tail: null },
  { offset: 5, head: null, tail: markOf(plain, 0, 10) },
];
const expected = [...offsets.map(() => true), false, true, false, false, true, false, false];

describe('identify', () => {
  test('a plain file', async () => {
    file.set(plain);
    assert.deepEqual(await matches(plainSource, places), expected);
  });

  test('a gzip file', async (t) => {
    const path = join(file.folder, 'log.gz');
    writeFileSync(path, gzipSync(plain));
    const fd = openSync(path, 'r');
    t.after(() => closeSync(fd));
    const source: Source = { kind: 'gzip', fd };
    assert.deepEqual(await matches(source, places), expected);
    const fresh = new Sources();
    const near = { source, places: [placeOf(plain, 100)] };
    const beyond = { source, places: [placeOf(longer, longer.length)] };
    assert.deepEqual(await runIdentify({ candidates: [near, beyond, near] }, fresh), {
      matches: [[true], [false], [true]],
      heads: [[null], [null], [null]],
    });
  });

  test('a spool file is held to what it has: its first bytes, and those from its start on', async () => {
    const path = join(file.folder, 'log.spool');
    file.set(plain);
    await writeSpool({ source: plainSource, from: 59_900, path, note: '', limitBytes: 1e9 }, sources);
    const source: Source = { kind: 'spool', path };
    const asked = [60_050, 59_900, 59_950, 59_000, plain.length + 1].map((offset) => placeOf(longer, offset));
    assert.deepEqual(await matches(source, asked), [true, true, true, true, false]);
    const others = [
      placeOf(otherBefore, 60_050),
      placeOf(other, 59_000),
      placeOf(other, 59_900),
      placeOf(other, 59_950),
    ];
    assert.deepEqual(await matches(source, others), [false, false, false, false]);
  });

  test('a spool file that begins within the first bytes has all of these', async () => {
    const path = join(file.folder, 'young.spool');
    file.set(plain);
    await writeSpool({ source: plainSource, from: 450, path, note: '', limitBytes: 1e9 }, sources);
    const asked = [placeOf(plain, 400), placeOf(plain, 700), placeOf(other, 400), placeOf(other, 700)];
    assert.deepEqual(await matches({ kind: 'spool', path }, asked), [true, true, true, false]);
  });

  test('of a candidate that can not be read nothing is said; one that is damaged has none of the places', async (t) => {
    const missing: Source = { kind: 'gzip', fd: 9998 };
    const path = join(file.folder, 'damaged.gz');
    writeFileSync(path, gzipSync(plain).fill(255, 10, 20_000));
    const damaged = openSync(path, 'r');
    t.after(() => closeSync(damaged));
    file.set(plain);
    const result = await runIdentify(
      {
        candidates: [
          { source: missing, places: [placeOf(plain, 0), placeOf(plain, 10)] },
          { source: plainSource, places: [placeOf(plain, 10)] },
          { source: { kind: 'plain', fd: 9999 }, places: [placeOf(plain, 10)] },
          { source: { kind: 'gzip', fd: damaged }, places: [placeOf(plain, 10)] },
        ],
      },
      sources,
    );
    assert.deepEqual(result, {
      matches: [null, [true], null, [false]],
      heads: [[null, null], [null], [null], [null]],
    });
  });

  test('a place without a fingerprint gets that of the bytes before it', async () => {
    const bare = (offset: number) => ({ offset, head: null, tail: null });
    const candidates = [{ source: plainSource, places: [0, 10, 5000, plain.length + 1].map(bare) }];
    file.set(plain);
    const { matches, heads } = await runIdentify({ candidates }, sources);
    assert.deepEqual(matches, [[true, true, true, false]]);
    assert.deepEqual(heads, [[null, markOf(plain, 0, 10), markOf(plain, 0, HEAD_BYTES), null]]);
  });
});
