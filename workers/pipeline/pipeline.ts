import {
  limitLayout,
  type PipelineDelta,
  type RouteSpec,
  type StageSpec,
  type TargetLabels,
} from '../../src/pipeline.js';
import type { Dropped } from '../../src/protocol.js';
import { createHash } from '../hash.js';
import { remember } from '../remember.js';
import type { Loops } from '../wasm/loops.js';
import { LimitBuckets } from './buckets.js';
import { type Built, build, type Surroundings, type Wrap } from './build.js';
import { encodePipelineCarry, type PipelineCarry } from './carry.js';
import { Entry, type Metadata } from './entry.js';
import { entryFromJson, entryToJson } from './entry-json.js';
import { type PathPlan, type Place, placeSteps, planPath } from './hoist.js';
import { interned } from './interned.js';
import { type LabelSet, LabelSets } from './labels.js';
import { readCarry } from './leftover.js';
import { StageList } from './list.js';
import type { Json, Run } from './stage.js';
import { LineClock } from './stamp.js';

const CARRIAGE_RETURN = 0x0d;

/** Where finished entries go. */
export interface EntrySink {
  /** Takes the entry, which is the caller's again afterwards; false if there is no room for it. */
  put(entry: Entry): boolean;
}

export interface PipelineOptions {
  /** The buckets of `stage.limit`, shared by all workers; `sharedBytes` long. */
  shared?: SharedArrayBuffer;
  /** Off: every stage sees every line. */
  hoist?: boolean;
  /** Keep what is extracted even if no stage reads it. */
  keepAll?: boolean;
  wrap?: Wrap;
  /** Of the memory that lines lie in. */
  loops?: Loops | null;
  /** Nanoseconds since the epoch, for `stage.limit`. */
  now?: () => bigint;
}

/** Where a slice begins. */
export interface PipelineSlice {
  path: string;
  targetLabels: TargetLabels;
  readTimeMs: number;
  carry: Uint8Array | null;
}

/** What `inspect` tells about a path. */
export interface Hoisted {
  /** For each step: its id, the name of the stage (null: the start of a component), and where it is done. */
  steps: { id: string; component: string; stage: StageSpec['stage'] | null; place: Place }[];
  /** Nothing is left to be done for a line. */
  plain: boolean;
  /** The stages that are left for every line, in their order. */
  left: StageSpec[];
  /** What the entries of a plain path bear. */
  labels: LabelSet;
  metadata: Metadata;
}

/** The same for pipelines whose stages remember the same. */
function tagOf({ memories }: Built): string {
  const remembering = [...memories].map(([id, { spec }]) => [id, spec]);
  return createHash('sha256').update(JSON.stringify(remembering)).digest('hex').slice(0, 16);
}

/**
 * A route, compiled: takes the lines of slices through its stages. Remembers nothing between slices but compiled things;
 * what stages remember is in the carry.
 */
export class Pipeline {
  readonly #labels = new LabelSets();
  readonly #run: Run;
  readonly #clock = new LineClock();
  readonly #entry: Entry;
  readonly #list: StageList;
  readonly #built: Built;
  readonly #still: Built;
  readonly #places: Place[];
  readonly #external: [string, string][];
  readonly #plans = new Map<string, PathPlan>();
  #plan: PathPlan | null = null;
  #sink: EntrySink | null = null;
  #waiting: Json[] = [];
  #skipLine = false;
  /** Made when it is first asked for: where no stage has anything to do for a line, it never is. */
  #madeTag: string | null = null;

  /** Throws an Error with a message for the user if a stage does not hold. */
  constructor(spec: RouteSpec, options: PipelineOptions = {}) {
    const route = interned(spec);
    const { maxLineBytes } = route;
    this.#run = { path: '', readTimeMs: 0, waitMs: 0, cutBytes: 0, held: 0, released: 0, maxLineBytes };
    this.#list = new StageList((entry) => this.#finish(entry));
    const around: Surroundings = {
      run: this.#run,
      labels: this.#labels,
      buckets: new LimitBuckets(limitLayout(route), options.shared, options.now),
      loops: options.loops ?? null,
      emitter: (index) => this.#list.emitter(index),
      keepAll: options.keepAll ?? false,
      wrap: options.wrap ?? ((stage) => stage),
      counts: true,
    };
    this.#built = build(route, around);
    this.#still = build(route, { ...around, counts: false, wrap: (stage) => stage });
    this.#places = options.hoist === false ? this.#built.steps.map(() => 'line') : placeSteps(this.#built.steps);
    this.#external = route.externalLabels;
    this.#entry = new Entry(this.#labels.of(new Map()));
  }

  /** What depends on the path alone. */
  hoisted(path: string, targetLabels: TargetLabels): Hoisted {
    const { steps } = this.#built;
    const { left, labels, metadata } = this.#planOf(path, targetLabels);
    return {
      steps: steps.map(({ id, component, spec }, i) => {
        return { id, component, stage: spec?.stage ?? null, place: this.#places[i]! };
      }),
      plain: left.length === 0,
      left: left.flatMap((i) => steps[i]!.spec ?? []),
      labels: this.#withExternal(labels),
      metadata,
    };
  }

  /** Begins a slice. What the one before it left open is taken up, what it had no room for is put first. */
  begin({ path, targetLabels, readTimeMs, carry }: PipelineSlice, sink: EntrySink): void {
    this.#run.path = path;
    this.#run.readTimeMs = readTimeMs;
    this.#run.waitMs = 0;
    this.#run.cutBytes = 0;
    this.#run.held = 0;
    this.#run.released = 0;
    this.#sink = sink;
    this.#clock.begin(readTimeMs);
    this.#plan = this.#planOf(path, targetLabels);
    this.#list.use(this.#plan.stages, this.#plan.after);
    const { stages, waiting, skipLine } = readCarry(carry, this.#tag, this.#plan.labels);
    this.#skipLine = skipLine;
    for (const [id, { memory }] of this.#built.memories) memory.load(stages[id]?.[1] ?? null);
    this.#waiting = [];
    this.#run.released = waiting.length;
    for (const json of waiting) {
      if (this.#waiting.length === 0) this.#finish(entryFromJson(json, this.#labels));
      else this.#waiting.push(json);
    }
  }

  /**
   * Takes the line `bytes[from, to)`, newline not included, which begins at `offset` in the file. The line is taken in
   * any case; when `full` is true afterwards, no further one may follow in this slice.
   */
  line(bytes: Buffer, from: number, to: number, offset: number): void {
    const entry = this.#entry;
    const plan = this.#plan!;
    const end = to > from && bytes[to - 1] === CARRIAGE_RETURN ? to - 1 : to;
    const clock = this.#clock;
    clock.read(bytes, from, end, offset);
    entry.begin(bytes, from, end, plan.labels, plan.values);
    entry.metadata = plan.metadata;
    entry.seconds = clock.seconds;
    entry.nanos = clock.nanos;
    entry.stampTo = clock.stampTo;
    entry.stampSeconds = clock.seconds;
    entry.stampNanos = clock.nanos;
    entry.offset = offset;
    if (this.#list.run(entry)) this.#finish(entry);
  }

  /** The push is full, or a limit asks to wait. The slice must end; what had no room is in the carry. */
  get full(): boolean {
    return this.waiting || this.#run.waitMs > 0;
  }

  /** Finished entries had no room: they are in the carry, and the next slice puts them first. */
  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** How long `stage.limit` wants nothing more to be read through this route, in milliseconds. */
  get waitMs(): number {
    return this.#run.waitMs;
  }

  /** Whether the slice begins inside a line that the one before it has cut. */
  get skipLine(): boolean {
    return this.#skipLine;
  }

  /** Bytes of the slice's lines that stages have left out, because their entry is sent cut already. */
  get cutBytes(): number {
    return this.#run.cutBytes;
  }

  /** Entries of the slice that are held back, by a stage or for want of room, or were taken apart. */
  get held(): number {
    return this.#run.held + this.#waiting.length;
  }

  /** Entries that were made of what was held back, here or in the slice before. */
  get released(): number {
    return this.#run.released;
  }

  /** What stages have dropped since the last `takeDelta`, whether or not this route counts it in their metrics. */
  get dropped(): Dropped[] {
    return this.#built.tallies.flatMap(({ drops }) => drops);
  }

  /** Emits what stages hold back as it is. */
  flush(): void {
    for (const { memory } of this.#built.memories.values()) memory.flush?.();
  }

  /** Ends a slice: with `flush`, what stages hold back is emitted first. Returns the carry. */
  end(flush: boolean, skipLine = false): Uint8Array | null {
    if (flush) this.flush();
    const stages: PipelineCarry['stages'] = {};
    for (const [id, { memory, spec }] of this.#built.memories) {
      const saved = memory.save();
      if (saved !== null) stages[id] = [spec.stage, saved];
    }
    return encodePipelineCarry({ tag: this.#tag, skipLine, stages, waiting: this.#waiting });
  }

  /** What was counted since the last time. */
  takeDelta(): PipelineDelta {
    const delta: PipelineDelta = { counters: [], metrics: [] };
    for (const tally of this.#built.tallies) tally.take(delta);
    return delta;
  }

  /** Which stages remember something. */
  get #tag(): string {
    this.#madeTag ??= tagOf(this.#built);
    return this.#madeTag;
  }

  #finish(entry: Entry): void {
    entry.labels = this.#withExternal(entry.labels);
    if (this.#waiting.length > 0 || !this.#sink!.put(entry)) this.#waiting.push(entryToJson(entry));
  }

  #withExternal(labels: LabelSet): LabelSet {
    let all = labels;
    for (const [name, value] of this.#external) if (all.get(name) === undefined) all = all.with(name, value);
    return all;
  }

  #planOf(path: string, targetLabels: TargetLabels): PathPlan {
    const key = JSON.stringify([path, targetLabels]);
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const labels = this.#labels.of(new Map([...targetLabels, ['filename', path]]));
    return remember(this.#plans, key, planPath(this.#built.steps, this.#still.steps, this.#places, labels));
  }
}
