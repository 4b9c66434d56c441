import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { rotateLog, rotationStamp } from '../../../bench/node/rotate.js';

const T0 = Date.UTC(2026, 10, 22, 11, 39, 5) / 1000;
let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rotate-'));
  path = join(folder, '0.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const names = () => readdirSync(folder).sort();
const put = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text);
const plainOf = (name: string) => gunzipSync(readFileSync(join(folder, name))).toString();
const reopen = async () => put('0.log', '');

test('a rotated file bears the time as the kubelet writes it', () => {
  assert.equal(rotationStamp(T0), '20261122-113905');
});

test('the kubelet: leftovers go, the oldest go, plain files are gzipped, and only then the log is renamed', async () => {
  put('0.log', 'live');
  put('0.log.20261122-110001.gz', gzipSync('1'));
  put('0.log.20261122-110002.gz', gzipSync('2'));
  put('0.log.20261122-110003', 'its archive is finished');
  put('0.log.20261122-110003.gz', gzipSync('3'));
  put('0.log.20261122-110004', '4');
  put('0.log.20261122-110004.tmp', 'half an archive');
  put('1.log', 'another container');
  let atReopen: string[] = [];
  const observe = async () => {
    atReopen = names();
    // The runtime still writes to the renamed file here.
    writeFileSync(join(folder, '0.log.20261122-113905'), ', late', { flag: 'a' });
    put('0.log', 'new');
  };
  await rotateLog({ path, keepFiles: 5, stampSeconds: T0, reopen: observe });
  const rotated = [
    '0.log.20261122-110002.gz',
    '0.log.20261122-110003.gz',
    '0.log.20261122-110004.gz',
    '0.log.20261122-113905',
  ];
  assert.deepEqual(atReopen, [...rotated, '1.log']);
  assert.deepEqual(names(), ['0.log', ...rotated, '1.log']);
  assert.equal(plainOf('0.log.20261122-110003.gz'), '3');
  assert.equal(plainOf('0.log.20261122-110004.gz'), '4');
  assert.equal(readFileSync(join(folder, '0.log.20261122-113905'), 'utf8'), 'live, late');
});

test('copytruncate: the live log is copied, then emptied in place', async () => {
  put('0.log', 'live');
  put('0.log.20261122-110004', '4');
  let whenTruncated: string[] = [];
  const truncate = () => {
    whenTruncated = names();
    truncateSync(path);
  };
  const reopen = () => assert.fail('the runtime is not asked');
  await rotateLog({ path, keepFiles: 5, stampSeconds: T0, reopen, truncate });
  assert.deepEqual(whenTruncated, ['0.log', '0.log.20261122-110004.gz', '0.log.20261122-113905']);
  assert.equal(readFileSync(join(folder, '0.log.20261122-113905'), 'utf8'), 'live');
  assert.equal(readFileSync(path, 'utf8'), '');
});

test('never more than keepFiles, the newest rotated one plain, and the oldest goes first', async () => {
  for (let round = 0; round < 8; round++) {
    put('0.log', `round ${round}`);
    await rotateLog({ path, keepFiles: 4, stampSeconds: T0 + round, reopen });
    assert.equal(names().length, Math.min(round + 2, 4));
  }
  assert.deepEqual(names(), ['0.log', '0.log.20261122-113910.gz', '0.log.20261122-113911.gz', '0.log.20261122-113912']);
  assert.equal(plainOf('0.log.20261122-113910.gz'), 'round 5');
});

test('when the runtime does not reopen, the rename is undone', async () => {
  put('0.log', 'live');
  const fails = async () => {
    assert.deepEqual(names(), ['0.log.20261122-113905']);
    throw new Error('no answer');
  };
  await assert.rejects(rotateLog({ path, keepFiles: 5, stampSeconds: T0, reopen: fails }), /no answer/);
  assert.deepEqual(names(), ['0.log']);
  assert.equal(readFileSync(path, 'utf8'), 'live');
});
