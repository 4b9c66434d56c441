import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerLog } from '../../src/chain/container-log.js';
import type { Flight, Generation } from '../../src/chain/generation.js';
import { Losses } from '../../src/chain/losses.js';
import type { Loss } from '../../src/telemetry/events.js';
import { addGeneration, CARRY, makeLog, NOW_MS, read, readTo, SETTINGS } from './kit.js';

/** What became of a log's generations, in the order in which it was told. */
function scene() {
  const told: string[] = [];
  const lost: Loss[] = [];
  const log = makeLog();
  const close = (generation: Generation) => {
    generation.fd = null;
    told.push('closed');
  };
  const losses = new Losses({
    descriptors: { close },
    spool: { release: () => told.push('released') },
    abandon: () => told.push('abandoned'),
    look: (folder) => told.push(`looked into ${folder}`),
    onLost: (loss) => lost.push(loss),
    now: () => NOW_MS,
  });
  return { log, losses, lost, told };
}

function lossOf(reason: string, more: Partial<Loss>): Loss {
  return { reason, namespace: 'default', pod: 'web', container: 'app', bytes: 0, lines: 0, files: 0, ...more };
}

test('what is unread of a generation that is gone is counted, and nothing is joined over its place', () => {
  const { log, losses, lost, told } = scene();
  const [gone, next] = [addGeneration(log, 100), addGeneration(log, 50)];
  gone.startAt({ offset: 40, tail: null, carry: CARRY }, null, 'cri');
  log.moved = false;
  losses.lose(gone, 'deleted', null);
  assert.deepEqual(lost, [lossOf('deleted', { bytes: 60 })]);
  assert.deepEqual(told, ['abandoned', 'closed', 'released']);
  const [first, gap, last, ...others] = log.generations;
  assert.ok(first === gone && gone.done && last === next && others.length === 0);
  assert.deepEqual([gap?.gap, gap?.read.carry, gap?.format], [true, CARRY, 'cri']);
  assert.ok(log.moved);
  losses.lose(gone, 'deleted', null);
  assert.equal(lost.length, 1);
});

test('nothing stands for what was read to its end with nothing open', () => {
  const { log, losses, lost } = scene();
  const gone = addGeneration(log, 100);
  gone.startAt({ offset: 100, tail: null, carry: null }, null, 'cri');
  losses.lose(gone, 'deleted', null);
  assert.deepEqual(lost, []);
  assert.deepEqual(log.generations, [gone]);
});

test('what an older one has left open for a slice of one that is gone is that of the older one alone', () => {
  const { log, losses } = scene();
  const [old, gone] = [addGeneration(log, 100, { suffix: '20260101-000001' }), addGeneration(log, 50)];
  read(log.nextFlight(100, false, NOW_MS) as Flight, { carry: CARRY });
  const lent = log.nextFlight(50, false, NOW_MS + SETTINGS.graceMs);
  assert.deepEqual([lent?.generation, lent?.carriedFrom, old.read.carry], [gone, old, null]);
  losses.lose(gone, 'deleted', null);
  assert.deepEqual(
    log.generations.map(({ gap, read: { carry } }) => [gap, carry]),
    [
      [false, CARRY],
      [false, null],
      [true, null],
    ],
  );
});

/** A generation of which 60 bytes are on their way in two ranges, the rest is unread, and something is open. */
function onItsWay(log: ContainerLog): { gone: Generation; flights: Flight[] } {
  const gone = addGeneration(log, 100);
  const flights = [20, 40].map((bytes) => {
    const flight = log.nextFlight(bytes, false, NOW_MS) as Flight;
    flight.result = readTo(flight.to, { first: flight.from, lines: bytes / 10, carry: CARRY });
    log.resolve(gone, NOW_MS);
    return flight;
  });
  return { gone, flights };
}

/** What the journal has of the gaps of a log. */
function gapsIn(log: ContainerLog): [offset: number, size: number, isOpen: boolean][] {
  const gaps = log.record().cursors.filter(({ gap }) => gap === true);
  return gaps.map(({ offset, size, carry }) => [offset, size, carry !== null]);
}

test('what is on its way of one that is gone is awaited: the positions tell how much may still be lost', () => {
  const { log, losses, lost } = scene();
  const { gone, flights } = onItsWay(log);
  losses.lose(gone, 'spool_full', null);
  assert.deepEqual(lost, [lossOf('spool_full', { bytes: 40 })]);
  // What was open at the end of what was read has a place of its own.
  assert.deepEqual(gapsIn(log), [
    [0, 60, false],
    [0, 0, true],
  ]);
  const settle = (flight: Flight | undefined) => log.settle(flight as Flight, NOW_MS);
  settle(flights[1]);
  assert.deepEqual(gapsIn(log)[0], [0, 60, false]);
  settle(flights[0]);
  log.finish(NOW_MS);
  assert.deepEqual(gapsIn(log), [[0, 0, true]]);
  losses.giveUpFlights(log);
  assert.equal(lost.length, 1);
});

test('what is on its way of one that is gone, and is not answered, is counted once', () => {
  const { log, losses, lost } = scene();
  const { gone, flights } = onItsWay(log);
  losses.lose(gone, 'spool_full', null);
  lost.length = 0;
  // Answered out of turn, it is not lost, though the position has not moved.
  log.settle(flights[1] as Flight, NOW_MS);
  assert.deepEqual(gapsIn(log)[0], [0, 60, false]);
  log.moved = false;
  losses.giveUpFlights(log);
  losses.giveUpFlights(log);
  assert.deepEqual(lost, [lossOf('unanswered', { bytes: 20, lines: 2 })]);
  assert.ok(log.moved);
  // A push that was to be made anew is not told of as well; and a late answer changes nothing.
  assert.deepEqual(
    flights.map(({ openUnits }) => openUnits),
    [0, 0],
  );
  log.settle(flights[0] as Flight, NOW_MS);
  log.finish(NOW_MS);
  assert.deepEqual(gapsIn(log), [[0, 0, true]]);
});

test('lines are told where they could be counted', () => {
  const { log, losses, lost } = scene();
  losses.lose(addGeneration(log, 100), 'spool_full', { bytes: 90, lines: 3 });
  assert.deepEqual(lost, [lossOf('spool_full', { bytes: 90, lines: 3 })]);
});

test('a file that was gone before it could be opened is counted as one, though nobody knows its size', () => {
  const { log, losses, lost } = scene();
  losses.lose(addGeneration(log, 0), 'unopened', null);
  assert.deepEqual(lost, [lossOf('unopened', { files: 1 })]);
});

test('a copy that is gone is no loss, for its original is there', () => {
  const { log, losses, lost } = scene();
  const [original, copy] = [addGeneration(log, 100), addGeneration(log, 100)];
  copy.copyOf = original;
  losses.lose(copy, 'deleted', null);
  assert.deepEqual(lost, []);
  assert.deepEqual(log.generations, [original, copy]);
});

test('what is copied of one that is given up is read; only the rest is lost', () => {
  const { log, losses, lost } = scene();
  const gone = addGeneration(log, 100);
  gone.spool = { path: '/state/spool/1', start: 0, end: 70, fileBytes: 70 };
  losses.loseRest(gone, 'spool_full', null);
  assert.deepEqual(lost, [lossOf('spool_full', { bytes: 30 })]);
  assert.deepEqual([gone.size, gone.done, gone.fd], [70, false, null]);
  assert.deepEqual([log.generations.length, log.generations[1]?.gap], [2, true]);
});

test('what was unread of a truncated file is counted once no new file may be a copy of it', () => {
  const { log, losses, lost, told } = scene();
  const file = addGeneration(log, 100);
  file.startAt({ offset: 80, tail: null, carry: null }, null, 'cri');
  const newcomer = addGeneration(log, 100, { suffix: '20260101-000000' });
  newcomer.unidentified = true;
  losses.restart(file, 0, false);
  assert.deepEqual(lost, []);
  assert.deepEqual(told, ['abandoned', 'released', `looked into ${log.folder}`]);
  assert.deepEqual([file.size, file.read.offset, log.moved], [0, 0, true]);
  newcomer.unidentified = false;
  losses.countTruncated(log);
  losses.countTruncated(log);
  assert.deepEqual(lost, [lossOf('truncated', { bytes: 20 })]);
});
