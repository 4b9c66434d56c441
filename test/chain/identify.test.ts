import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Descriptors } from '../../src/chain/descriptors.js';
import type { Generation } from '../../src/chain/generation.js';
import { type Identify, identifyNewcomers } from '../../src/chain/identify.js';
import { isSurelyDone, placeAtCursors, placeAtEnd } from '../../src/chain/place.js';
import type { Cursor } from '../../src/checkpoint/record.js';
import type { IdentifyJob } from '../../src/protocol.js';
import { addGeneration, CARRY, makeLog, mark, NOW_MS } from './kit.js';

const LOG = '/var/log/pods/default_web_uid/app/0.log';
const ROTATED = { suffix: '1', path: `${LOG}.1` };

/** Files are not opened here, and closing one only forgets its number. */
class NoFiles extends Descriptors {
  constructor() {
    super(100, () => {});
  }

  override close(generation: Generation): void {
    generation.fd = null;
  }
}

/** Says that a candidate matches the places with a head of this hash. */
function knows(contents: ReadonlyMap<Generation, string>, jobs: IdentifyJob[] = []): Identify {
  const hashOf = (source: IdentifyJob['candidates'][number]['source']) => {
    for (const [generation, hash] of contents) {
      const own = generation.source(0);
      if (JSON.stringify(own) === JSON.stringify(source)) return hash;
    }
    return null;
  };
  return async (job) => {
    jobs.push(job);
    const matches = job.candidates.map(({ source, places }) => places.map(({ head }) => head?.hash === hashOf(source)));
    const heads = job.candidates.map(({ source, places }) =>
      places.map(({ head }) => (head === null ? mark(hashOf(source) ?? 'none') : null)),
    );
    return { matches, heads };
  };
}

function known(hash: string, offset: number, size: number) {
  const log = makeLog(LOG);
  const generation = addGeneration(log, size);
  generation.startAt({ offset, tail: mark('tail'), carry: null }, mark(hash), 'cri');
  return { log, generation };
}

function newcomer(log: ReturnType<typeof makeLog>, file: Parameters<typeof addGeneration>[2], size = 100): Generation {
  const generation = addGeneration(log, size, file);
  generation.unidentified = true;
  return generation;
}

test('a .gz of a generation that is known is another name of it', async () => {
  const { log, generation } = known('a', 100, 100);
  generation.path = null;
  const gzip = newcomer(log, { ...ROTATED, path: `${ROTATED.path}.gz`, gzip: true });
  await identifyNewcomers(log, new NoFiles(), knows(new Map([[gzip, 'a']])));
  assert.deepEqual(log.generations, [generation]);
  assert.deepEqual(
    [generation.gzip?.path, generation.suffix, generation.read.offset],
    [`${ROTATED.path}.gz`, '1', 100],
  );
});

test('a closed file that was renamed, opened under that name, and compressed or deleted by then, is the same', async () => {
  for (const gzip of [{ path: `${ROTATED.path}.gz`, dev: '1', ino: 'gz' }, null]) {
    const { log, generation } = known('a', 40, 100);
    generation.fd = null;
    const renamed = newcomer(log, { ...ROTATED, ino: generation.ino });
    const { fd } = renamed;
    Object.assign(renamed, { path: null, gzip, readers: 1 });
    const identify = knows(new Map([[renamed, 'a']]));
    // It is being copied.
    await identifyNewcomers(log, new NoFiles(), identify);
    assert.equal(log.generations.length, 2);
    const spool = { path: 'copy', start: 0, end: 100, fileBytes: 60 };
    Object.assign(renamed, { readers: 0, spool });
    await identifyNewcomers(log, new NoFiles(), identify);
    assert.deepEqual(log.generations, [generation]);
    assert.deepEqual(
      [generation.path, generation.gzip, generation.fd, generation.spool, generation.read.offset],
      [null, gzip, fd, spool, 40],
    );
    assert.deepEqual([renamed.fd, renamed.spool, renamed.done], [null, null, true]);
  }
});

test('a copy of a new file is not that of the generation it is, where that is being copied itself', async () => {
  const { log, generation } = known('a', 100, 100);
  generation.path = null;
  generation.spooling = true;
  const gzip = newcomer(log, { ...ROTATED, path: `${ROTATED.path}.gz`, gzip: true });
  const spool = { path: 'copy', start: 0, end: 100, fileBytes: 60 };
  gzip.spool = spool;
  const { merged } = await identifyNewcomers(log, new NoFiles(), knows(new Map([[gzip, 'a']])));
  assert.deepEqual([merged, generation.spool, gzip.spool], [[gzip], null, spool]);
});

test('a copy that is made of a new file, again and again where there is no room, keeps it from nothing', async () => {
  const { log, generation } = known('a', 100, 100);
  const other = newcomer(log, { ...ROTATED, suffix: '2' });
  const same = newcomer(log, { ...ROTATED, path: `${ROTATED.path}.gz`, gzip: true });
  generation.path = null;
  other.readers = same.readers = 1;
  const contents = new Map([
    [other, 'b'],
    [same, 'a'],
  ]);
  await identifyNewcomers(log, new NoFiles(), knows(contents));
  assert.deepEqual([other.unidentified, log.generations.includes(same)], [false, false]);
});

test('a file that is another is read from its start', async () => {
  const { log } = known('a', 100, 100);
  const other = newcomer(log, ROTATED);
  const jobs: IdentifyJob[] = [];
  await identifyNewcomers(log, new NoFiles(), knows(new Map([[other, 'b']]), jobs));
  assert.deepEqual([other.unidentified, other.done, other.read.offset, other.readers], [false, false, 0, 0]);
  assert.deepEqual(jobs[0]?.candidates[0]?.places, [{ offset: 100, head: mark('a'), tail: mark('tail') }]);
});

test('a copy is read where the original was, once that is truncated, and what it lacks is known', async () => {
  const { log, generation } = known('a', 40, 60);
  const copy = newcomer(log, ROTATED, 50);
  await identifyNewcomers(log, new NoFiles(), knows(new Map([[copy, 'a']])));
  assert.deepEqual(
    [copy.copyOf, copy.unknown, log.nextFlight(1000, true, 0)?.generation],
    [generation, false, generation],
  );
  generation.restart(5);
  assert.deepEqual([copy.copyOf, copy.unknown], [null, true]);
  await identifyNewcomers(log, new NoFiles(), knows(new Map([[copy, 'a']])));
  assert.deepEqual([copy.read.offset, copy.unidentified, generation.path], [40, false, LOG]);
  assert.equal(generation.formers[0]?.copy, copy);
});

test('truncated before its copy was seen: the copy goes on all the same', async () => {
  const { log, generation } = known('a', 40, 60);
  generation.restart(0);
  const [copy, other] = [newcomer(log, ROTATED), newcomer(log, { ...ROTATED, suffix: '2' })];
  const contents = new Map([
    [copy, 'a'],
    [other, 'b'],
  ]);
  await identifyNewcomers(log, new NoFiles(), knows(contents));
  assert.deepEqual([copy.read.offset, other.read.offset, other.unidentified], [40, 0, false]);
});

test('copied and truncated more than once between two looks: what is in any copy is not unread', async () => {
  const { log, generation } = known('a', 0, 60);
  Object.assign(generation, { head: null, seenAtMs: 0 });
  const copies = [newcomer(log, ROTATED, 60), newcomer(log, { ...ROTATED, suffix: '2' }, 20)];
  await identifyNewcomers(log, new NoFiles(), knows(new Map()));
  assert.deepEqual(
    copies.map(({ unidentified }) => unidentified),
    [false, false],
  );
  generation.restart(5);
  assert.equal(generation.takeUnread(), 0);
  generation.restart(0);
  assert.equal(generation.takeUnread(), 5);
  assert.equal(generation.takeUnread(), 0);
});

test('truncated again and again unread: the copies are of what was truncated, in the order of their names', async () => {
  const { log, generation } = known('a', 0, 60);
  Object.assign(generation, { head: null, seenAtMs: 0 });
  generation.restart(0);
  generation.size = 80;
  generation.restart(0);
  newcomer(log, { ...ROTATED, suffix: '2' }, 50);
  newcomer(log, ROTATED, 80);
  await identifyNewcomers(log, new NoFiles(), knows(new Map()));
  assert.equal(generation.takeUnread(), 10);
});

test('unread, and copied again before its truncation was noticed: the second copy is of what it is now', async () => {
  const { log, generation } = known('a', 0, 60);
  Object.assign(generation, { head: null, seenAtMs: 0 });
  generation.restart(20);
  newcomer(log, { ...ROTATED, suffix: '20260101-000001' }, 70);
  const second = newcomer(log, { ...ROTATED, suffix: '20260101-000002' }, 0);
  await identifyNewcomers(log, new NoFiles(), knows(new Map()));
  assert.equal(generation.takeUnread(), 0);
  // It was seen while it was made.
  second.size = 25;
  generation.restart(5);
  assert.equal(generation.takeUnread(), 0);
  generation.restart(0);
  assert.equal(generation.takeUnread(), 5);
});

test('truncated twice, the first time unseen: its size is that of the second, which has a copy as well', async () => {
  const { log, generation } = known('a', 40, 50);
  Object.assign(generation, { seenAtMs: 0 });
  const first = newcomer(log, { ...ROTATED, suffix: '20260101-000001' }, 60);
  const contents = new Map([[first, 'a']]);
  await identifyNewcomers(log, new NoFiles(), knows(contents));
  assert.equal(first.copyOf, generation);
  // It has grown again beyond what was known.
  generation.size = 100;
  const second = newcomer(log, { ...ROTATED, suffix: '20260101-000002' }, 90);
  generation.restart(5);
  await identifyNewcomers(log, new NoFiles(), knows(contents));
  assert.deepEqual([first.read.offset, second.read.offset, second.unidentified], [40, 0, false]);
  assert.equal(generation.takeUnread(), 10);
});

test('truncated unread, and read before that was seen: its size is of what it was, the copy found of what came next', async () => {
  const { log, generation } = known('b', 20, 100);
  Object.assign(generation, { seenAtMs: 0 });
  const third = newcomer(log, { ...ROTATED, suffix: '20260101-000003' }, 0);
  generation.restart(30);
  generation.size = 50;
  generation.restart(5);
  const [first, second] = [
    newcomer(log, { ...ROTATED, suffix: '20260101-000001' }, 110),
    newcomer(log, { ...ROTATED, suffix: '20260101-000002' }, 60),
  ];
  await identifyNewcomers(log, new NoFiles(), knows(new Map([[second, 'b']])));
  assert.deepEqual(
    [first, second, third].map(({ read }) => read.offset),
    [0, 20, 0],
  );
  assert.equal(generation.takeUnread(), 0);
});

test('unread, and two copies seen before a truncation was: the second may be of what came next', async () => {
  const { log, generation } = known('a', 0, 60);
  Object.assign(generation, { head: null, seenAtMs: 0 });
  newcomer(log, { ...ROTATED, suffix: '20260101-000001' }, 70);
  const second = newcomer(log, { ...ROTATED, suffix: '20260101-000002' }, 0);
  await identifyNewcomers(log, new NoFiles(), knows(new Map()));
  generation.restart(20);
  assert.equal(generation.takeUnread(), 0);
  second.size = 25;
  generation.restart(5);
  assert.equal(generation.takeUnread(), 0);
});

test('unread, and truncated without a copy: a copy of what it was long before has none of it', async () => {
  const { log, generation } = known('a', 0, 60);
  Object.assign(generation, { head: null, seenAtMs: 0 });
  newcomer(log, { ...ROTATED, suffix: '2' }, 500);
  newcomer(log, ROTATED, 60);
  await identifyNewcomers(log, new NoFiles(), knows(new Map()));
  for (const [size, lostBytes] of [
    [30, 0],
    [20, 0],
    [0, 20],
  ] as const) {
    generation.restart(size);
    assert.equal(generation.takeUnread(), lostBytes);
  }
});

test('what a compressed copy holds of unread bytes is not known before it is open: none are counted as lost', async () => {
  const { log, generation } = known('a', 0, 60);
  Object.assign(generation, { head: null, seenAtMs: 0 });
  generation.restart(0);
  newcomer(log, { ...ROTATED, gzip: true }).fd = null;
  await identifyNewcomers(log, new NoFiles(), knows(new Map()));
  assert.equal(generation.takeUnread(), 0);
});

test('truncated without a copy: what was open goes on in what it is now', async () => {
  const { log, generation } = known('a', 40, 40);
  generation.read = { ...generation.read, carry: CARRY };
  generation.restart(30);
  assert.equal(generation.takeUnread(), 0);
  assert.deepEqual(log.record().cursors[0]?.carry, CARRY);
  const flight = log.nextFlight(100, false, NOW_MS);
  assert.deepEqual([flight?.from, flight?.carry], [0, CARRY]);
});

test('truncated without a copy, and perhaps read when it was: what is open may be of what it is now', async () => {
  for (const [changed, carry] of [
    [false, null],
    [true, CARRY],
  ] as const) {
    const { generation } = known('a', 40, 60);
    generation.read = { ...generation.read, carry: CARRY };
    generation.restart(40, changed);
    generation.takeUnread();
    assert.deepEqual(generation.read, { offset: 0, tail: null, carry });
  }
});

test('truncated with a copy: what was open goes on from there', async () => {
  const { log, generation } = known('a', 40, 40);
  generation.read = { ...generation.read, carry: CARRY };
  generation.restart(30);
  const copy = newcomer(log, ROTATED, 40);
  await identifyNewcomers(log, new NoFiles(), knows(new Map([[copy, 'a']])));
  assert.equal(generation.takeUnread(), 0);
  assert.deepEqual([copy.read.carry, generation.read.carry], [CARRY, null]);
});

test('files without times that hold the same bytes are different files', async () => {
  const { log, generation } = known('a', 100, 100);
  Object.assign(generation, { path: `${LOG}.2`, suffix: '2', format: 'raw' });
  const same = newcomer(log, ROTATED);
  await identifyNewcomers(log, new NoFiles(), knows(new Map([[same, 'a']])));
  assert.deepEqual([same.read.offset, same.unidentified, log.generations.length], [0, false, 2]);
});

test('it waits while a generation without a name, which it may be, is not read to its end', async () => {
  const { log, generation } = known('a', 40, 100);
  generation.path = null;
  const gzip = newcomer(log, { ...ROTATED, gzip: true });
  const identify = knows(new Map([[gzip, 'a']]));
  await identifyNewcomers(log, new NoFiles(), identify);
  assert.equal(gzip.unidentified, true);
  generation.read = { ...generation.read, offset: 100 };
  await identifyNewcomers(log, new NoFiles(), identify);
  assert.deepEqual(log.generations, [generation]);
});

test('it waits as well for one without a name that is only now told from the others', async () => {
  const { log } = known('a', 100, 100);
  const nameless = newcomer(log, ROTATED);
  nameless.path = null;
  const gzip = newcomer(log, { ...ROTATED, suffix: '2', gzip: true });
  const identify = knows(
    new Map([
      [nameless, 'b'],
      [gzip, 'b'],
    ]),
  );
  await identifyNewcomers(log, new NoFiles(), identify);
  assert.deepEqual([nameless.unidentified, gzip.unidentified], [false, true]);
  nameless.startAt({ offset: 100, tail: mark('tail'), carry: null }, mark('b'), 'cri');
  await identifyNewcomers(log, new NoFiles(), identify);
  assert.ok(!log.generations.includes(gzip));
});

test('a worker that fails leaves everything as it was', async () => {
  const { log } = known('a', 100, 100);
  const other = newcomer(log, ROTATED);
  await assert.rejects(identifyNewcomers(log, new NoFiles(), () => Promise.reject(new Error('ended'))));
  assert.deepEqual([other.unidentified, other.readers], [true, 0]);
});

function cursor(ino: string, hash: string, offset: number, more: Partial<Cursor> = {}): Cursor {
  const marks = { head: mark(hash), tail: mark('tail') };
  return { dev: '1', ino, name: '0.log', ...marks, offset, size: 100, format: 'cri', carry: null, ...more };
}

test('at start: by inode, or by content where that has changed; what is older is done, what is newer begins', async () => {
  const log = makeLog(LOG);
  const [older, compressed, renamed, current] = [
    addGeneration(log, 100, { ...ROTATED, suffix: '4', ino: 'older' }),
    addGeneration(log, Number.POSITIVE_INFINITY, { suffix: '3', path: `${LOG}.3.gz`, gzip: true, ino: 'new' }),
    addGeneration(log, 100, { ...ROTATED, suffix: '2', ino: 'same' }),
    addGeneration(log, 100, { ino: 'current' }),
  ] as const;
  const contents = new Map([
    [older, 'o'],
    [compressed, 'c'],
    [renamed, 'r'],
    [current, 'x'],
  ]);
  const cursors = [cursor('before', 'c', 30, { carry: CARRY }), cursor('same', 'r', 60)];
  assert.deepEqual(await placeAtCursors(log, { cursors }, new NoFiles(), knows(contents), NOW_MS), []);
  assert.deepEqual(
    log.generations.map(({ ino, done, read }) => [ino, done, read.offset]),
    [
      ['older', true, 100],
      ['new', false, 30],
      ['same', false, 60],
      ['current', false, 0],
    ],
  );
  assert.deepEqual([compressed.settled.carry, compressed.format], [CARRY, 'cri']);
});

test('at start: what is older than all cursors is done, but for a copy that came since', async () => {
  for (const [doneThrough, done] of [
    [undefined, [true, true, false]],
    ['20260101-000002', [true, true, false]],
    ['20260101-000001', [true, false, false]],
    [null, [false, false, false]],
  ] as const) {
    const log = makeLog(LOG);
    const [first, second] = ['20260101-000001', '20260101-000002'].map((suffix) =>
      addGeneration(log, 100, { ...ROTATED, suffix }),
    );
    const current = addGeneration(log, 100, { ino: 'live' });
    const contents = new Map([[current, 'c']]);
    const record = { cursors: [cursor('live', 'c', 60)], doneThrough };
    assert.deepEqual(await placeAtCursors(log, record, new NoFiles(), knows(contents), NOW_MS), []);
    assert.deepEqual(log.generations, [first, second, current]);
    assert.deepEqual([first?.done, second?.done, current.done], done);
    assert.equal(current.read.offset, 60);
  }
});

test('at start: what is left of a copy in the spool goes on where the file stood that was copied', async () => {
  const log = makeLog(LOG);
  const copy = addGeneration(log, 100, { ...ROTATED, ino: 'copy' });
  copy.path = null;
  copy.spool = { path: '/state/spool/1', start: 40, end: 100, fileBytes: 60 };
  copy.was = { dev: '1', ino: 'live' };
  const contents = new Map([[copy, 'c']]);
  const record = { cursors: [cursor('live', 'c', 60)] };
  assert.deepEqual(await placeAtCursors(log, record, new NoFiles(), knows(contents), NOW_MS), []);
  assert.equal(copy.read.offset, 60);
});

test('at start: of raw files only the same one goes on, a .gz of it, or a copy of the truncated one', async () => {
  const gone = cursor('gone', 'r', 60, { format: 'raw' });
  const truncated = cursor('live', 'r', 60, { format: 'raw' });
  for (const [stood, gzip, from] of [
    [gone, false, 0],
    [gone, true, 60],
    [truncated, false, 60],
  ] as const) {
    const log = makeLog(LOG);
    const same = addGeneration(log, 100, { ...ROTATED, gzip });
    const live = addGeneration(log, 10, { ino: 'live' });
    const contents = new Map([
      [same, 'r'],
      [live, 'x'],
    ]);
    await placeAtCursors(log, { cursors: [stood] }, new NoFiles(), knows(contents), NOW_MS);
    assert.deepEqual([same.read.offset, live.read.offset], [from, 0]);
  }
});

test('at start: a time in the name says which file it is, and nothing is read for it', async () => {
  const log = makeLog(LOG);
  const suffix = '20260101-000001';
  const compressed = addGeneration(log, 0, { path: `${LOG}.${suffix}.gz`, suffix, gzip: true });
  // It has the inode that the plain file had.
  const current = addGeneration(log, 100, { ino: 'plain' });
  const jobs: IdentifyJob[] = [];
  const cursors = [cursor('plain', 'a', 60, { name: `0.log.${suffix}` }), cursor('other', 'c', 30)];
  assert.deepEqual(
    await placeAtCursors(log, { cursors }, new NoFiles(), knows(new Map([[current, 'c']]), jobs), NOW_MS),
    [],
  );
  assert.deepEqual([compressed.read.offset, current.read.offset], [60, 30]);
  assert.deepEqual(
    jobs.map(({ candidates }) => candidates.map(({ places }) => places.length)),
    [[1]],
  );
});

test('at start: a compressed file that is no longer than what was read of it has ended', async () => {
  const suffix = '20260101-000001';
  const log = makeLog(LOG);
  const compressed = addGeneration(log, 0, { path: `${LOG}.${suffix}.gz`, suffix, gzip: true });
  const current = addGeneration(log, 10);
  compressed.saidBytes = 100;
  for (const [offset, size] of [
    [60, Number.POSITIVE_INFINITY],
    [100, 100],
  ] as const) {
    const cursors = [cursor('plain', 'a', offset, { name: `0.log.${suffix}` })];
    await placeAtCursors(log, { cursors }, new NoFiles(), knows(new Map()), NOW_MS);
    assert.equal(compressed.size, size);
  }
  assert.equal(log.nextFlight(1000, true, 0)?.generation, current);
});

test('at start: names tell which files are done, if that of the first cursor is there', () => {
  const stamps = [1, 2, 3].map((second) => `20260101-00000${second}`);
  const log = makeLog(LOG);
  const files = stamps.map((suffix) => addGeneration(log, 0, { path: `${LOG}.${suffix}.gz`, suffix, gzip: true }));
  files.push(addGeneration(log, 10));
  const done = (name: string, offset = 60) => {
    const cursors = [cursor('plain', 'a', offset, { name, ...(offset === 0 && { head: null }) }), cursor('b', 'b', 0)];
    return files.map((file) => isSurelyDone(file, cursors));
  };
  assert.deepEqual(done(`0.log.${stamps[1]}`), [true, false, false, false]);
  const none = [false, false, false, false];
  assert.deepEqual([done('0.log'), done('0.log.20260101-000004'), done(`0.log.${stamps[2]}`, 0)], [none, none, none]);
  assert.equal(isSurelyDone(files[0]!, []), false);
});

test('at start: what was the current file is looked for in what came next first, and no further', async () => {
  const stampOf = (second: number) => `20260101-00000${second}`;
  const asked = async (current: number) => {
    const log = makeLog(LOG);
    const files = Array.from({ length: 8 }, (_, second) =>
      addGeneration(log, 0, { path: `${LOG}.${stampOf(second)}.gz`, suffix: stampOf(second), gzip: true }),
    );
    const jobs: IdentifyJob[] = [];
    const contents = new Map(files.map((file, second) => [file, second === current ? 'c' : 'another']));
    const cursors = [cursor('gone', 'a', 100, { name: `0.log.${stampOf(2)}` }), cursor('gone too', 'c', 30)];
    const missing = await placeAtCursors(log, { cursors }, new NoFiles(), knows(contents, jobs), NOW_MS);
    return [missing.length, files[current]?.read.offset, jobs.map(({ candidates }) => candidates.length)];
  };
  assert.deepEqual(await asked(3), [0, 30, [1]]);
  assert.deepEqual(await asked(5), [0, 30, [1, 2]]);
  // Before the one that is done: then it is not what it was.
  assert.deepEqual(await asked(8), [1, undefined, [1, 2, 4]]);
});

test('at start: what was unread of a file whose name is gone is missing', async () => {
  const log = makeLog(LOG);
  addGeneration(log, 100, { ino: 'current' });
  const unread: Cursor = { ...cursor('old', '', 0, { name: '0.log.20260101-000001' }), head: null, tail: null };
  assert.deepEqual(await placeAtCursors(log, { cursors: [unread] }, new NoFiles(), knows(new Map()), NOW_MS), [unread]);
});

test('at start: what was unread is missing, though another file has its inode, as far as that can be told', async () => {
  const compressed = { gzip: true, path: `${LOG}.20260101-000009.gz` };
  for (const [name, file, isMissing, bytes = 100] of [
    ['0.log.20260101-000001.gz', compressed, true],
    ['0.log.20260101-000001.gz', {}, true],
    ['0.log.20260101-000001', compressed, true],
    // Its rename may have been undone, if it is no shorter.
    ['0.log.20260101-000001', {}, false],
    ['0.log.20260101-000001', {}, true, 99],
    // It was the current one.
    ['0.log', { suffix: '', path: LOG, ino: 'other' }, true],
    ['0.log', { suffix: '', path: LOG, ino: 'other', dev: '2' }, false],
    ['0.log', { suffix: '', path: LOG }, false],
    ['0.log', compressed, false],
  ] as const) {
    const log = makeLog(LOG);
    addGeneration(log, bytes, { ino: 'old', suffix: '20260101-000009', path: `${LOG}.20260101-000009`, ...file });
    const unread: Cursor = { ...cursor('old', '', 0, { name }), head: null, tail: null };
    assert.deepEqual(
      await placeAtCursors(log, { cursors: [unread] }, new NoFiles(), knows(new Map()), NOW_MS),
      isMissing ? [unread] : [],
    );
  }
});

test('at start: the oldest are deleted first, so one behind an older one has got another name', async () => {
  const log = makeLog(LOG);
  addGeneration(log, 100, { ino: 'older', suffix: '20260101-000000' });
  addGeneration(log, 100, { ino: 'gzipped later', suffix: '20260101-000002', gzip: true });
  const undone: Cursor = { ...cursor('old', '', 0, { name: '0.log.20260101-000001' }), head: null, tail: null };
  assert.deepEqual(await placeAtCursors(log, { cursors: [undone] }, new NoFiles(), knows(new Map()), NOW_MS), []);
});

test('at start: an inode that was used again is not the generation it was', async () => {
  const log = makeLog(LOG);
  const current = addGeneration(log, 100, { ino: 'same' });
  const gone = cursor('same', 'old', 60);
  assert.deepEqual(
    await placeAtCursors(log, { cursors: [gone] }, new NoFiles(), knows(new Map([[current, 'new']])), NOW_MS),
    [gone],
  );
  assert.deepEqual([current.done, current.read.offset], [false, 0]);
});

test('at start: a file that is gone when it is asked is not taken for another by its inode', async () => {
  for (const isThere of [true, false]) {
    const log = makeLog(LOG);
    const older = addGeneration(log, 100, { ...ROTATED, suffix: '2' });
    const rotated = addGeneration(log, 100, ROTATED);
    const current = addGeneration(log, 80, { ino: 'same' });
    current.fd = null;
    const contents = new Map([
      [older, 'o'],
      [rotated, isThere ? 'c' : 'r'],
    ]);
    const cursors = [cursor('before', 'o', 100), cursor('same', 'c', 60)];
    assert.deepEqual(await placeAtCursors(log, { cursors }, new NoFiles(), knows(contents), NOW_MS), []);
    // Nobody can tell whether it goes on there: at least nothing is taken for read.
    const offsets = isThere ? [100, 60, 0] : [100, 0, 60];
    assert.deepEqual([older.read.offset, rotated.read.offset, current.read.offset], offsets);
    assert.deepEqual([rotated.done, current.done], [false, false]);
  }
});

test('at start: what is open in a file that is gone is flushed before the next one is read, and keeps its place', async () => {
  const log = makeLog(LOG);
  const current = addGeneration(log, 100, { ino: 'next' });
  const find = (cursors: Cursor[]) =>
    placeAtCursors(log, { cursors }, new NoFiles(), knows(new Map([[current, 'n']])), NOW_MS);
  const gone = cursor('gone', 'g', 60, { carry: CARRY });
  assert.deepEqual(await find([gone, cursor('next', 'n', 30)]), [gone]);
  for (const from of [30, 40]) {
    assert.equal(current.read.offset, from);
    const flush = log.nextFlight(100, false, NOW_MS);
    assert.deepEqual([flush?.generation, flush?.flush, flush?.carry], [log.generations[0], true, CARRY]);
    // As it is after another start.
    const { cursors } = log.record();
    assert.deepEqual([cursors.length, cursors[0]?.gap, cursors[0]?.carry], [2, true, CARRY]);
    log.generations = [current];
    assert.deepEqual(await find([cursors[0] as Cursor, cursor('next', 'n', 40)]), []);
  }
});

test('at start: what is open in an older file is flushed where the next one is gone', async () => {
  const suffixes = ['20260101-000001', '20260101-000002', '20260101-000003'] as const;
  const log = makeLog(LOG);
  const copy = addGeneration(log, 60, { ino: suffixes[0] });
  Object.assign(copy, { path: null, fd: null, spool: { path: 'copy', start: 0, end: 60, fileBytes: 60 } });
  const last = addGeneration(log, 60, { path: `${LOG}.${suffixes[2]}`, suffix: suffixes[2], ino: suffixes[2] });
  const unread = (suffix: string): Cursor => {
    return { ...cursor(suffix, '', 0, { name: `0.log.${suffix}` }), head: null, tail: null };
  };
  const gone = unread(suffixes[1]);
  const cursors = [cursor(suffixes[0], 'a', 60, { size: 60, carry: CARRY }), gone, unread(suffixes[2])];
  assert.deepEqual(await placeAtCursors(log, { cursors }, new NoFiles(), knows(new Map([[copy, 'a']])), NOW_MS), [
    gone,
  ]);
  const flush = log.nextFlight(100, false, NOW_MS);
  assert.deepEqual([flush?.generation, flush?.flush, flush?.carry], [copy, true, CARRY]);
  assert.equal(last.read.carry, null);
});

test('at start: what was open before a truncation goes on in the file, which is unread', async () => {
  const log = makeLog(LOG);
  const current = addGeneration(log, 100, { ino: 'same' });
  const open: Cursor = { ...cursor('same', '', 0, { carry: CARRY }), head: null, tail: null };
  assert.deepEqual(await placeAtCursors(log, { cursors: [open] }, new NoFiles(), knows(new Map()), NOW_MS), []);
  assert.deepEqual([current.read.offset, current.read.carry, current.settled.carry], [0, CARRY, CARRY]);
});

test('at start: a copy that no position tells of has its place behind the files that came before it', async () => {
  const suffixes = ['20260101-000001', '20260101-000002', '20260101-000003', ''] as const;
  for (const stored of [true, false]) {
    const log = makeLog(LOG);
    const copies = ['', suffixes[1]].map((after) => {
      const copy = addGeneration(log, 44);
      return Object.assign(copy, {
        path: null,
        fd: null,
        after,
        spool: { path: 'copy', start: 0, end: 44, fileBytes: 60 },
      });
    });
    const files = suffixes.map((suffix) => addGeneration(log, 60, { suffix, path: `${LOG}.${suffix}`, ino: suffix }));
    const cursors = stored ? [cursor(suffixes[0], 'a', 40, { name: `0.log.${suffixes[0]}`, size: 60 })] : [];
    await placeAtCursors(log, { cursors }, new NoFiles(), knows(new Map([[files[0] as Generation, 'a']])), NOW_MS);
    const [first, second, third, current] = files;
    const start = stored ? [first, copies[0]] : [copies[0], first];
    assert.deepEqual(log.generations, [...start, second, copies[1], third, current]);
  }
});

test('at start: a file that has its place by its name moves no other past a copy', async () => {
  const suffixes = ['20260101-000001', '20260101-000002', '20260101-000003', '20260101-000004'] as const;
  const log = makeLog(LOG);
  const [first, last] = ['a', 'd'].map((ino) => {
    const copy = addGeneration(log, 60, { ino });
    return Object.assign(copy, { path: null, fd: null, spool: { path: ino, start: 0, end: 60, fileBytes: 60 } });
  });
  const files = suffixes.map((suffix) => addGeneration(log, 60, { suffix, path: `${LOG}.${suffix}.gz`, gzip: true }));
  const unread = (ino: string, name = ''): Cursor => {
    return { ...cursor(ino, '', 0, { name, size: 60 }), head: null, tail: null };
  };
  const cursors = [
    cursor('a', 'a', 60, { size: 60, carry: CARRY }),
    unread('b', `0.log.${suffixes[1]}.gz`),
    unread('c', `0.log.${suffixes[2]}.gz`),
    unread('d'),
  ];
  await placeAtCursors(log, { cursors }, new NoFiles(), knows(new Map([[first as Generation, 'a']])), NOW_MS);
  assert.deepEqual(
    log.generations.map(({ suffix, ino, spool }) => (spool === null ? suffix : ino)),
    ['a', suffixes[0], suffixes[1], suffixes[2], 'd', suffixes[3]],
  );
  assert.deepEqual([log.generations[0], log.generations[3]], [first, files[2]]);
  assert.equal(log.generations[4], last);
});

test('at start: a file with the inode that a copy in the spool was made from is not that copy', async () => {
  const log = makeLog(LOG);
  const copy = addGeneration(log, 44, { ino: 'again' });
  Object.assign(copy, { path: null, fd: null, spool: { path: 'copy', start: 0, end: 44, fileBytes: 60 } });
  const names = ['20260101-000001', '20260101-000002'] as const;
  const inodes = ['gzipped', 'again'] as const;
  const files = names.map((suffix, index) =>
    addGeneration(log, 44, { suffix, path: `${LOG}.${suffix}.gz`, gzip: true, ino: inodes[index] as string }),
  );
  const unread = (ino: string, name: string): Cursor => ({
    ...cursor(ino, '', 0, { name, size: 44 }),
    head: null,
    tail: null,
  });
  const cursors = [
    unread('again', ''),
    ...names.map((name, index) => unread(inodes[index] as string, `0.log.${name}.gz`)),
  ];
  assert.deepEqual(await placeAtCursors(log, { cursors }, new NoFiles(), knows(new Map()), NOW_MS), []);
  assert.deepEqual(log.generations, [copy, ...files]);
});

test('at start: an imported position is known by its inode, and gets a fingerprint', async () => {
  const log = makeLog(LOG);
  const older = addGeneration(log, 100, ROTATED);
  const current = addGeneration(log, 100, { ino: 'same' });
  const imported = { ...cursor('same', 'unused', 60), head: null, tail: null };
  const identify: Identify = async (job) => {
    const { heads } = await knows(new Map([[current, 'new']]))(job);
    return { matches: heads.map((marks) => marks.map(() => true)), heads };
  };
  assert.deepEqual(await placeAtCursors(log, { cursors: [imported] }, new NoFiles(), identify, NOW_MS), []);
  assert.deepEqual([older.done, current.read.offset, current.head], [true, 60, mark('new')]);
});

test('only from now on: the current generation from its end, in the middle of a line', async () => {
  const log = makeLog(LOG);
  const rotated = addGeneration(log, 100, ROTATED);
  const current = addGeneration(log, 70);
  await placeAtEnd(log, new NoFiles(), knows(new Map([[current, 'now']])));
  assert.deepEqual(current.head, mark('now'));
  assert.deepEqual([rotated.done, rotated.fd], [true, null]);
  assert.deepEqual([current.done, current.settled.offset, current.aligned], [false, 70, false]);
});

test('a copy of what was never read: it is told whether the current one is what was read', async () => {
  for (const [hash, changed] of [
    ['a', false],
    ['c', true],
  ] as const) {
    const { log, generation } = known('a', 40, 40);
    Object.assign(generation, { seenAtMs: 0 });
    const copy = newcomer(log, ROTATED, 40);
    const contents = new Map([
      [copy, 'b'],
      [generation, hash],
    ]);
    const told = await identifyNewcomers(log, new NoFiles(), knows(contents));
    assert.deepEqual([copy.unidentified, told.changed === generation], [false, changed]);
  }
});

test('what cannot be read is asked again, a few times, and is never taken for changed', async () => {
  const { log, generation } = known('a', 40, 40);
  Object.assign(generation, { seenAtMs: 0 });
  const copy = newcomer(log, ROTATED, 40);
  const contents = new Map([
    [copy, 'b'],
    [generation, 'a'],
  ]);
  const fails = (unread: Generation): Identify => {
    const others = new Map([...contents].filter(([each]) => each !== unread));
    return async (job) => {
      const { matches, heads } = await knows(others)(job);
      const own = JSON.stringify(unread.source(0));
      return {
        matches: matches.map((m, at) => (JSON.stringify(job.candidates[at]?.source) === own ? null : m)),
        heads,
      };
    };
  };
  for (const unread of [copy, generation]) {
    for (let turn = 0; turn < 5; turn += 1) {
      assert.equal(copy.unidentified, true);
      const told = await identifyNewcomers(log, new NoFiles(), fails(unread));
      assert.deepEqual([told.merged, told.changed, unread.badReads], [[], null, turn + 1]);
    }
    assert.equal((await identifyNewcomers(log, new NoFiles(), fails(unread))).changed, null);
    assert.equal(copy.unidentified, false);
    Object.assign(copy, { unidentified: true, badReads: 0 });
  }
});
