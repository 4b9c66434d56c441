import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ContainerLog } from '../../src/chain/container-log.js';
import type { Flight, Generation } from '../../src/chain/generation.js';
import type { SliceResult } from '../../src/protocol.js';
import { addGeneration, answer, CARRY, makeLog, mark, NOW_MS, read, readTo, SETTINGS } from './kit.js';

const FIRST = { suffix: '20260101-000001', path: '/var/log/pods/default_web_uid/app/0.log.20260101-000001' };
const SECOND = { suffix: '20260101-000002', path: '/var/log/pods/default_web_uid/app/0.log.20260101-000002' };
const AFTER_GRACE_MS = NOW_MS + SETTINGS.graceMs;
const AFTER_FLUSH_MS = NOW_MS + SETTINGS.carryFlushMs;

function next(log: ContainerLog, { room = 1000, alone = false, nowMs = NOW_MS } = {}): Flight {
  const flight = log.nextFlight(room, alone, nowMs);
  assert.ok(flight !== null);
  return flight;
}

function none(log: ContainerLog, { room = 1000, alone = false, nowMs = NOW_MS } = {}): void {
  assert.equal(log.nextFlight(room, alone, nowMs), null);
}

function ranges(flights: readonly Flight[]): number[][] {
  return flights.map(({ from, to }) => [from, to]);
}

describe('what is handed out', () => {
  test('at most what there is room for, and nothing while that is read', () => {
    const log = makeLog();
    addGeneration(log, 700);
    const first = next(log, { room: 500 });
    assert.deepEqual([first.from, first.to, first.aligned, first.final, first.before], [0, 500, true, false, null]);
    none(log);
    read(first, { next: 520 });
    const second = next(log);
    assert.deepEqual([second.from, second.to, second.before], [520, 700, mark('tail-500')]);
    read(second);
    none(log);
  });

  test('the older generation first; the newer one need not wait for the end of its grace', () => {
    const log = makeLog();
    const old = addGeneration(log, 100, FIRST);
    const current = addGeneration(log, 50);
    assert.equal(log.generationsBehind, 1);
    const flight = next(log);
    assert.equal(flight.generation, old);
    none(log);
    read(flight);
    assert.equal(next(log).generation, current);
  });

  test('late writes to the older one come before what the newer one still has', () => {
    const log = makeLog();
    const old = addGeneration(log, 100, FIRST);
    addGeneration(log, 50);
    read(next(log));
    old.size = 130;
    assert.deepEqual(ranges([next(log)]), [[100, 130]]);
  });

  test('one that cannot be read now, or is not known yet, holds up those after it', () => {
    const log = makeLog();
    const old = addGeneration(log, 100, FIRST);
    addGeneration(log, 50);
    old.blockedUntilMs = NOW_MS + 1;
    none(log);
    old.blockedUntilMs = 0;
    old.unidentified = true;
    none(log);
    old.unidentified = false;
    assert.equal(next(log).generation, old);
  });

  test('a push that was full: the rest at once', () => {
    const log = makeLog();
    addGeneration(log, 800);
    read(next(log), { next: 300, full: true });
    assert.ok(log.wantsTurn(NOW_MS));
    assert.deepEqual(ranges([next(log)]), [[300, 800]]);
  });

  test('an unfinished rest: again when it has grown, as a line when nothing more will come', () => {
    const log = makeLog();
    const generation = addGeneration(log, 100, FIRST);
    read(next(log), { next: 90 });
    none(log);
    assert.equal(log.wantsTurn(NOW_MS), false);
    generation.size = 95;
    read(next(log), { next: 90 });
    none(log);
    assert.ok(log.wantsTurn(AFTER_GRACE_MS));
    const last = next(log, { nowMs: AFTER_GRACE_MS });
    assert.deepEqual([last.from, last.to, last.aligned, last.final], [90, 95, true, true]);
  });

  test('an unfinished rest of the current generation waits', () => {
    const log = makeLog();
    addGeneration(log, 100);
    read(next(log), { next: 90 });
    none(log, { nowMs: AFTER_FLUSH_MS });
  });

  test('what was not looked at when the range was handed out is looked at again', () => {
    const log = makeLog();
    const generation = addGeneration(log, 100);
    const flight = next(log);
    generation.size = 140;
    read(flight, { next: 60 });
    assert.deepEqual(ranges([next(log)]), [[60, 140]]);
  });
});

describe('compressed generations and copies', () => {
  test('the end is known when it has been read', () => {
    const log = makeLog();
    const generation = addGeneration(log, Number.POSITIVE_INFINITY, { ...FIRST, gzip: true });
    const first = next(log, { room: 500 });
    assert.deepEqual([first.to, first.final], [500, true]);
    read(first, { next: 510 });
    assert.equal(log.behind, true);
    const second = next(log);
    answer(second, { next: 700 });
    assert.equal(log.resolve(generation, NOW_MS).missingBytes, 0);
    assert.equal(generation.size, 700);
    for (const flight of [first, second]) log.settle(flight, NOW_MS);
    assert.deepEqual(log.finish(NOW_MS), [generation]);
  });

  test('a copy that ends before its end', () => {
    const log = makeLog();
    const generation = addGeneration(log, 900, FIRST);
    Object.assign(generation, { fd: null, path: null, spool: { path: 'copy', start: 0, end: 900, fileBytes: 1 } });
    const flight = next(log);
    answer(flight, { next: 600 });
    assert.equal(log.resolve(generation, NOW_MS).missingBytes, 300);
    assert.equal(generation.size, 600);
  });
});

describe('running ahead', () => {
  function scene() {
    const log = makeLog();
    const generation = addGeneration(log, 5000);
    generation.format = 'cri';
    const first = next(log, { alone: true });
    const second = next(log, { alone: true });
    return { log, generation, first, second };
  }

  test('in jobs of their own, so many side by side', () => {
    const { log, first, second } = scene();
    none(log);
    const third = next(log, { alone: true });
    assert.deepEqual(ranges([first, second, third]), [
      [0, 1000],
      [1000, 2000],
      [2000, 3000],
    ]);
    assert.deepEqual([first.aligned, second.aligned, second.before, second.carry], [true, false, null, null]);
    none(log, { alone: true });
  });

  test('not while the format is unknown, something is open, or less than a batch is left', () => {
    const log = makeLog();
    const generation = addGeneration(log, 2500);
    next(log, { alone: true });
    none(log, { alone: true });
    generation.format = 'cri';
    generation.read = { ...generation.read, carry: CARRY };
    none(log, { alone: true });
    generation.read = { ...generation.read, carry: null };
    next(log, { alone: true });
    none(log, { alone: true });
  });

  test('results are followed in order', () => {
    const { log, generation, first, second } = scene();
    answer(second, { first: 1020, next: 2010 });
    assert.deepEqual(log.resolve(generation, NOW_MS), { resolved: [], again: [], missingBytes: 0 });
    answer(first, { next: 1020 });
    assert.deepEqual(log.resolve(generation, NOW_MS).resolved, [first, second]);
    assert.equal(generation.read.offset, 2010);
  });

  test('something was carried into it: read again from where the one before has ended', () => {
    const { log, generation, first, second } = scene();
    answer(second, { first: 1020, next: 2010 });
    answer(first, { next: 1020, carry: CARRY });
    const { resolved, again } = log.resolve(generation, NOW_MS);
    assert.deepEqual([resolved, again], [[first], [second]]);
    const { from, to, aligned, before, carry, result } = second;
    assert.deepEqual([from, to, aligned, before, carry, result], [1020, 2000, true, mark('tail-1000'), CARRY, null]);
  });

  test('it does not begin where the one before has ended: read again', () => {
    const { log, generation, first, second } = scene();
    answer(second, { first: 1030, next: 2010 });
    answer(first, { next: 1020 });
    assert.deepEqual(log.resolve(generation, NOW_MS).again, [second]);
  });

  test('it was read in another file, which was truncated meanwhile: read again', () => {
    const { log, generation, first, second } = scene();
    answer(second, { first: 1020, next: 2010, before: mark('other') });
    answer(first, { next: 1020 });
    assert.deepEqual(log.resolve(generation, NOW_MS).again, [second]);
    answer(second, { first: 1020, next: 2010, before: mark('tail-1000') });
    assert.deepEqual(log.resolve(generation, NOW_MS).resolved, [second]);
  });

  test('the one before ended early: read again', () => {
    const { log, generation, first, second } = scene();
    answer(second, { first: 1020, next: 2010 });
    answer(first, { next: 700, full: true });
    assert.deepEqual(log.resolve(generation, NOW_MS).again, [second]);
    assert.deepEqual([second.from, second.to], [700, 2000]);
  });

  test('a line longer than a range: the range holds nothing', () => {
    const { log, generation, first, second } = scene();
    answer(second, { first: 2400, next: 2400, entries: 0, lines: 0 });
    answer(first, { next: 2400, tail: mark('long') });
    assert.deepEqual(log.resolve(generation, NOW_MS).resolved, [first, second]);
    assert.deepEqual([second.result?.lines, second.result?.next, generation.read.tail], [0, 2400, mark('long')]);
    assert.equal(generation.planned, 2400);
  });
});

describe('what is open at the end', () => {
  test('goes on in the next generation, and is its own until that is settled', () => {
    const log = makeLog();
    const old = addGeneration(log, 100, FIRST);
    const current = addGeneration(log, 50);
    const first = next(log);
    read(first, { carry: CARRY });
    log.settle(first, NOW_MS);
    assert.deepEqual(old.settled.carry, CARRY);
    none(log);
    const second = next(log, { nowMs: AFTER_GRACE_MS });
    assert.deepEqual([second.generation, second.carry, second.carriedFrom], [current, CARRY, old]);
    assert.deepEqual([old.read.carry, old.settled.carry], [null, CARRY]);
    assert.deepEqual(log.finish(AFTER_GRACE_MS), []);
    read(second);
    log.settle(second, NOW_MS);
    assert.equal(old.settled.carry, null);
    assert.deepEqual(log.finish(AFTER_GRACE_MS), [old]);
  });

  test('waits while the one in which it goes on may not be known yet', () => {
    const log = makeLog();
    addGeneration(log, 100, FIRST);
    const current = addGeneration(log, 50);
    current.freshFor = 1;
    read(next(log), { carry: CARRY });
    none(log, { nowMs: AFTER_GRACE_MS });
    current.freshFor = 0;
    assert.deepEqual(next(log, { nowMs: AFTER_GRACE_MS }).carry, CARRY);
  });

  test('is its own again when the next one begins anew', () => {
    const log = makeLog();
    const old = addGeneration(log, 100, FIRST);
    const current = addGeneration(log, 50);
    read(next(log), { carry: CARRY });
    next(log, { nowMs: AFTER_GRACE_MS });
    current.restart(20);
    assert.deepEqual(old.read.carry, CARRY);
    assert.deepEqual(next(log, { nowMs: AFTER_GRACE_MS }).carry, CARRY);
  });

  test('is flushed before what a copy has left open goes on, if it was open before a truncation', () => {
    const log = makeLog();
    const copy = addGeneration(log, 100, FIRST);
    const current = addGeneration(log, 50);
    current.startAt({ offset: 0, tail: null, carry: Uint8Array.of(9) }, null, null);
    read(next(log), { carry: CARRY });
    const flush = next(log, { nowMs: AFTER_GRACE_MS });
    assert.deepEqual([flush.generation, flush.flush, flush.carry], [current, true, Uint8Array.of(9)]);
    read(flush);
    const second = next(log, { nowMs: AFTER_GRACE_MS });
    assert.deepEqual([second.generation, second.carry, second.carriedFrom], [current, CARRY, copy]);
  });

  test('goes on behind generations in which there is nothing, when they are over', () => {
    const log = makeLog();
    const old = addGeneration(log, 100, FIRST);
    const empty = addGeneration(log, 0, SECOND);
    empty.endedAtMs = NOW_MS + 1;
    const current = addGeneration(log, 50);
    read(next(log), { carry: CARRY });
    none(log, { nowMs: AFTER_GRACE_MS });
    const second = next(log, { nowMs: AFTER_GRACE_MS + 1 });
    assert.deepEqual([second.generation, second.carry, second.carriedFrom], [current, CARRY, old]);
  });

  test('goes on behind an empty one that was compressed, and waits no longer for bytes of that', () => {
    const log = makeLog();
    const old = addGeneration(log, 100, FIRST);
    const empty = addGeneration(log, Number.POSITIVE_INFINITY, { ...SECOND, gzip: true });
    const current = addGeneration(log, 50);
    read(next(log), { carry: CARRY });
    const inflated = next(log, { nowMs: AFTER_FLUSH_MS });
    assert.deepEqual([inflated.generation, inflated.carriedFrom], [empty, old]);
    read(inflated, { next: 0, carry: CARRY });
    const second = next(log, { nowMs: AFTER_FLUSH_MS });
    assert.deepEqual([second.generation, second.carry, second.carriedFrom], [current, CARRY, old]);
  });

  test('is flushed when its end does not come', () => {
    const log = makeLog();
    addGeneration(log, 100);
    read(next(log), { carry: CARRY });
    none(log);
    assert.equal(log.wantsTurn(AFTER_FLUSH_MS - 1), false);
    assert.ok(log.wantsTurn(AFTER_FLUSH_MS));
    const flight = next(log, { nowMs: AFTER_FLUSH_MS });
    assert.deepEqual([flight.from, flight.to, flight.flush, flight.carry], [100, 100, true, CARRY]);
    read(flight);
    none(log, { nowMs: AFTER_FLUSH_MS });
  });

  test('is flushed when the generation is over and no other comes', () => {
    const log = makeLog();
    addGeneration(log, 100, FIRST);
    read(next(log), { carry: CARRY });
    assert.ok(next(log, { nowMs: AFTER_GRACE_MS }).flush);
  });
});

describe('what is settled', () => {
  test('the position is the end of the unbroken run', () => {
    const log = makeLog();
    const generation = addGeneration(log, 300);
    const flights = [100, 100, 100].map(() => {
      const flight = next(log, { room: 100 });
      read(flight);
      return flight;
    });
    const [first, second, third] = flights as [Flight, Flight, Flight];
    const offsets = [third, first, second].map((flight) => {
      log.settle(flight, NOW_MS);
      return generation.settled.offset;
    });
    assert.deepEqual(offsets, [0, 100, 300]);
    assert.equal(log.unsettledBytes, 0);
  });

  test('what was under way for old bytes no longer moves it', () => {
    const log = makeLog();
    const generation = addGeneration(log, 300);
    const flight = next(log);
    read(flight);
    generation.restart(10);
    log.settle(flight, NOW_MS);
    assert.deepEqual([generation.settled.offset, generation.flights], [0, []]);
  });

  test('done: settled to the end, and no late writes any more', () => {
    const log = makeLog();
    const old = addGeneration(log, 100, FIRST);
    const flight = next(log);
    read(flight);
    assert.deepEqual(log.finish(AFTER_GRACE_MS), []);
    log.settle(flight, NOW_MS);
    assert.deepEqual(log.finish(AFTER_GRACE_MS - 1), []);
    assert.deepEqual(log.finish(AFTER_GRACE_MS), [old]);
    assert.ok(log.generations.every(({ done }) => done));
  });

  test('the current generation is never done', () => {
    const log = makeLog();
    addGeneration(log, 100);
    const flight = next(log);
    read(flight);
    log.settle(flight, NOW_MS);
    assert.deepEqual(log.finish(AFTER_FLUSH_MS), []);
  });
});

describe('the record', () => {
  const offsets = (log: ContainerLog) => log.record().cursors.map(({ ino, offset }) => [ino, offset]);

  function settleTo(generation: Generation, offset: number): void {
    generation.settled = { offset, tail: mark('tail'), carry: null };
    generation.head = mark('head');
  }

  test('the last that is done, the oldest that is not, and all after it', () => {
    const log = makeLog();
    const generations = ['a', 'b', 'c', 'd', 'e'].map((ino) => addGeneration(log, 100, { ...FIRST, ino }));
    for (const generation of generations.slice(0, 2)) Object.assign(generation, { done: true, head: mark('head') });
    settleTo(generations[2]!, 30);
    settleTo(generations[4]!, 50);
    assert.deepEqual(offsets(log), [
      ['b', 0],
      ['c', 30],
      ['d', 0],
      ['e', 50],
    ]);
  });

  test('what is not identified has a place and no size; a copy has none', () => {
    const log = makeLog();
    const [known, newcomer, copy] = ['a', 'b', 'c'].map((ino) => addGeneration(log, 100, { ...FIRST, ino }));
    newcomer!.unidentified = true;
    copy!.copyOf = known!;
    assert.deepEqual(
      log.record().cursors.map(({ ino, offset, size }) => [ino, offset, size]),
      [
        ['a', 0, 100],
        ['b', 0, 0],
      ],
    );
  });

  test('what a cursor holds', () => {
    const log = makeLog();
    const generation = addGeneration(log, 100, { ino: 'x' });
    settleTo(generation, 30);
    generation.settled = { ...generation.settled, carry: CARRY };
    generation.format = 'cri';
    assert.deepEqual(log.record(), {
      log: log.path,
      cursors: [
        {
          dev: '1',
          ino: 'x',
          name: '0.log',
          head: mark('head'),
          tail: mark('tail'),
          offset: 30,
          size: 100,
          format: 'cri',
          carry: CARRY,
        },
      ],
      doneThrough: null,
    });
  });

  test('it tells the newest time in the name of what is done, though that is gone by now', () => {
    const log = makeLog();
    const stamps = ['20260101-000001', '20260101-000002', '20260101-000003'];
    const rotated = stamps.map((suffix) => addGeneration(log, 100, { suffix }));
    addGeneration(log, 100);
    rotated[0]!.done = rotated[1]!.done = true;
    assert.equal(log.record().doneThrough, stamps[1]);
    log.generations = log.generations.slice(2);
    assert.equal(log.record().doneThrough, stamps[1]);
  });
});

/** A worker that knows where the lines of a file end. Reads only lines that were whole when it was asked. */
function work(flight: Flight, ends: readonly number[], full: boolean): SliceResult {
  const starts = [0, ...ends];
  const first = flight.aligned
    ? flight.from
    : (starts.find((start) => start >= flight.from) ?? Number.POSITIVE_INFINITY);
  if (!Number.isFinite(first)) return readTo(flight.from, { first: flight.from, lines: 0, entries: 0 });
  let at = first;
  let lines = 0;
  for (const end of ends) {
    if (end <= at || at >= flight.to || end > flight.generation.size) continue;
    if (full && lines === 1) return readTo(at, { first, lines, full: true });
    at = end;
    lines += 1;
  }
  return readTo(at, { first, lines });
}

test('whatever comes in whatever order, every line is read once', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('take' as const), alone: fc.boolean(), room: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ kind: fc.constant('read' as const), which: fc.nat(), full: fc.boolean() }),
    fc.record({ kind: fc.constant('settle' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('grow' as const), bytes: fc.integer({ min: 1, max: 500 }) }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }),
      fc.array(step, { maxLength: 60 }),
      (lengths, steps) => {
        const ends: number[] = [];
        for (const length of lengths) ends.push((ends.at(-1) ?? 0) + length);
        const sum = ends.at(-1) as number;
        const log = makeLog(undefined, { batchBytes: 100 });
        const generation = addGeneration(log, 0);
        const reading: Flight[] = [];
        const waiting: Flight[] = [];
        let lines = 0;
        let settled = 0;
        const readOne = (which: number, full: boolean) => {
          const [flight] = reading.splice(which % reading.length, 1);
          if (flight === undefined) return;
          flight.result = work(flight, ends, full);
          const { resolved, again } = log.resolve(generation, NOW_MS);
          for (const each of resolved) lines += each.result?.lines ?? 0;
          waiting.push(...resolved);
          reading.push(...again);
        };
        const settleOne = (which: number) => {
          const [flight] = waiting.splice(which % waiting.length, 1);
          if (flight !== undefined) log.settle(flight, NOW_MS);
          assert.ok(generation.settled.offset >= settled && generation.settled.offset <= generation.read.offset);
          settled = generation.settled.offset;
          assert.ok(settled === 0 || ends.includes(settled));
        };
        const takeOne = (alone: boolean, room: number) => {
          const flight = log.nextFlight(room, alone, NOW_MS);
          if (flight !== null) reading.push(flight);
          return flight;
        };
        for (const each of steps) {
          if (each.kind === 'take') takeOne(each.alone, each.room);
          else if (each.kind === 'read') readOne(each.which, each.full);
          else if (each.kind === 'settle') settleOne(each.which);
          else generation.size = Math.min(sum, generation.size + each.bytes);
        }
        generation.size = sum;
        for (let turns = 0; turns < 200; turns += 1) {
          while (reading.length > 0) readOne(0, false);
          while (waiting.length > 0) settleOne(0);
          if (takeOne(false, 400) === null) break;
        }
        assert.deepEqual([generation.settled.offset, lines, generation.flights], [sum, lengths.length, []]);
      },
    ),
    { numRuns: 300 },
  );
});
