import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Generation } from '../src/chain/generation.js';
import type { Obstacle } from '../src/plan/jobs.js';
import { whyStalled } from '../src/why-stalled.js';
import { addGeneration, makeLog, NOW_MS, read } from './chain/kit.js';

interface Case {
  trouble?: string;
  isStuck?: boolean;
  obstacle?: Obstacle;
  mayTake?: boolean;
  generation?: Partial<Generation>;
}

function ask({ trouble, isStuck = false, obstacle, mayTake = true, generation: rest = {} }: Case): string {
  const generation = Object.assign(addGeneration(makeLog(), 100), rest);
  const figures = { inFlight: 0, waiting: 0, held: 0, trouble: trouble ?? null };
  return whyStalled(
    generation,
    { obstacle: obstacle ?? null, mayTake: () => mayTake },
    { figures, isStuck: () => isStuck },
  );
}

const CASES: [asked: Case, reason: string][] = [
  [{ trouble: 'network', isStuck: true }, 'Loki takes no pushes (network)'],
  [{ generation: { fd: null, failures: 1, blockedUntilMs: 1 } }, 'the file cannot be opened'],
  [{ generation: { failures: 1, blockedUntilMs: 1 } }, 'the file cannot be read'],
  // It is only read later than it was found.
  [{ generation: { blockedUntilMs: 1 } }, 'it waits for its turn'],
  [{ generation: { unidentified: true } }, 'it is not known yet which file this is'],
  [{ isStuck: true }, 'Loki refuses its pushes for now'],
  [{ obstacle: 'memory' }, 'the memory budget is spent on what Loki has not taken yet'],
  [{ mayTake: false }, 'the memory budget is spent on what Loki has not taken yet'],
  [{ obstacle: 'workers' }, 'all workers are busy'],
  [{ obstacle: 'descriptors' }, 'other logs wait for a file descriptor'],
  [{ obstacle: 'limit' }, 'a limit of the pipeline asks for a pause'],
  [{}, 'it waits for its turn'],
];

for (const [asked, reason] of CASES) {
  test(`${JSON.stringify(asked)}: ${reason}`, () => assert.equal(ask(asked), reason));
}

test('what is handed out: it is with a worker, or with Loki', () => {
  const log = makeLog();
  const generation = addGeneration(log, 100);
  const free = [
    { obstacle: null, mayTake: () => true },
    { figures: { inFlight: 1, waiting: 0, held: 0, trouble: null }, isStuck: () => false },
  ] as const;
  const flight = log.nextFlight(100, false, NOW_MS);
  assert.ok(flight !== null);
  assert.equal(whyStalled(generation, ...free), 'no worker has read it yet');
  read(flight);
  assert.equal(whyStalled(generation, ...free), 'Loki has not answered its pushes');
});
