import type { Generation } from '../chain/generation.js';
import type { CollectorEvents } from '../telemetry/events.js';
import type { Job, Unit } from './job.js';

export interface WaitingOptions {
  events: Pick<CollectorEvents, 'problemFound'>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** It is the turn of a unit: what it is to be read for is said again. */
  onTurn: (unit: Unit, purpose: Purpose) => void;
  /** A copy cannot be read on, however often it is tried. */
  onBroken: (generation: Generation) => void;
}

/** What a unit that waits is to be read for. */
export type Purpose = Pick<Job, 'place' | 'spec' | 'only'>;

/** The longest pause after failed reads of one file, in milliseconds. */
const MAX_READ_PAUSE_MS = 10_000;
/** What is damaged in a compressed file or a copy does not heal; newer generations wait behind it. */
const MAX_COPY_FAILURES = 5;

/** Units that cannot be read now: their file was not to be read, or there is no descriptor for it. */
export class Waiting {
  readonly #options: WaitingOptions;
  /** Units whose file could not be read; tried again when their generation's pause is over. */
  readonly #paused = new Map<Unit, Purpose>();
  /** Units that wait for a descriptor, in the order of their turns. */
  readonly #starved = new Map<Unit, Purpose>();

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** Whether units wait for a descriptor. */
  get starving(): boolean {
    return this.#starved.size > 0;
  }

  /** There is no descriptor for its file. */
  starve(unit: Unit, purpose: Purpose): void {
    setAside(unit, purpose, this.#starved);
  }

  /** Its file was open, and its bytes were not to be had. */
  failed(unit: Unit, purpose: Purpose, why: string): void {
    const { generation } = unit.flight;
    if (generation.hasGrown()) generation.badReads = 0;
    generation.badReads += 1;
    if (!generation.frozen || generation.badReads <= MAX_COPY_FAILURES) return this.pause(unit, purpose, why);
    this.#options.onBroken(generation);
    // It is over for the unit, which is told at its turn.
    setAside(unit, purpose, this.#paused);
  }

  /** A file that cannot be read now is tried again, with growing pauses; what is in the way is said once. */
  pause(unit: Unit, purpose: Purpose, why: string): void {
    const { generation } = unit.flight;
    generation.failures += 1;
    generation.blockedUntilMs =
      this.#options.now() + Math.min(MAX_READ_PAUSE_MS, 250 * 2 ** Math.min(generation.failures, 10));
    setAside(unit, purpose, this.#paused);
    if (generation.failures !== 3) return;
    this.#options.events.problemFound({
      code: 'LOG_UNREADABLE',
      message: `Cannot read ${generation.log.path}: ${why}`,
      advice: 'Check that the file is there and readable by this user; it is tried again until it is gone.',
    });
  }

  /** Gives all a turn whose pause is over, and those for which there was no descriptor. */
  resume(nowMs: number): void {
    for (const [unit, purpose] of this.#paused) {
      if (!isOver(unit) && unit.flight.generation.blockedUntilMs > nowMs) continue;
      this.#paused.delete(unit);
      this.#options.onTurn(unit, purpose);
    }
    this.feed();
  }

  /** Gives a turn to units that wait for a descriptor, until there is none again. */
  feed(): void {
    for (const [unit, purpose] of [...this.#starved]) {
      const before = this.#starved.size;
      this.#starved.delete(unit);
      this.#options.onTurn(unit, purpose);
      if (this.#starved.size === before) return;
    }
  }
}

/** What a unit was to be read for is over: its generation has begun anew, or was given up and a gap has its place. */
export function isOver({ flight: { generation, epoch } }: Unit): boolean {
  return epoch !== generation.epoch || generation.awaitsAnswers;
}

function setAside(unit: Unit, { place, spec, only }: Purpose, aside: Map<Unit, Purpose>): void {
  if (place !== null) place.pending += 1;
  aside.set(unit, { place, spec, only });
}
