import { type PipelineDelta, STAGE_DEFAULTS, type StageSpec } from '../../src/pipeline.js';
import type { InspectedEntry, InspectedPass, InspectedStep } from '../../src/protocol.js';
import type { Wrap } from '../pipeline/build.js';
import type { Entry } from '../pipeline/entry.js';
import type { Stage } from '../pipeline/stage.js';
import { changesOf, snapshotOf } from './changes.js';

const DROPPED = 'loki_process_dropped_lines_total';

/** Entries on their way, in the order in which they came up. */
class Passes {
  readonly list: InspectedPass[] = [];
  #entry: Entry | null = null;

  /** The pass of `entry`; a new one if another entry was seen last. */
  of(entry: Entry): InspectedPass {
    const last = this.list.at(-1);
    if (last !== undefined && this.#entry === entry) return last;
    const pass: InspectedPass = { steps: [], entry: null };
    this.#entry = entry;
    this.list.push(pass);
    return pass;
  }
}

/** A stage that is at work. What it emits goes through the stages behind it before it returns. */
interface Frame {
  id: string;
  step: InspectedStep;
  emitted: Passes;
}

export interface TracerOptions {
  /** The component of a stage, by the stage's id. */
  componentOf(id: string): string;
  /** Whether a stage is to be shown only when it stops an entry. */
  isQuiet(id: string): boolean;
  /** What was counted since the last time. */
  takeDelta(): PipelineDelta;
}

/** Stands between the stages of a pipeline, and notes what each of them does. */
export class Tracer {
  readonly wrap: Wrap = (stage, id, spec) => ({ process: (entry) => this.#process(stage, id, spec, entry) });
  readonly #options: TracerOptions;
  readonly #frames: Frame[] = [];
  #root = new Passes();

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /** What was noted since the last time. */
  take(): InspectedPass[] {
    const { list } = this.#root;
    this.#root = new Passes();
    return list;
  }

  /** Notes that an entry got through. */
  finished(entry: Entry, inspected: InspectedEntry): void {
    this.#passOf(entry).entry = inspected;
  }

  #passOf(entry: Entry): InspectedPass {
    return (this.#frames.at(-1)?.emitted ?? this.#root).of(entry);
  }

  #process(stage: Stage, id: string, spec: StageSpec, entry: Entry): boolean {
    const top = this.#frames.at(-1);
    const isInside = top !== undefined && id.startsWith(`${top.id}.`);
    const steps = isInside ? top.step.nested : this.#passOf(entry).steps;
    const step: InspectedStep = {
      component: this.#options.componentOf(id),
      stage: stageName(spec.stage),
      outcome: 'passed',
      changes: {},
      reason: null,
      counted: [],
      because: null,
      nested: [],
      emitted: [],
    };
    const frame: Frame = { id, step, emitted: new Passes() };
    const before = snapshotOf(entry);
    steps.push(step);
    this.#frames.push(frame);
    const passed = stage.process(entry);
    this.#frames.pop();
    step.emitted = frame.emitted.list;
    this.#count(step);
    if (passed) {
      step.changes = changesOf(before, snapshotOf(entry));
      if (this.#options.isQuiet(id)) steps.splice(steps.indexOf(step), 1);
      return true;
    }
    step.outcome = outcomeOf(stage, step);
    if (step.outcome === 'dropped' && step.nested.length === 0) step.because = given(spec);
    return false;
  }

  #count(step: InspectedStep): void {
    const { counters, metrics } = this.#options.takeDelta();
    for (const { name, labels, add } of counters) {
      if (name === DROPPED) step.reason = labels.find(([label]) => label === 'reason')?.[1] ?? null;
      else step.counted.push({ name, labels, add, set: null });
    }
    for (const { spec, series } of metrics) {
      const name = spec.prefix + spec.name;
      for (const { labels, add, set } of series) step.counted.push({ name, labels, add, set });
    }
  }
}

/** What a stage is called in a configuration. */
export function stageName(stage: StageSpec['stage']): string {
  return stage === 'relabel' ? 'rules' : `stage.${stage}`;
}

function outcomeOf(stage: Stage, { nested, emitted }: InspectedStep): InspectedStep['outcome'] {
  if (stage.memory !== undefined) return 'held';
  if (emitted.length > 0) return 'split';
  return nested.at(-1)?.outcome ?? 'dropped';
}

/** The arguments of a stage that say what it is for. */
function given(spec: StageSpec): Record<string, unknown> {
  const defaults: Record<string, unknown> = STAGE_DEFAULTS[spec.stage];
  const args = Object.entries(spec).filter(
    ([name, value]) =>
      name !== 'stage' &&
      name !== 'stages' &&
      name !== 'dropCounterReason' &&
      JSON.stringify(value) !== JSON.stringify(defaults[name]),
  );
  return Object.fromEntries(args);
}
