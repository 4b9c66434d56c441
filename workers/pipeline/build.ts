import type { RouteSpec, StageSpec } from '../../src/pipeline.js';
import { KINDS } from '../stages/all.js';
import type { Loops } from '../wasm/loops.js';
import type { LimitBuckets } from './buckets.js';
import type { Entry } from './entry.js';
import type { StageKind } from './kinds.js';
import type { LabelSets } from './labels.js';
import { StageList } from './list.js';
import { restartAccess, restartStage } from './restart.js';
import type { Access, Memory, Run, Stage, StageContext } from './stage.js';
import { Tally } from './tally.js';

/** One step of a route: a stage, or the start of the next component. */
export interface Step {
  id: string;
  component: string;
  /** Null for the start of a component. */
  spec: StageSpec | null;
  access: Access;
  stage: Stage;
}

/** Lets somebody stand between the stages, as `inspect` does. */
export type Wrap = (stage: Stage, id: string, spec: StageSpec) => Stage;

export interface Surroundings {
  run: Run;
  labels: LabelSets;
  buckets: LimitBuckets;
  loops: Loops | null;
  /** Gives the emitter of step number `index`. */
  emitter(index: number): (entry: Entry) => void;
  /** Keep every extracted value, read or not. */
  keepAll: boolean;
  wrap: Wrap;
  counts: boolean;
}

/** A stage that remembers something. */
export interface Remembering {
  memory: Memory;
  spec: StageSpec;
}

export interface Built {
  steps: Step[];
  tallies: Tally[];
  /** By stage id, in the order of the stages. */
  memories: Map<string, Remembering>;
}

function kindOf(spec: StageSpec): StageKind<StageSpec> {
  // The table is typed by name; TypeScript can not follow that a spec finds the kind of its own name.
  return KINDS[spec.stage] as unknown as StageKind<StageSpec>;
}

function accessOf(spec: StageSpec): Access {
  return kindOf(spec).access(spec, accessOf);
}

/** Names of extracted values that some stage reads; null if one may read any. */
function readNames(stages: readonly StageSpec[]): Set<string> | null {
  const names = new Set<string>();
  for (const stage of stages) {
    for (const key of accessOf(stage).reads) {
      if (key === 'x:*') return null;
      if (key.startsWith('x:')) names.add(key.slice(2));
    }
  }
  return names;
}

/** Compiles every stage of a route. Throws an Error with a message for the user if an argument does not hold. */
export function build(route: RouteSpec, around: Surroundings): Built {
  const built: Built = { steps: [], tallies: [], memories: new Map() };
  for (const [number, { component, stages, counts }] of route.processes.entries()) {
    const tally = new Tally(component, counts && around.counts);
    built.tallies.push(tally);
    const read = around.keepAll ? null : readNames(stages);
    const isRead = (name: string): boolean => read === null || read.has(name);
    if (number > 0) {
      built.steps.push({ id: `${number}`, component, spec: null, access: restartAccess, stage: restartStage });
    }
    for (const [index, spec] of stages.entries()) {
      const id = `${number}.${index}`;
      const emit = around.emitter(built.steps.length);
      const stage = compileStage(spec, id, emit, tally, isRead, around, built.memories);
      built.steps.push({ id, component, spec, access: accessOf(spec), stage });
    }
  }
  return built;
}

function compileStage(
  spec: StageSpec,
  id: string,
  emit: (entry: Entry) => void,
  tally: Tally,
  isRead: (name: string) => boolean,
  around: Surroundings,
  memories: Map<string, Remembering>,
): Stage {
  const { run, labels, buckets, loops, wrap } = around;
  const nested = (specs: readonly StageSpec[]): Stage => {
    const list = new StageList(emit);
    const stages = specs.map((inner, index) =>
      compileStage(inner, `${id}.${index}`, list.emitter(index), tally, isRead, around, memories),
    );
    list.use(
      stages,
      stages.map((_, index) => index + 1),
    );
    return { process: (entry) => list.run(entry) };
  };
  const release = (entry: Entry): void => {
    run.released++;
    emit(entry);
  };
  const context: StageContext = { id, run, labels, tally, buckets, loops, emit: release, isRead, nested };
  const stage = kindOf(spec).compile(spec, context);
  if (stage.memory !== undefined) memories.set(id, { memory: stage.memory, spec });
  return wrap(stage, id, spec);
}
