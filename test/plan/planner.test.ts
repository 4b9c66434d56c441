import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ContainerLog } from '../../src/chain/container-log.js';
import type { Flight } from '../../src/chain/generation.js';
import { type Permissions, Planner } from '../../src/plan/planner.js';
import { addGeneration, makeLog, NOW_MS, read, SETTINGS } from '../chain/kit.js';

const { batchBytes } = SETTINGS;
const ALL: Permissions = { mayTake: () => true, isApart: () => false };

function grown(name: string, bytes: number): ContainerLog {
  const log = makeLog(`/var/log/pods/${name}_uid/app/0.log`);
  addGeneration(log, bytes).format = 'cri';
  return log;
}

/** A log that is behind with its rotated generation. */
function urgent(name: string, bytes: number): ContainerLog {
  const log = grown(name, bytes);
  log.generations[0]!.suffix = '1';
  addGeneration(log, bytes);
  return log;
}

function plannerOf(logs: readonly ContainerLog[], maxSlices?: number): Planner {
  const planner = new Planner(batchBytes, maxSlices);
  for (const log of logs) planner.add(log);
  return planner;
}

const podsOf = (flights: readonly Flight[] | null) => flights?.map(({ generation }) => generation.log.pod.pod) ?? null;

/** Plans so many jobs, each of which is read at once; the pods in them. */
function jobs(planner: Planner, count: number, permissions = ALL): (string[] | null)[] {
  return Array.from({ length: count }, () => {
    const flights = planner.nextJob(NOW_MS, permissions);
    for (const flight of flights ?? []) read(flight);
    return podsOf(flights);
  });
}

test('many quiet logs share a job, whatever their namespace', () => {
  const logs = [grown('a_1', 100), grown('b_2', 100), grown('a_3', 100), grown('c_4', 100)];
  const planner = plannerOf(logs);
  assert.ok(logs.every(({ due }) => due));
  const [first, second] = jobs(planner, 2);
  assert.deepEqual(first?.toSorted(), ['1', '2', '3', '4']);
  assert.equal(second, null);
  assert.ok(!logs.some(({ due }) => due));
});

test('a log is queued once, and again after its turn', () => {
  const log = grown('a_1', 100);
  const planner = plannerOf([log, log]);
  assert.deepEqual(jobs(planner, 2), [['1'], null]);
  log.generations[0]!.size = 150;
  planner.add(log);
  assert.deepEqual(jobs(planner, 1), [['1']]);
  const [hot, warm] = [grown('a_hot', 3000), grown('a_warm', 3000)];
  assert.deepEqual(jobs(plannerOf([hot, hot, warm]), 3), [['hot'], ['warm'], ['hot']]);
});

test('a log far behind gives one batch at a time, by turns with its neighbours', () => {
  const planner = plannerOf([grown('a_hot', 3000), grown('a_warm', 3000)]);
  assert.deepEqual(jobs(planner, 6), [['hot'], ['warm'], ['hot'], ['warm'], ['hot'], ['warm']]);
});

test('namespaces have the same share, however many logs they have', () => {
  const logs = [grown('one_1', 10_000), ...[1, 2, 3].map((n) => grown(`many_${n}`, 10_000))];
  const planned = jobs(plannerOf(logs), 8).flat();
  assert.equal(planned.length, 8);
  const before = logs[0]!.generations[0]!.planned;
  assert.equal(before, 4 * batchBytes);
});

test('logs nearest to deletion take turns with the others', () => {
  const planner = plannerOf([grown('a_calm', 3000), urgent('a_urgent', 3000), grown('a_calmer', 3000)]);
  assert.deepEqual(jobs(planner, 6).flat(), ['urgent', 'calm', 'urgent', 'calmer', 'urgent', 'calm']);
});

test('a job ends when little room is left: no small pieces of a large backlog', () => {
  const planner = plannerOf([grown('a_1', 800), grown('a_2', 5000)]);
  assert.deepEqual(jobs(planner, 2), [['1'], ['2']]);
});

test('no more slices in a job than may be open at once', () => {
  const planner = plannerOf(
    Array.from({ length: 7 }, (_, index) => grown(`a_${index}`, 10)),
    3,
  );
  assert.deepEqual(
    jobs(planner, 4).map((pods) => pods?.length),
    [3, 3, 1, undefined],
  );
});

test('a range that runs ahead has a job of its own', () => {
  const log = grown('a_hot', 5000);
  const planner = plannerOf([log, grown('b_quiet', 10)]);
  assert.deepEqual(podsOf(planner.nextJob(NOW_MS, ALL)), ['hot']);
  assert.deepEqual(podsOf(planner.nextJob(NOW_MS, ALL)), ['quiet']);
  const ahead = planner.nextJob(NOW_MS, ALL);
  assert.deepEqual(
    ahead?.map(({ aligned, from }) => [aligned, from]),
    [[false, batchBytes]],
  );
});

test('a log in trouble has jobs of its own', () => {
  const planner = plannerOf(['stuck', '1', '2'].map((pod) => grown(`a_${pod}`, 100)));
  const isApart = (log: ContainerLog) => log.pod.pod === 'stuck';
  assert.deepEqual(jobs(planner, 3, { ...ALL, isApart }), [['stuck'], ['1', '2'], null]);
  const behind = plannerOf(['1', 'stuck', '2'].map((pod) => grown(`a_${pod}`, 100)));
  assert.deepEqual(jobs(behind, 4, { ...ALL, isApart }), [['1'], ['2'], ['stuck'], null]);
});

test('a log that may take nothing is passed over until it is added again', () => {
  const full = grown('a_full', 100);
  const planner = plannerOf([full, grown('a_1', 100)]);
  assert.deepEqual(jobs(planner, 2, { ...ALL, mayTake: (log) => log !== full }), [['1'], null]);
  planner.add(full);
  assert.deepEqual(jobs(planner, 1), [['full']]);
});

test('nobody starves: whoever is due has its turn within a round, however much others write', () => {
  const log = fc.record({
    namespace: fc.integer({ min: 0, max: 4 }),
    bytes: fc.integer({ min: 1, max: 5000 }),
    urgent: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(log, { minLength: 1, maxLength: 20 }), (list) => {
      const logs = list.map((each, index) =>
        (each.urgent ? urgent : grown)(`ns-${each.namespace}_${index}`, each.bytes),
      );
      const planner = plannerOf(logs);
      // Each log of a namespace is before it once, in both of its queues, and each of these turns may wait for a round.
      const round = 2 * logs.length * new Set(list.map(({ namespace }) => namespace)).size;
      const lastTurn = new Map(logs.map((each) => [each, 0]));
      for (let turn = 1; turn <= 4 * round; turn += 1) {
        for (const flight of planner.nextJob(NOW_MS, ALL) ?? []) {
          const served = flight.generation.log;
          assert.ok(turn - (lastTurn.get(served) ?? 0) <= round, `${served.path} waited too long`);
          lastTurn.set(served, turn);
          read(flight);
          // It writes more than it may send.
          for (const generation of served.generations) if (generation.suffix === '') generation.size += 2 * batchBytes;
          planner.add(served);
        }
      }
      for (const [each, turn] of lastTurn) assert.ok(4 * round - turn <= round, `${each.path} is not served any more`);
    }),
    { numRuns: 60 },
  );
});
