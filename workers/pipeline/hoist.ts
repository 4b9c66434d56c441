import type { Step } from './build.js';
import { Entry, type Metadata } from './entry.js';
import type { LabelSet } from './labels.js';
import type { Stage } from './stage.js';
import type { Value } from './values.js';

/**
 * Where a step is done: `line`: for every line. `path`: once for each container log, before its lines. `place`: once for
 * each container log too, but what it comes to is put into the entry where the step stands, because a step before it
 * would notice.
 */
export type Place = 'line' | 'path' | 'place';

const ENTRY_KEYS = ['line', 'time'];

function domain(key: string): string {
  return key.slice(0, 2);
}

function touches(a: string, b: string): boolean {
  return a === b || (domain(a) === domain(b) && a[1] === ':' && (a[2] === '*' || b[2] === '*'));
}

function conflict(some: readonly string[], others: readonly string[]): boolean {
  return some.some((a) => others.some((b) => touches(a, b)));
}

/** Decides, from what the steps read and write, which of them depend on the path and the target's labels alone. */
export function placeSteps(steps: readonly Pick<Step, 'access' | 'spec'>[]): Place[] {
  let varying = [...ENTRY_KEYS];
  const places: Place[] = [];
  for (const { access, spec } of steps) {
    if (access.pure && !conflict(access.reads, varying)) {
      const earlier = steps.slice(0, places.length).filter((_, i) => places[i] !== 'path');
      const bound = earlier.some(
        ({ access: { reads, writes } }) =>
          conflict(writes, access.reads) || conflict(writes, access.writes) || conflict(reads, access.writes),
      );
      places.push(bound ? 'place' : 'path');
      varying = varying.filter((key) => !access.writes.some((write) => write === key || covers(write, key)));
      continue;
    }
    places.push('line');
    if (spec === null) varying = afterRestart(varying);
    else varying = [...new Set([...varying, ...access.writes])];
  }
  return places;
}

function covers(write: string, key: string): boolean {
  return write.endsWith(':*') && domain(write) === domain(key);
}

/** At the start of a component, a value varies if the label it comes from does. */
function afterRestart(varying: readonly string[]): string[] {
  const kept = varying.filter((key) => domain(key) !== 'x:');
  return [...kept, ...kept.filter((key) => domain(key) === 'l:').map((key) => `x:${key.slice(2)}`)];
}

/** A step's outcome for one path. */
interface Outcome {
  labels: [name: string, value: string | undefined][];
  values: [name: string, value: Value | undefined][];
  metadata: Metadata | null;
  /** The start of a component: nothing but these values is extracted afterwards. */
  reset: ReadonlyMap<string, Value> | null;
}

class OutcomeStage implements Stage {
  readonly #outcome: Outcome;

  constructor(outcome: Outcome) {
    this.#outcome = outcome;
  }

  process(entry: Entry): boolean {
    const { labels, values, metadata, reset } = this.#outcome;
    if (reset !== null) entry.extracted.begin(reset);
    for (const [name, value] of labels) {
      entry.labels = value === undefined ? entry.labels.without(name) : entry.labels.with(name, value);
    }
    for (const [name, value] of values) {
      if (value === undefined) entry.extracted.delete(name);
      else entry.extracted.set(name, value);
    }
    if (metadata !== null) entry.metadata = metadata;
    return true;
  }
}

function difference<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): [string, T | undefined][] {
  const changes: [string, T | undefined][] = [];
  for (const [name, value] of after) if (before.get(name) !== value) changes.push([name, value]);
  for (const name of before.keys()) if (!after.has(name)) changes.push([name, undefined]);
  return changes;
}

/** A route made ready for the lines of one path. */
export interface PathPlan {
  labels: LabelSet;
  values: ReadonlyMap<string, Value>;
  metadata: Metadata;
  /** What is left to be done for every line. */
  stages: Stage[];
  /** The steps those stages are. */
  left: number[];
  /** For each step of the route, the place in `stages` of what comes after it. */
  after: number[];
}

/**
 * Does what depends on the path alone. `still`: the same steps, compiled to count nothing. A step that drops everything
 * of this path is left to be done for every line, so that it counts them.
 */
export function planPath(
  steps: readonly Step[],
  still: readonly Step[],
  places: readonly Place[],
  labels: LabelSet,
): PathPlan {
  const known = new Entry(labels);
  known.extracted.begin(labels.labels);
  const base = new Entry(labels);
  base.extracted.begin(labels.labels);
  const plan: PathPlan = { labels, values: new Map(), metadata: [], stages: [], left: [], after: [] };
  let dropped = false;
  for (const [i, place] of places.entries()) {
    if (!dropped) {
      const outcome = place === 'line' ? null : outcomeOf(still[i]!, known);
      dropped = place !== 'line' && outcome === null;
      if (outcome === null) {
        plan.stages.push(steps[i]!.stage);
        plan.left.push(i);
      } else if (place === 'path') new OutcomeStage(outcome).process(base);
      else if (!isNothing(outcome)) {
        plan.stages.push(new OutcomeStage(outcome));
        plan.left.push(i);
      }
    }
    plan.after.push(plan.stages.length);
  }
  return { ...plan, labels: base.labels, values: base.extracted.all(), metadata: base.metadata };
}

function isNothing({ labels, values, metadata, reset }: Outcome): boolean {
  return labels.length === 0 && values.length === 0 && metadata === null && reset === null;
}

/** Takes `known` through the step; null if it was dropped. */
function outcomeOf({ stage, spec }: Step, known: Entry): Outcome | null {
  const { labels, metadata } = known;
  const values = known.extracted.all();
  if (!stage.process(known)) return null;
  const after = known.extracted.all();
  return {
    labels: difference(labels.labels, known.labels.labels),
    values: spec === null ? [] : difference(values, after),
    metadata: known.metadata === metadata ? null : known.metadata,
    reset: spec === null ? after : null,
  };
}
