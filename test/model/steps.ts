import fc from 'fast-check';
import type { Stream } from './books.js';
import type { AnswerKind } from './loki.js';
import type { World } from './world.js';

/** Something that happens: on the node, in the collector, at Loki. */
export type Step =
  | { do: 'write'; at: number; stream: Stream; bytes: number; lines: number }
  | { do: 'part' | 'lastPart'; at: number; stream: Stream; bytes: number }
  | { do: 'half'; at: number; stream: Stream; bytes: number; share: number }
  | { do: NodeAct; at: number }
  | { do: 'burst'; at: number; rotations: number; bytes: number }
  | { do: 'tick' | 'rescan' | 'start' | 'kill' | 'settleAll' }
  | { do: 'stop'; answered: boolean }
  | { do: 'startAmid'; acts: NodeStep[] }
  | { do: 'wait'; ms: number }
  | { do: 'work'; which: number; times: number }
  | { do: 'answer'; which: number; kind: AnswerKind };

/** Something that happens on the node while a collector starts. */
type NodeStep = Extract<Step, { do: 'write' | NodeAct }>;

type NodeAct =
  | 'rotate'
  | 'beginRotation'
  | 'finishRotation'
  | 'undoRotation'
  | 'compress'
  | 'deleteOldest'
  | 'truncate'
  | 'copyTruncate'
  | 'delete'
  | 'deleteTorn'
  | 'create'
  | 'restart';

const at = fc.nat({ max: 2 });
const which = fc.nat({ max: 5 });
const stream = fc.constantFrom<Stream>('stdout', 'stderr');
const bytes = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 60 }) }, { weight: 1, arbitrary: fc.nat({ max: 700 }) });

function act(...names: NodeAct[]): fc.Arbitrary<Extract<Step, { do: NodeAct }>> {
  return fc.record({ do: fc.constantFrom(...names), at });
}

function only(...names: ('tick' | 'rescan' | 'start' | 'kill' | 'settleAll')[]): fc.Arbitrary<Step> {
  return fc.record({ do: fc.constantFrom(...names) });
}

const write = fc.record({
  do: fc.constant('write' as const),
  at,
  stream,
  bytes,
  lines: fc.integer({ min: 1, max: 5 }),
});

const nodeStep: fc.Arbitrary<NodeStep> = fc.oneof(
  { weight: 4, arbitrary: write },
  { weight: 6, arbitrary: act('rotate') },
  { weight: 4, arbitrary: act('compress') },
  { weight: 3, arbitrary: act('deleteOldest') },
  { weight: 1, arbitrary: act('delete', 'restart', 'beginRotation', 'finishRotation') },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: write },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('part' as const, 'lastPart' as const), at, stream, bytes }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('half' as const),
      at,
      stream,
      bytes,
      share: fc.constantFrom(0.1, 0.6, 0.95),
    }),
  },
  { weight: 6, arbitrary: act('rotate') },
  { weight: 4, arbitrary: act('beginRotation', 'finishRotation') },
  { weight: 1, arbitrary: act('undoRotation') },
  { weight: 4, arbitrary: act('compress') },
  { weight: 1, arbitrary: act('deleteOldest') },
  { weight: 2, arbitrary: act('truncate', 'copyTruncate') },
  { weight: 2, arbitrary: act('delete', 'create') },
  { weight: 1, arbitrary: act('deleteTorn', 'restart') },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('burst' as const), at, rotations: fc.integer({ min: 2, max: 4 }), bytes }),
  },
  { weight: 14, arbitrary: only('tick') },
  { weight: 4, arbitrary: only('rescan') },
  { weight: 2, arbitrary: only('start') },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('startAmid' as const), acts: fc.array(nodeStep, { maxLength: 8 }) }),
  },
  { weight: 2, arbitrary: only('kill') },
  { weight: 2, arbitrary: only('settleAll') },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), answered: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(20, 100, 500, 1_000, 3_000, 15_000) }),
  },
  {
    weight: 14,
    arbitrary: fc.record({ do: fc.constant('work' as const), which, times: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      which,
      kind: fc.oneof(
        { weight: 6, arbitrary: fc.constant<AnswerKind>('ok') },
        {
          weight: 5,
          arbitrary: fc.constantFrom<AnswerKind>(
            'refusedInPart',
            'unanswered',
            'storedThen500',
            '503',
            '429',
            'reset',
            '413',
          ),
        },
      ),
    }),
  },
);

export const steps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 1, maxLength: 120, size: 'max' });

/** The longest a runtime takes to reopen. */
const REOPEN_MS = 100;

export async function take(step: Step, world: World): Promise<void> {
  const { node, loki } = world;
  switch (step.do) {
    case 'write':
      for (let i = 0; i < step.lines; i += 1) node.write(container(world, step.at), step.stream, step.bytes, 'F');
      return;
    case 'part':
      return node.write(container(world, step.at), step.stream, step.bytes, 'P');
    case 'lastPart':
      return node.write(container(world, step.at), step.stream, step.bytes, 'F');
    case 'half':
      return node.writeHalf(container(world, step.at), step.stream, step.bytes, step.share);
    case 'burst':
      for (let i = 0; i < step.rotations; i += 1) {
        node.write(container(world, step.at), 'stdout', step.bytes, 'F');
        actOn(world, step.at, 'rotate');
      }
      return;
    case 'tick':
      return world.tick();
    case 'rescan':
      return world.rescan();
    case 'start':
      return world.start();
    case 'startAmid': {
      const acts = [...step.acts];
      return world.start(async () => {
        const next = acts.shift();
        if (next !== undefined) await take(next, world);
      });
    }
    case 'kill':
      return world.kill();
    case 'stop':
      node.finishRotations();
      return world.stop(step.answered);
    case 'settleAll':
      node.finishRotations();
      return world.quiesce();
    case 'wait':
      if (step.ms > REOPEN_MS) node.finishRotations();
      return world.wait(step.ms);
    case 'work':
      for (let i = 0; i < step.times; i += 1) await world.work(step.which);
      return;
    case 'answer':
      if (loki.pending.length > 0) loki.answer(step.which, step.kind);
      return world.settle();
    default:
      return actOn(world, step.at, step.do);
  }
}

function container(world: World, at: number) {
  return world.node.containers[at] as World['node']['containers'][number];
}

function actOn(world: World, at: number, name: NodeAct): void {
  const { node } = world;
  const target = container(world, at);
  switch (name) {
    case 'rotate':
      node.beginRotation(target);
      return node.finishRotation(target);
    case 'beginRotation':
      return node.beginRotation(target);
    case 'finishRotation':
      return node.finishRotation(target);
    case 'undoRotation':
      return node.undoRotation(target);
    case 'compress':
      return node.compressOldest(target);
    case 'deleteOldest':
      return node.deleteOldest(target);
    case 'truncate':
      return node.truncate(target);
    case 'copyTruncate':
      return node.copyTruncate(target);
    case 'delete':
      return node.delete(target, true);
    case 'deleteTorn':
      return node.delete(target, false);
    case 'create':
      return node.create(target);
    case 'restart':
      return node.restart(target);
  }
}
