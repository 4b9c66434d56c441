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
import type { HeldPlace, Outcome, Parcel } from '../push/parcel.js';
import type { Sender } from '../push/sender.js';
import type { CollectorEvents } from '../telemetry/events.js';
import { againOf, firstHalfOf, type Job, logOf, nextPieceOf, type Place, sliceOf, type Unit, unitOf } from './job.js';

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
  /** A copy has ended before its end. */
  onMissing: (generation: Generation, bytes: number) => void;
  /** A copy cannot be read on, however often it is tried. */
  onBroken: (generation: Generation) => void;
}

/** What a unit that waits is to be read for. */
type Waiting = Pick<Job, 'place' | 'spec' | 'only'>;

/** A push that must be made anew. */
type Returned = Pick<Extract<Outcome, { hold: unknown }>, 'hold'>;

/** The longest pause after failed reads of one file, in milliseconds. */
const MAX_READ_PAUSE_MS = 10_000;
/** What is damaged in a compressed file or a copy does not heal; newer generations wait behind it. */
const MAX_COPY_FAILURES = 5;

/**
 * The life of jobs: from a list of ranges to a worker, from its result to a push, from the answer to a settled
 * position. Cuts, repeats and re-encodes what Loki does not take as it is.
 */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #jobs = new Map<Flight, Job>();
  /** Units whose file could not be read; tried again when their generation's pause is over. */
  readonly #paused = new Map<Unit, Waiting>();
  /** Units that wait for a descriptor, those that wait longest first. */
  readonly #starved = new Map<Unit, Waiting>();
  #spec: PipelineSpec;
  #batchBytes: number;
  /** What the stages have counted in jobs that are not released yet. */
  readonly #deltas = new Map<Job, PipelineDelta>();
  /** Their pushes are with the sender. */
  readonly #submitted = new Set<Job>();
  #seq = 0;
  #restUntilMs = 0;
  #running = 0;
  #heldBytes = 0;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#spec = options.spec;
    this.#batchBytes = options.batchBytes;
  }

  get running(): number {
    return this.#running;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether the budget and the workers have room for one more job. */
  get mayLaunch(): boolean {
    const { maxRunning, budgetBytes, now } = this.#options;
    if (this.#running >= maxRunning || this.#heldBytes + this.#batchBytes > budgetBytes) return false;
    // What is read now leaves its descriptors to those that wait for them.
    if (this.#starved.size > 0 && this.#running > 0) return false;
    return this.#restUntilMs === 0 || now() >= this.#restUntilMs;
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
    for (const [unit, waiting] of this.#paused) {
      if (!isGiven(unit) && unit.flight.generation.blockedUntilMs > nowMs) continue;
      this.#paused.delete(unit);
      this.#goOn(unit, waiting);
    }
    this.#feed();
  }

  /** Goes on with units that wait for a descriptor, until there is none again. */
  #feed(): void {
    for (const [unit, waiting] of [...this.#starved]) {
      const before = this.#starved.size;
      this.#starved.delete(unit);
      this.#goOn(unit, waiting);
      if (this.#starved.size === before) return;
    }
  }

  #goOn(unit: Unit, { place, spec, only }: Waiting): void {
    if (!isGiven(unit)) return this.#start([{ ...unit, result: null }], place, spec, only);
    this.#forsake(unit, place);
    this.#leave(place);
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
      this.#deltas.delete(job);
      this.#drop(job);
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
    for (const job of this.#submitted) {
      this.#drop(job);
      job.units = [];
    }
    this.#submitted.clear();
  }

  #start(units: Unit[], place: Place | null, spec: PipelineSpec, only: Job['only']): void {
    if (place === null) this.#seq += 1;
    const seq = place?.seq ?? this.#seq;
    this.#run({ seq, units, place, spec, only, read: false, pushes: [], heldBytes: 0 });
  }

  #run(job: Job): void {
    const units: Unit[] = [];
    const sources: Source[] = [];
    for (const unit of job.units) {
      if (unit.flight.epoch !== unit.flight.generation.epoch) {
        this.#forsake(unit, job.place);
        continue;
      }
      const source = this.#sourceOf(unit);
      if (source === 'short') {
        this.#setAside(unit, job, this.#starved);
        continue;
      }
      if (source === null) {
        // Its folder tells whether it is gone.
        this.#wait(unit, job, 'no way to the file');
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
      this.#leave(job.place);
      return this.#drop(job);
    }
    if (job.place === null) for (const unit of units) this.#jobs.set(unit.flight, job);
    const slices = units.map((unit, index) => sliceOf(unit, sources[index] as Source));
    this.#hold(
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
    if (place === null) return;
    const { generation } = flight;
    const goneBytes = (end ?? to) - from;
    flight.goneBytes += goneBytes;
    if (generation.formers.length === 0) this.#options.onMissing(generation, goneBytes);
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

  /** A file that cannot be read now is tried again, with growing pauses; what is in the way is said once. */
  #pause(unit: Unit, job: Job, why: string): void {
    const { generation } = unit.flight;
    if (generation.hasGrown()) generation.badReads = 0;
    generation.badReads += 1;
    if (generation.frozen && generation.badReads > MAX_COPY_FAILURES) return this.#options.onBroken(generation);
    this.#wait(unit, job, why);
  }

  #wait(unit: Unit, job: Job, why: string): void {
    const { generation } = unit.flight;
    generation.failures += 1;
    generation.blockedUntilMs =
      this.#options.now() + Math.min(MAX_READ_PAUSE_MS, 250 * 2 ** Math.min(generation.failures, 10));
    this.#setAside(unit, job, this.#paused);
    if (generation.failures !== 3) return;
    this.#options.events.problemFound({
      code: 'LOG_UNREADABLE',
      message: `Cannot read ${generation.log.path}: ${why}`,
      advice: 'Check that the file is there and readable by this user; it is tried again until it is gone.',
    });
  }

  #setAside(unit: Unit, { place, spec, only }: Job, aside: Map<Unit, Waiting>): void {
    if (place !== null) place.pending += 1;
    aside.set(unit, { place, spec, only });
  }

  #hold(job: Job, bytes: number): void {
    this.#heldBytes += bytes - job.heldBytes;
    job.heldBytes = bytes;
    const total = job.units.reduce((sum, unit) => sum + unit.to - unit.from, 0);
    for (const unit of job.units) {
      const share = total === 0 ? 0 : Math.round((bytes * (unit.to - unit.from)) / total);
      logOf(unit).heldBytes += share - unit.heldBytes;
      unit.heldBytes = share;
    }
  }

  /** Neither its push nor its place in the budget is needed any more. */
  #drop(job: Job): void {
    this.#hold(job, 0);
    for (const push of job.pushes.splice(0)) this.#options.release(push);
  }

  #returned(job: Job): void {
    this.#running -= 1;
    for (const { reading } of job.units) if (reading !== null) reading.readers -= 1;
    // Its files may be closed now, for those that wait longer than what is planned next.
    this.#feed();
  }

  #onFailure(job: Job, error: unknown): void {
    this.#returned(job);
    const message = error instanceof Error ? error.message : String(error);
    this.#options.events.jobRepeated('worker');
    for (const unit of job.units) this.#pause(unit, job, message);
    this.#leave(job.place);
    this.#drop(job);
  }

  #onResult(job: Job, result: CollectResult): void {
    this.#returned(job);
    job.read = true;
    job.pushes = result.pushes;
    if (result.waitMs > 0) this.#rest(result.waitMs);
    if (job.units.some((unit, index) => isStale(unit, result.slices[index] as SliceResult))) {
      // Lines of bytes that are gone are among the others' and would come twice if there is a copy of them.
      this.#options.events.jobRepeated('truncated');
      this.#drop(job);
      job.read = false;
      return this.#run(job);
    }
    const kept: Unit[] = [];
    for (const [index, unit] of job.units.entries()) {
      const slice = result.slices[index] as SliceResult;
      const { flight } = unit;
      const current = flight.epoch === flight.generation.epoch;
      unit.result = slice;
      if (current && slice.outcome === 'read') {
        kept.push(unit);
        continue;
      }
      // It has left the job: whatever becomes of its file, the others' push goes on.
      this.#jobs.delete(flight);
      logOf(unit).heldBytes -= unit.heldBytes;
      unit.heldBytes = 0;
      if (!current) {
        this.#forsake(unit, job.place);
        continue;
      }
      if (slice.outcome === 'changed') {
        this.#options.onChanged(flight.generation);
        this.#forsake(unit, job.place);
      } else this.#pause(unit, job, slice.error?.message ?? 'unknown');
    }
    job.units = kept;
    this.#hold(job, sizeOf(job));
    if (job.place !== null) this.#onRepeated(job, job.place);
    else this.#follow(job, result.delta);
    for (const unit of kept) this.#options.onProgress(logOf(unit));
  }

  #rest(waitMs: number): void {
    this.#restUntilMs = Math.max(this.#restUntilMs, this.#options.now() + waitMs);
    this.#options.onRest(waitMs);
  }

  #follow(job: Job, delta: PipelineDelta | null): void {
    if (delta !== null) this.#deltas.set(job, delta);
    const ready = new Set<Job>([job]);
    for (const unit of job.units) {
      const { flight } = unit;
      const { generation } = flight;
      flight.result = unit.result;
      const { resolved, again, missingBytes } = logOf(unit).resolve(generation, this.#options.now());
      if (missingBytes > 0) this.#options.onMissing(generation, missingBytes);
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
      this.#drop(job);
      job.units = [];
      job.read = false;
      this.#deltas.delete(job);
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
    const delta = this.#deltas.get(job);
    this.#deltas.delete(job);
    if (delta !== undefined) this.#options.onCounted(delta);
    for (const part of this.#byPush(job)) this.#submit(part);
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
    for (const part of [job, ...parts]) this.#hold(part, sizeOf(part));
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
    this.#submit(job);
    this.#leave(place);
  }

  /** One of the jobs that take a place is through; after the last, what is newer may follow. */
  #leave(place: Place | null): void {
    if (place === null) return;
    place.pending -= 1;
    if (place.pending === 0) place.held.release();
  }

  #submit(job: Job): void {
    const [push] = job.pushes;
    const read = job.units.reduce((sum, unit) => sum + (unit.result as SliceResult).entries, 0);
    if (push === undefined || read === 0) return this.#settle(job);
    const { bytes, tenant, encodedBytes } = push;
    // Less was read where a slice is no longer of interest.
    const entries = Math.min(push.entries, read);
    const parcel: Parcel = {
      keys: job.units.map((unit) => logOf(unit).path),
      seq: job.seq,
      tenant,
      push: bytes,
      entries,
      encodedBytes,
      ...spread(job.units),
      onSettled: (outcome) => this.#onOutcome(job, parcel, outcome),
    };
    this.#submitted.add(job);
    if (job.place === null) this.#options.sender.submit(parcel);
    else job.place.held.submit(parcel);
  }

  #onOutcome(job: Job, parcel: Parcel, outcome: Outcome): void {
    const { events } = this.#options;
    const { entries } = parcel;
    this.#submitted.delete(job);
    switch (outcome.kind) {
      case 'stored':
        events.entriesStored({ entries, bytes: parcel.push.byteLength });
        return this.#settle(job);
      case 'storedInPart': {
        let refused = 0;
        for (const { reason, lines } of outcome.refused) {
          const counted = Math.min(lines, entries - refused);
          refused += counted;
          events.entriesRefused({ reason, message: '', entries: counted });
        }
        events.entriesStored({ entries: entries - refused, bytes: parcel.push.byteLength });
        return this.#settle(job);
      }
      case 'refused':
        events.entriesRefused({ reason: outcome.reason, message: outcome.detail, entries });
        return this.#settle(job);
      case 'cut':
        return this.#cut(job, entries, outcome, outcome.reason, new Set(outcome.keys));
      case 'withoutStream':
        return this.#cut(job, entries, outcome, 'invalid_labels', new Set());
      case 'withoutMetadata':
        if (job.spec.withoutMetadata) return this.#refuse(job, entries, 'metadata_disallowed');
        this.#spec = { ...this.#spec, withoutMetadata: true };
        job.spec = { ...job.spec, withoutMetadata: true };
        events.jobRepeated('encoding');
        return this.#repeat(job, outcome.hold(), [job.units.map(againOf)]);
    }
  }

  /** Makes smaller pushes of a job: one for each log that is held up, halves of the others, or of the only slice. */
  #cut(job: Job, entries: number, { hold }: Returned, reason: string, alone: ReadonlySet<string>): void {
    const [only] = job.units;
    if (job.units.length === 1 && only !== undefined) {
      const whole = reason === 'invalid_labels' || (only.result as SliceResult).lines <= 1;
      if (whole) return this.#refuse(job, entries, reason);
      this.#options.events.jobRepeated('cut');
      return this.#repeat(job, hold(), [[firstHalfOf(only)]]);
    }
    this.#options.events.jobRepeated('cut');
    const units = job.units.map(againOf);
    const apart = units.filter((unit) => alone.has(logOf(unit).path));
    const others = units.filter((unit) => !alone.has(logOf(unit).path));
    const half = apart.length > 0 ? others.length : Math.ceil(others.length / 2);
    const parts = [others.slice(0, half), others.slice(half), ...apart.map((unit) => [unit])];
    this.#repeat(
      job,
      hold(),
      parts.filter((part) => part.length > 0),
    );
  }

  #repeat(job: Job, held: HeldPlace, parts: Unit[][]): void {
    this.#drop(job);
    const place: Place = { held, seq: job.seq, pending: parts.length };
    for (const units of parts) this.#start(units, place, job.spec, job.only);
  }

  #refuse(job: Job, entries: number, reason: string): void {
    this.#options.events.entriesRefused({ reason, message: '', entries });
    this.#settle(job);
  }

  #settle(job: Job): void {
    this.#drop(job);
    const nowMs = this.#options.now();
    for (const unit of job.units) {
      const { flight } = unit;
      flight.openUnits -= 1;
      if (flight.openUnits > 0) continue;
      logOf(unit).settle(flight, nowMs);
      this.#options.onProgress(logOf(unit));
    }
  }
}

/** What it was to be read for is over. */
function isGiven({ flight: { generation, epoch } }: Unit): boolean {
  return epoch !== generation.epoch || generation.done;
}

/** Its file was truncated while it was read; it may go on in the copy that was made before. */
function isStale({ flight, reading }: Unit, { outcome, entries }: SliceResult): boolean {
  if (flight.generation !== reading) return true;
  return flight.epoch !== flight.generation.epoch && outcome === 'read' && entries > 0;
}

/** The time its entries span. */
function spread(units: readonly Unit[]): { oldestMs?: number; newestMs?: number } {
  let oldestMs = Number.POSITIVE_INFINITY;
  let newestMs = 0;
  for (const unit of units) {
    const result = unit.result as SliceResult;
    if (result.entries === 0) continue;
    oldestMs = Math.min(oldestMs, result.oldestMs);
    newestMs = Math.max(newestMs, result.newestMs);
  }
  return newestMs === 0 ? {} : { oldestMs, newestMs };
}

function shareOf({ tenant, streams }: PushShare): PushShare {
  return { tenant, streams };
}

function sizeOf({ pushes }: Job): number {
  return pushes.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}
