import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Crew, type CrewOptions } from '../../src/plan/crew.js';

const MIB = 2 ** 20;

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

/** A crew of at most `most`, its clock, the share of the time it has the CPU, and the sizes it asked for. */
function crewOf({ most = 2, backlogBytes = () => 0, cpu = 1 }: Partial<CrewOptions> & { cpu?: number }) {
  let nowMs = 0;
  const sizes: number[] = [];
  const onSize = (size: number): number => sizes.push(size);
  const crew = new Crew({ most, backlogBytes, onSize, now: () => nowMs, cpuMs: () => nowMs * cpu });
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 100) {
      nowMs += 100;
      mock.timers.tick(100);
    }
  };
  const enter = (jobs: number): void => {
    for (let job = 0; job < jobs; job++) crew.enter();
  };
  return { crew, sizes, pass, enter };
}

test('one worker does while no job waits, however long it is busy', () => {
  const { sizes, pass, enter } = crewOf({ backlogBytes: () => 1024 * MIB });
  enter(1);
  pass(60_000);
  assert.deepEqual(sizes, []);
});

test('one worker does while jobs wait for a moment only, again and again', () => {
  const { crew, sizes, pass, enter } = crewOf({});
  for (let tick = 0; tick < 30; tick++) {
    enter(4);
    pass(900);
    for (let job = 0; job < 4; job++) crew.leave();
    pass(100);
  }
  assert.deepEqual(sizes, []);
});

test('another one comes when jobs have waited without a gap for long', () => {
  const { crew, sizes, pass, enter } = crewOf({ most: 3 });
  enter(4);
  pass(1_500);
  crew.leave();
  crew.enter();
  assert.deepEqual(sizes, []);
  pass(1_500);
  assert.deepEqual(sizes, [2]);
  pass(3_000);
  assert.deepEqual(sizes, [2], 'half of the work for each');
  pass(3_000);
  assert.deepEqual(sizes, [2, 3]);
  pass(60_000);
  assert.deepEqual(sizes, [2, 3]);
});

test('for a moment no job waits, but the worker is busy: that is no rest', () => {
  const { crew, sizes, pass, enter } = crewOf({});
  enter(2);
  for (let job = 0; job < 40; job++) {
    pass(100);
    crew.leave();
    crew.enter();
  }
  assert.deepEqual(sizes, [2]);
});

test('one long job is no reason, when no other waits for it', () => {
  const { crew, sizes, pass, enter } = crewOf({});
  enter(2);
  crew.leave();
  pass(60_000);
  assert.deepEqual(sizes, []);
  crew.leave();
  enter(2);
  pass(1_000);
  assert.deepEqual(sizes, []);
});

test('jobs that wait because others have the CPU wait longer', () => {
  const { crew, sizes, pass, enter } = crewOf({ cpu: 0.1, backlogBytes: () => 100 * MIB });
  enter(4);
  crew.read(0);
  for (let read = 0; read < 45; read++) {
    pass(200);
    crew.read(2 * MIB);
  }
  assert.deepEqual(sizes, []);
  pass(1_200);
  assert.deepEqual(sizes, [2]);
});

test('another one comes soon where the backlog will take long at the speed of late', () => {
  const short = crewOf({ backlogBytes: () => 100 * MIB });
  const long = crewOf({ backlogBytes: () => 1000 * MIB });
  for (const { crew, pass, enter } of [short, long]) {
    enter(4);
    crew.read(0);
    pass(100);
    crew.read(50 * MIB);
    pass(300);
  }
  assert.deepEqual([short.sizes, long.sizes], [[], [2]]);
});

test('what the first few jobs have read says little of the speed', () => {
  const { crew, sizes, pass, enter } = crewOf({ backlogBytes: () => 1000 * MIB });
  enter(4);
  crew.read(0);
  pass(100);
  crew.read(7 * MIB);
  pass(300);
  assert.deepEqual(sizes, []);
  crew.read(MIB);
  pass(200);
  assert.deepEqual(sizes, [2]);
});

test('how long the first job took, and what was read before jobs waited, says nothing of the speed', () => {
  const { crew, sizes, pass, enter } = crewOf({ backlogBytes: () => 1000 * MIB });
  crew.read(1);
  crew.read(10_000 * MIB);
  enter(2);
  pass(400);
  crew.read(10_000 * MIB);
  pass(400);
  assert.deepEqual(sizes, []);
  crew.read(10 * MIB);
  pass(200);
  assert.deepEqual(sizes, [2]);
});

/** Makes it two workers. */
function grow({ crew, pass }: ReturnType<typeof crewOf>): void {
  crew.read(0);
  pass(100);
  crew.read(10 * MIB);
  pass(100);
}

test('a worker that ended is not replaced before there is lasting work again', () => {
  const made = crewOf({ backlogBytes: () => 1000 * MIB });
  const { crew, sizes, enter } = made;
  enter(3);
  grow(made);
  for (let job = 0; job < 3; job++) crew.leave();
  crew.lose();
  assert.deepEqual(sizes, [2, 1]);
  crew.lose();
  assert.deepEqual(sizes, [2, 1]);
  enter(2);
  grow(made);
  assert.deepEqual(sizes, [2, 1, 2]);
});

test('one that fails under lasting work is missed at once', () => {
  const made = crewOf({ backlogBytes: () => 1000 * MIB });
  made.enter(3);
  grow(made);
  made.crew.lose();
  grow(made);
  assert.deepEqual(made.sizes, [2, 1, 2]);
});
