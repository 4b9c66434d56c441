import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { watchLooks } from './amid.js';
import type { AnswerKind } from './loki.js';
import { type Step, take } from './steps.js';
import { turnWatchingOff, World } from './world.js';

/** As in collector.model.test.ts. */
const RUNS = Number(process.env.MODEL_RUNS ?? 100);
const SEED = Number(process.env.MODEL_SEED ?? 1);
/** More than a run makes: nothing is deleted but by a step of its own. */
const KEEP_FILES = 100;

type NodeStep = Extract<Step, { at: number }>;
/** What happens on the node after so many looks at files, counted from the one before. */
interface Act {
  looks: number;
  step: NodeStep;
}
type Amid = { during: 'tick' | 'rescan' | 'work'; acts: Act[] };

const at = fc.nat({ max: 1 });
const stream = fc.constantFrom('stdout' as const, 'stderr' as const);
const bytes = fc.nat({ max: 60 });

const nodeStep: fc.Arbitrary<NodeStep> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), at, stream, bytes, lines: fc.constant(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('part' as const, 'lastPart' as const), at, stream, bytes }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('rotate' as const, 'compress' as const), at }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('beginRotation' as const, 'finishRotation' as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('undoRotation' as const, 'deleteOldest' as const), at }) },
);

const amidStep: fc.Arbitrary<Amid> = fc.record({
  during: fc.constantFrom('tick' as const, 'tick' as const, 'rescan' as const, 'work' as const),
  acts: fc.array(fc.record({ looks: fc.nat({ max: 8 }), step: nodeStep }), { minLength: 1, maxLength: 6 }),
});

const quiet: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: nodeStep },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('tick' as const, 'rescan' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('work' as const), which: fc.nat({ max: 5 }), times: fc.constant(1) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      which: fc.nat({ max: 5 }),
      kind: fc.constantFrom<AnswerKind>('ok', 'ok', 'ok', '503', '413'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(20, 500, 3_000) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'settleAll' }) },
);

const steps = fc.array(fc.oneof({ weight: 1, arbitrary: amidStep }, { weight: 2, arbitrary: quiet }), {
  minLength: 1,
  maxLength: 60,
  size: 'max',
});

/** Ways that once went wrong. */
const FOUND: Record<string, (Step | Amid)[]> = {
  'compressed while its folder is listed, long after it was read': [
    { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'beginRotation', at: 0 },
    { do: 'settleAll' },
    { do: 'compress', at: 0 },
    {
      during: 'tick',
      acts: [
        { looks: 5, step: { do: 'rotate', at: 0 } },
        { looks: 0, step: { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 1 } },
      ],
    },
  ],
  'the same, just when it is closed': [
    { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'tick' },
    { do: 'work', which: 0, times: 1 },
    { do: 'beginRotation', at: 0 },
    { do: 'wait', ms: 3_000 },
    { do: 'compress', at: 0 },
    { do: 'answer', which: 0, kind: 'ok' },
    { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 1 },
    { during: 'tick', acts: [{ looks: 6, step: { do: 'beginRotation', at: 0 } }] },
  ],
  'an entry goes on in a file that is compressed while its folder is listed': [
    { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'rotate', at: 0 },
    { do: 'part', at: 0, stream: 'stdout', bytes: 0 },
    { do: 'rotate', at: 0 },
    { do: 'lastPart', at: 0, stream: 'stdout', bytes: 0 },
    { do: 'rotate', at: 0 },
    { do: 'write', at: 0, stream: 'stdout', bytes: 300, lines: 1 },
    { during: 'tick', acts: [1, 2, 3].map((step) => ({ looks: step === 1 ? 7 : 0, step: { do: 'compress', at: 0 } })) },
    { do: 'work', which: 0, times: 5 },
  ],
};

turnWatchingOff();
watchLooks();

for (const [name, list] of Object.entries(FOUND)) {
  test(name, async () => assert.deepEqual(await run(list), []));
}

async function run(list: readonly (Step | Amid)[]): Promise<string[]> {
  const world = new World({ containers: 2, keepFiles: KEEP_FILES });
  try {
    await world.start();
    for (const step of list) {
      if ('during' in step) await takeAmid(step, world);
      else await take(step, world);
    }
    return await world.end();
  } finally {
    world.close();
  }
}

async function takeAmid({ during, acts }: Amid, world: World): Promise<void> {
  const waiting = [...acts];
  let looks = 0;
  const act = (): void => {
    for (let next = waiting[0]; next !== undefined && looks >= next.looks; next = waiting[0]) {
      waiting.shift();
      looks = 0;
      // Those on the node are over when it returns.
      void take(next.step, world);
    }
    looks += 1;
  };
  await world.amid(act, () => {
    if (during === 'tick') return world.tick();
    return during === 'rescan' ? world.rescan(false) : world.work(0);
  });
}

test(`whatever happens between two looks at files, every line arrives once (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      assert.deepEqual(await run(list), []);
    }),
    { numRuns: RUNS, seed: SEED, includeErrorInReport: true },
  );
});
