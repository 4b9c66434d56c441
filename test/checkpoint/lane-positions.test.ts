import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Journal, openJournal } from '../../src/checkpoint/journal.js';
import { inheritPositions, keyOf, moveToLanes, positionsOf, splitKey } from '../../src/checkpoint/lane-positions.js';
import type { PositionRecord } from '../../src/checkpoint/record.js';
import { MemoryFiles } from './memory-files.js';

const PATH = '/var/log/pods/default_web_uid/app/0.log';
const OTHER = '/var/log/pods/default_db_uid/app/0.log';

function open(): Promise<Journal> {
  return openJournal('/state', { onProblem: () => {}, files: new MemoryFiles() });
}

function record(log: string, offset: number, size = 100): PositionRecord {
  const place = { name: '0.log', head: null, tail: null, format: null, carry: null };
  return { log, cursors: [{ dev: '1', ino: '2', offset, size, ...place }] };
}

function wanting(id: string, ...paths: string[]) {
  return { id, wants: (path: string) => paths.includes(path) };
}

function offsets(journal: Journal, lane: string): [string, number][] {
  return [...positionsOf(journal, lane).records()].map(([path, { cursors }]) => [path, cursors[0]!.offset]);
}

test('a key is a path, behind the id of its lane', () => {
  for (const lane of ['', 'loki.source.file.a>loki.write.b#2', 'import.file.x/loki.source.file.a>loki.echo.b']) {
    assert.deepEqual(splitKey(keyOf(lane, '/with space/0.log')), { lane, path: '/with space/0.log' });
  }
  assert.equal(keyOf('', PATH), PATH);
});

test('each lane has positions of its own', async () => {
  const journal = await open();
  const [a, b] = [positionsOf(journal, 'a'), positionsOf(journal, '')];
  a.put(record(PATH, 10));
  b.put(record(PATH, 20));
  assert.deepEqual([offsets(journal, 'a'), offsets(journal, '')], [[[PATH, 10]], [[PATH, 20]]]);
  b.forget(PATH);
  assert.deepEqual([offsets(journal, 'a'), offsets(journal, '')], [[[PATH, 10]], []]);
});

test('positions go with their lane to another name, in the place of older ones, though two change names', async () => {
  const journal = await open();
  const [x, y] = [positionsOf(journal, 'x'), positionsOf(journal, 'y')];
  x.put(record(PATH, 10));
  y.put(record(PATH, 50));
  y.put(record(OTHER, 60));
  positionsOf(journal, 'z').put(record(OTHER, 90));
  const all = () => ['x', 'y', 'z'].map((lane) => offsets(journal, lane));
  const xs: [string, number][] = [[PATH, 10]];
  const ys: [string, number][] = [
    [PATH, 50],
    [OTHER, 60],
  ];
  moveToLanes([
    { positions: x, lane: 'y' },
    { positions: y, lane: 'x' },
  ]);
  assert.deepEqual(all(), [ys, xs, [[OTHER, 90]]]);
  moveToLanes([{ positions: y, lane: 'z' }]);
  y.put(record(OTHER, 61));
  assert.deepEqual(all(), [
    [],
    xs,
    [
      [PATH, 50],
      [OTHER, 61],
    ],
  ]);
});

test('a lane under another name goes on where the one was that is gone', async () => {
  const journal = await open();
  positionsOf(journal, 'old').put(record(PATH, 10));
  positionsOf(journal, 'old').put(record(OTHER, 30));
  positionsOf(journal, 'stays').put(record(PATH, 50));
  inheritPositions(journal, [wanting('stays', PATH), wanting('new', PATH)]);
  assert.deepEqual(offsets(journal, 'new'), [[PATH, 10]]);
  assert.deepEqual(offsets(journal, 'stays'), [[PATH, 50]]);
  assert.deepEqual(offsets(journal, 'old'), []);
});

test('a lane that is added begins where another is with the same files; of two, where the one behind is', async () => {
  const journal = await open();
  positionsOf(journal, 'a').put(record(PATH, 70));
  positionsOf(journal, 'b').put(record(PATH, 40));
  positionsOf(journal, 'b').put(record(OTHER, 5));
  inheritPositions(journal, [wanting('a', PATH), wanting('b', PATH, OTHER), wanting('new', PATH)]);
  assert.deepEqual(offsets(journal, 'new'), [[PATH, 40]]);
  assert.deepEqual(offsets(journal, 'a'), [[PATH, 70]]);
  assert.deepEqual(offsets(journal, 'b'), [
    [PATH, 40],
    [OTHER, 5],
  ]);
});

test('a lane that is added begins where another is, though one with other files is gone', async () => {
  const journal = await open();
  positionsOf(journal, 'stays').put(record(PATH, 70));
  positionsOf(journal, 'old').put(record(OTHER, 5));
  inheritPositions(journal, [wanting('stays', PATH), wanting('new', PATH)]);
  assert.deepEqual(offsets(journal, 'new'), [[PATH, 70]]);
  assert.deepEqual(offsets(journal, 'old'), []);
});

test('what nobody wants any more is forgotten with its lane', async () => {
  const journal = await open();
  positionsOf(journal, 'old').put(record(OTHER, 30));
  inheritPositions(journal, [wanting('', PATH)]);
  assert.equal(journal.records.size, 0);
});
