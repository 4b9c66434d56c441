import type { ContainerLog } from '../chain/container-log.js';
import type { SliceResult } from '../protocol.js';
import type { HeldPlace, Outcome, Parcel } from '../push/parcel.js';
import type { Sender } from '../push/sender.js';
import type { CollectorEvents } from '../telemetry/events.js';
import type { Held } from './held.js';
import { againOf, firstHalfOf, type Job, logOf, type Place, type Unit } from './job.js';

export interface DeliveryOptions {
  /** Takes finished pushes, and tells once what became of each. */
  sender: Pick<Sender, 'submit'>;
  events: CollectorEvents;
  held: Held;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Units are to be read once more, for a push in the place of that of the job. */
  onRepeat: (units: Unit[], place: Place, job: Job) => void;
  /** The endpoint takes no structured metadata. */
  onMetadataRefused: () => void;
  /** A slice was settled: its log may have more. */
  onProgress: (log: ContainerLog) => void;
}

/** A push that must be made anew. */
type Returned = Pick<Extract<Outcome, { hold: unknown }>, 'hold'>;

/** From the push of a job to settled positions. Cuts, repeats and re-encodes what Loki does not take as it is. */
export class Delivery {
  readonly #options: DeliveryOptions;
  /** Their pushes are with the sender, each with so many entries. */
  readonly #submitted = new Map<Job, number>();
  /** Places of pushes that are being made anew. */
  readonly #places = new Set<Place>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Entries that are neither stored nor refused yet. */
  get pendingEntries(): number {
    let sum = 0;
    for (const entries of this.#submitted.values()) sum += entries;
    for (const { entries } of this.#places) sum += entries;
    return sum;
  }

  /** Hands the push of a job over. One without entries is settled at once. */
  submit(job: Job): void {
    const [push] = job.pushes;
    const read = job.units.reduce((sum, unit) => sum + (unit.result as SliceResult).entries, 0);
    if (push === undefined || read === 0) return this.#settle(job);
    // Its place was recalled while it was made anew.
    if (job.place !== null && !this.#places.has(job.place)) return this.#options.held.drop(job);
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
    this.#submitted.set(job, entries);
    if (job.place === null) return this.#options.sender.submit(parcel);
    job.place.entries -= entries;
    job.place.held.submit(parcel);
  }

  /**
   * The sender has been stopped: what it still had is not waited for.
   *
   * @returns what its pushes were made of
   */
  recall(): Unit[] {
    const units: Unit[] = [];
    this.#options.events.entriesRecalled({ entries: this.pendingEntries });
    for (const job of this.#submitted.keys()) {
      this.#options.held.drop(job);
      units.push(...job.units);
      job.units = [];
    }
    this.#submitted.clear();
    this.#places.clear();
    return units;
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
        this.#options.onMetadataRefused();
        job.spec = { ...job.spec, withoutMetadata: true };
        events.jobRepeated('encoding');
        return this.#repeat(job, entries, outcome.hold(), [job.units.map(againOf)]);
    }
  }

  /** Makes smaller pushes of a job: one for each log that is held up, halves of the others, or of the only slice. */
  #cut(job: Job, entries: number, { hold }: Returned, reason: string, alone: ReadonlySet<string>): void {
    const [only] = job.units;
    if (job.units.length === 1 && only !== undefined) {
      const whole = reason === 'invalid_labels' || (only.result as SliceResult).lines <= 1;
      if (whole) return this.#refuse(job, entries, reason);
      this.#options.events.jobRepeated('cut');
      return this.#repeat(job, entries, hold(), [[firstHalfOf(only)]]);
    }
    this.#options.events.jobRepeated('cut');
    const units = job.units.map(againOf);
    const apart = units.filter((unit) => alone.has(logOf(unit).path));
    const others = units.filter((unit) => !alone.has(logOf(unit).path));
    const half = apart.length > 0 ? others.length : Math.ceil(others.length / 2);
    // Nothing becomes of a part without units.
    this.#repeat(job, entries, hold(), [others.slice(0, half), others.slice(half), ...apart.map((unit) => [unit])]);
  }

  #repeat(job: Job, entries: number, held: HeldPlace, parts: Unit[][]): void {
    this.#options.held.drop(job);
    const release = () => {
      held.release();
      this.#countMissed(place);
    };
    const place: Place = {
      held: { submit: (part) => held.submit(part), release },
      seq: job.seq,
      pending: parts.length,
      entries,
    };
    this.#places.add(place);
    for (const units of parts) this.#options.onRepeat(units, place, job);
  }

  /** Everything of the place was handed over anew, as far as it was there. */
  #countMissed(place: Place): void {
    if (!this.#places.delete(place) || place.entries === 0) return;
    this.#options.events.entriesMissed({ entries: place.entries });
  }

  #refuse(job: Job, entries: number, reason: string): void {
    this.#options.events.entriesRefused({ reason, message: '', entries });
    this.#settle(job);
  }

  #settle(job: Job): void {
    const { held, now, onProgress } = this.#options;
    held.drop(job);
    const nowMs = now();
    for (const unit of job.units) {
      const { flight } = unit;
      flight.openUnits -= 1;
      if (flight.openUnits > 0) continue;
      logOf(unit).settle(flight, nowMs);
      onProgress(logOf(unit));
    }
  }
}

/** The time that the entries of some units span. */
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
