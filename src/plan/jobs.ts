import type { ContainerLog } from '../chain/container-log.js';
import type { Descriptors, Opening } from '../chain/descriptors.js';
import type { Flight, Generation } from '../chain/generation.js';
import { errnoOf } from '../errors.js';
import type { PipelineDelta } from '../pipeline.js';
import type {
  CollectJob,
  CollectResult,
  PipelineSpec,
  PushShare,
  SliceResult,
  Source,
  TenantPush,
} from '../protocol.js';
import type { Sender } from '../push/sender.js';
import type { CollectorEvents } from '../telemetry/events.js';
import { Delivery } from './delivery.js';
import { Held } from './held.js';
import { type Job, leavePlace, logOf, nextPieceOf, type Place, sliceOf, type Unit, unitOf } from './job.js';
import { isOver, type Purpose, Waiting } from './waiting.js';

export interface JobsOptions {
  /** Runs a job on a worker. */
  collect: (job: CollectJob) => Promise<CollectResult>;
  /** The bytes of a push are not needed any more. */
  release: (push: TenantPush) => void;
  /** Takes finished pushes, and tells once what became of each. */
  sender: Pick<Sender, 'submit'>;
  /** What the lines of new jobs go through. */
  spec: PipelineSpec;
  descriptors: Descriptors;
  events: CollectorEvents;
  /** Jobs that may be at the workers at once. */
  maxRunning: number;
  /** Bytes that jobs at the workers and finished pushes may take together. */
  budgetBytes: number;
  batchBytes: number;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** A slice was read, or settled: its log may have more. */
  onProgress: (log: ContainerLog) => void;
  /** The bytes before a position are not those that were read. */
  onChanged: (generation: Generation) => void;
  /** Stages have counted something: once for whatever was read. */
  onCounted: (delta: PipelineDelta) => void;
  /** A limit of the pipeline asks that nothing more is read for so long. */
  onRest: (waitMs: number) => void;
  /**
   * A copy has ended before its end, bytes are gone that a push was to be made of anew, or a push will not be answered
   * that cannot be made anew; lines as far as known.
   */
  onMissing: (generation: Generation, reason: 'damaged' | 'unanswered', bytes: number, lines: number) => void;
  /** A copy cannot be read on, however often it is tried. */
  onBroken: (generation: Generation) => void;
}

/** Of the memory budget, of workers or of descriptors there are too few; or a stage that limits asks for a pause. */
export type Obstacle = 'memory' | 'workers' | 'descriptors' | 'limit';

/** The life of jobs: from a list of ranges to a worker, and from its result to pushes that are delivered. */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #jobs = new Map<Flight, Job>();
  readonly #held: Held;
  readonly #waiting: Waiting;
  readonly #delivery: Delivery;
  #spec: PipelineSpec;
  #batchBytes: number;
  #seq = 0;
  #restUntilMs = 0;
  #running = 0;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#spec = options.spec;
    this.#batchBytes = options.batchBytes;
    const { sender, events, now, onBroken, onProgress } = options;
    this.#held = new Held(options.release);
    this.#waiting = new Waiting({ events, now, onTurn: (unit, purpose) => this.#goOn(unit, purpose), onBroken });
    this.#delivery = new Delivery({
      sender,
      events,
      held: this.#held,
      now,
      onRepeat: (units, place, { spec, only }) => this.#start(units, place, spec, only),
      onMetadataRefused: () => {
        this.#spec = { ...this.#spec, withoutMetadata: true };
      },
      onProgress,
    });
  }

  get running(): number {
    return this.#running;
  }

  get heldBytes(): number {
    return this.#held.bytes;
  }

  /** Entries that were read for good, and are neither stored nor refused yet. */
  get pendingEntries(): number {
    return this.#delivery.pendingEntries;
  }

  /** Whether there is room for one more job. */
  get mayLaunch(): boolean {
    return this.obstacle === null;
  }

  /** What there is no room of for one more job, or what else keeps it; null if nothing does. */
  get obstacle(): Obstacle | null {
    const { maxRunning, budgetBytes, now } = this.#options;
    if (this.#held.bytes + this.#batchBytes > budgetBytes) return 'memory';
    if (this.#running >= maxRunning) return 'workers';
    // What is read now leaves its descriptors to those that wait for them.
    if (this.#waiting.starving && this.#running > 0) return 'descriptors';
    return this.#restUntilMs === 0 || now() >= this.#restUntilMs ? null : 'limit';
  }

  /** Whether this log may take more: one log alone never takes more than half of the budget. */
  mayTake(log: ContainerLog): boolean {
    return log.heldBytes <= this.#options.budgetBytes / 2;
  }

  launch(flights: readonly Flight[]): void {
    this.#start(flights.map(unitOf), null, this.#spec, null);
  }

  /** Tries failed reads again whose pause is over, and those for which there was no descriptor. */
  resume(nowMs: number): void {
    this.#waiting.resume(nowMs);
  }

  #goOn(unit: Unit, { place, spec, only }: Purpose): void {
    if (!isOver(unit)) return this.#start([{ ...unit, result: null }], place, spec, only);
    this.#forsake(unit, place);
    leavePlace(place);
  }

  /**
   * A generation has begun anew: what was read ahead in its old bytes is thrown away. What is known to follow is not: it
   * may be on its way to the sender just now.
   */
  abandon(generation: Generation): void {
    for (const [flight, job] of this.#jobs) {
      if (flight.generation !== generation || flight.epoch === generation.epoch) continue;
      if (!job.read || flight.resolved) continue;
      this.#jobs.delete(flight);
      this.#held.drop(job);
      job.units = [];
    }
  }

  /** New jobs go through another pipeline. What was read before keeps to the old one. */
  change(spec: PipelineSpec, batchBytes: number): void {
    this.#spec = spec;
    this.#batchBytes = batchBytes;
    this.#restUntilMs = 0;
  }

  /** The sender has been stopped: what it still had is not waited for. */
  recall(): void {
    const counted = new Set<string>();
    for (const { flight, result } of this.#delivery.recall()) {
      const { generation, epoch } = flight;
      if (epoch === generation.epoch || generation.formers.length > 0 || result === null) continue;
      // Truncated when this was on its way, with no copy of it. Several pushes may have been made of the same lines.
      const key = `${generation.log.path} ${generation.ino} ${epoch} ${result.first}`;
      if (counted.has(key)) continue;
      counted.add(key);
      this.#options.onMissing(generation, 'unanswered', result.next - result.first, result.lines);
    }
  }

  #start(units: Unit[], place: Place | null, spec: PipelineSpec, only: Job['only']): void {
    if (place === null) this.#seq += 1;
    const seq = place?.seq ?? this.#seq;
    this.#run({ seq, units, place, spec, only, read: false, pushes: [], delta: null, heldBytes: 0 });
  }

  #run(job: Job): void {
    const units: Unit[] = [];
    const sources: Source[] = [];
    for (const unit of job.units) {
      if (isOver(unit)) {
        this.#forsake(unit, job.place);
        continue;
      }
      const source = this.#sourceOf(unit);
      if (source === 'short') {
        this.#waiting.starve(unit, job);
        continue;
      }
      if (source === null) {
        // Its folder tells whether it is gone.
        this.#waiting.pause(unit, job, 'no way to the file');
        continue;
      }
      units.push(unit);
      sources.push(source);
      // At once, or room for the next file would be made by closing this one.
      unit.reading = unit.flight.generation;
      unit.reading.readers += 1;
    }
    job.units = units;
    if (units.length === 0) {
      leavePlace(job.place);
      return this.#held.drop(job);
    }
    if (job.place === null) for (const unit of units) this.#jobs.set(unit.flight, job);
    const slices = units.map((unit, index) => sliceOf(unit, sources[index] as Source));
    this.#held.set(
      job,
      slices.reduce((sum, slice) => sum + slice.to - slice.from, 0),
    );
    this.#running += 1;
    const { spec, only } = job;
    this.#options.collect({ spec, slices, only }).then(
      (result) => this.#onResult(job, result),
      (error: unknown) => this.#onFailure(job, error),
    );
  }

  /** Its bytes are gone, and with them the lines that a push is to be made of anew; unless there is a copy of them. */
  #forsake(unit: Unit, place: Place | null): void {
    const { flight, from, to, end } = unit;
    this.#jobs.delete(flight);
    if (place === null || flight.openUnits === 0) return;
    const { generation } = flight;
    const goneBytes = (end ?? to) - from;
    flight.goneBytes += goneBytes;
    if (generation.formers.length > 0) return;
    const { result } = flight;
    // Of a part of it nobody knows how many lines were in that.
    const isWhole = result !== null && from <= result.first && goneBytes >= result.next - result.first;
    this.#options.onMissing(generation, 'damaged', goneBytes, isWhole ? result.lines : 0);
    // Nothing is read again for a gap: it has one answer less to wait for.
    if (!generation.gap) return;
    flight.openUnits -= 1;
    if (flight.openUnits === 0) generation.log.settle(flight, this.#options.now());
  }

  #sourceOf(unit: Unit): Source | 'short' | null {
    const { generation } = unit.flight;
    const { descriptors } = this.#options;
    let opening: Opening = 'gone';
    try {
      opening = generation.open(descriptors);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
    descriptors.touch(generation);
    return generation.source(unit.from) ?? (opening === 'short' ? opening : null);
  }

  #returned(job: Job): void {
    this.#running -= 1;
    for (const { reading } of job.units) if (reading !== null) reading.readers -= 1;
    // Its files may be closed now, for those that wait longer than what is planned next.
    this.#waiting.feed();
  }

  #onFailure(job: Job, error: unknown): void {
    this.#returned(job);
    const message = error instanceof Error ? error.message : String(error);
    this.#options.events.jobRepeated('worker');
    for (const unit of job.units) this.#waiting.failed(unit, job, message);
    leavePlace(job.place);
    this.#held.drop(job);
  }

  #onResult(job: Job, result: CollectResult): void {
    this.#returned(job);
    job.read = true;
    job.pushes = result.pushes;
    if (result.waitMs > 0) this.#rest(result.waitMs);
    if (job.units.some((unit, index) => isStale(unit, result.slices[index] as SliceResult))) {
      // Lines of bytes that are gone are among the others' and would come twice if there is a copy of them.
      this.#options.events.jobRepeated('truncated');
      this.#held.drop(job);
      job.read = false;
      return this.#run(job);
    }
    const kept: Unit[] = [];
    for (const [index, unit] of job.units.entries()) {
      const slice = result.slices[index] as SliceResult;
      const { flight } = unit;
      const current = !isOver(unit);
      unit.result = slice;
      if (current && slice.outcome === 'read') {
        kept.push(unit);
        continue;
      }
      // It has left the job: whatever becomes of its file, the others' push goes on.
      this.#jobs.delete(flight);
      this.#held.giveBack(unit);
      if (!current) {
        this.#forsake(unit, job.place);
        continue;
      }
      if (slice.outcome === 'changed') {
        this.#options.onChanged(flight.generation);
        this.#forsake(unit, job.place);
      } else this.#waiting.failed(unit, job, slice.error?.message ?? 'unknown');
    }
    job.units = kept;
    this.#held.set(job, sizeOf(job));
    if (job.place !== null) this.#onRepeated(job, job.place);
    else this.#follow(job, result.delta);
    for (const unit of kept) this.#options.onProgress(logOf(unit));
  }

  #rest(waitMs: number): void {
    this.#restUntilMs = Math.max(this.#restUntilMs, this.#options.now() + waitMs);
    this.#options.onRest(waitMs);
  }

  #follow(job: Job, delta: PipelineDelta | null): void {
    job.delta = delta;
    const ready = new Set<Job>([job]);
    for (const unit of job.units) {
      const { flight } = unit;
      const { generation } = flight;
      flight.result = unit.result;
      const { resolved, again, missingBytes } = logOf(unit).resolve(generation, this.#options.now());
      if (missingBytes > 0) this.#options.onMissing(generation, 'damaged', missingBytes, 0);
      for (const next of resolved) {
        const owner = this.#jobs.get(next);
        if (owner !== undefined) ready.add(owner);
      }
      for (const next of again) this.#readAgain(next);
    }
    for (const next of ready) {
      if (next.read && next.units.every((unit) => unit.flight.resolved)) this.#release(next);
    }
  }

  /** A supposition proved wrong: the push that was made on it is thrown away. */
  #readAgain(flight: Flight): void {
    const job = this.#jobs.get(flight);
    if (job !== undefined) {
      this.#held.drop(job);
      job.units = [];
      job.read = false;
    }
    this.#options.events.jobRepeated('carry');
    this.launch([flight]);
  }

  #release(job: Job): void {
    for (const unit of job.units) {
      const { flight } = unit;
      this.#jobs.delete(flight);
      const slice = flight.result as SliceResult;
      this.#report(unit, slice);
      // A flight without a line start has been resolved without what its worker found.
      unit.result = slice;
    }
    if (job.delta !== null) this.#options.onCounted(job.delta);
    job.delta = null;
    for (const part of this.#byPush(job)) this.#delivery.submit(part);
  }

  /** From here on, each push has a life of its own. */
  #byPush(job: Job): Job[] {
    const [first, ...others] = job.pushes;
    if (job.spec.route === null || first === undefined) return [job];
    const parts = others.map((push) => {
      const units = job.units.map((unit) => ({ ...unit, heldBytes: 0 }));
      for (const { flight } of units) flight.openUnits += 1;
      return { ...job, units, only: shareOf(push), pushes: [push], heldBytes: 0 };
    });
    job.only = shareOf(first);
    job.pushes = [first];
    for (const part of [job, ...parts]) this.#held.set(part, sizeOf(part));
    return [job, ...parts];
  }

  #report(unit: Unit, slice: SliceResult): void {
    const { events } = this.#options;
    if (!slice.pathMatched) events.pathUnmatched(logOf(unit).path);
    events.jobFinished({ ...slice, bytes: slice.next - slice.first });
  }

  #onRepeated(job: Job, place: Place): void {
    for (const unit of job.units) {
      const next = nextPieceOf(unit);
      if (next === null) continue;
      unit.flight.openUnits += 1;
      place.pending += 1;
      this.#start([next], place, job.spec, job.only);
      // What follows is the next one's, also when this one is cut again.
      unit.end = (unit.result as SliceResult).next;
    }
    this.#delivery.submit(job);
    leavePlace(place);
  }
}

/** Its file was truncated while it was read; it may go on in the copy that was made before. */
function isStale(unit: Unit, { outcome, entries }: SliceResult): boolean {
  if (unit.flight.generation !== unit.reading) return true;
  return isOver(unit) && outcome === 'read' && entries > 0;
}

function shareOf({ tenant, streams }: PushShare): PushShare {
  return { tenant, streams };
}

function sizeOf({ pushes }: Job): number {
  return pushes.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}
