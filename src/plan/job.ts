import type { ContainerLog } from '../chain/container-log.js';
import type { Flight, Generation } from '../chain/generation.js';
import type { PipelineDelta } from '../pipeline.js';
import type { Mark, PipelineSpec, PushShare, Slice, SliceResult, Source, TenantPush } from '../protocol.js';
import type { HeldPlace } from '../push/parcel.js';

/** What one job covers of one flight: all of it, or a piece when it had to be cut. */
export interface Unit {
  flight: Flight;
  from: number;
  to: number;
  aligned: boolean;
  before: Mark | null;
  carry: Uint8Array | null;
  /** Where the flight ends, once that is known; a unit that ends before it is followed by another. */
  end: number | null;
  /** The file it is read from; that of its flight, unless that was truncated meanwhile and goes on in its copy. */
  reading: Generation | null;
  /** What the worker found; null while it reads. */
  result: SliceResult | null;
  heldBytes: number;
}

/** The place of a push that is made anew, in one part or several. */
export interface Place {
  held: HeldPlace;
  /** Age of the push that had the place. */
  seq: number;
  /** Jobs that are to take it and have not been handed over yet. */
  pending: number;
  /** Entries of the push that had the place, without those that were handed over anew. */
  entries: number;
}

/** Units that become one push, or one for each tenant that their entries name; or more, of a limited number of streams. */
export interface Job {
  /** Order of planning: the age of a push. A repeat has the age of the place it takes. */
  seq: number;
  units: Unit[];
  /** Set in a repeat, which reads once more what was read before, only for the push: the place that push takes. */
  place: Place | null;
  /** What its lines go through, also when it must be made anew. */
  spec: PipelineSpec;
  /** Which entries its push has; null until its lines have been read: all. */
  only: PushShare | null;
  /** Its lines have been read. */
  read: boolean;
  pushes: TenantPush[];
  /** What the stages have counted and nobody was told yet. */
  delta: PipelineDelta | null;
  /** What it takes of the memory budget now, in bytes. */
  heldBytes: number;
}

/** One of the jobs that take a place is through; after the last, what is newer may follow. */
export function leavePlace(place: Place | null): void {
  if (place === null) return;
  place.pending -= 1;
  if (place.pending === 0) place.held.release();
}

export function logOf(unit: Unit): ContainerLog {
  return unit.flight.generation.log;
}

export function unitOf(flight: Flight): Unit {
  const { from, to, aligned, before, carry } = flight;
  return { flight, from, to, aligned, before, carry, end: null, reading: null, result: null, heldBytes: 0 };
}

/** The whole of what a unit covered, to be read once more exactly as it was. */
export function againOf(unit: Unit): Unit {
  const result = unit.result as SliceResult;
  const { first: from, next: to } = result;
  const before = unit.aligned ? unit.before : unit.flight.before;
  return { ...unit, from, to, aligned: true, before, end: unit.end ?? to, result: null, heldBytes: 0 };
}

/** The first half of a unit, by bytes; the rest follows when it is known where its last line ends. */
export function firstHalfOf(unit: Unit): Unit {
  const whole = againOf(unit);
  return { ...whole, to: whole.from + Math.ceil((whole.to - whole.from) / 2) };
}

/** What follows a piece that ended before its flight does; null if nothing does. */
export function nextPieceOf(unit: Unit): Unit | null {
  const result = unit.result as SliceResult;
  if (unit.end === null || result.next >= unit.end) return null;
  const { next: from, tail: before, carry } = result;
  const to = Math.min(unit.end, from + Math.max(1, unit.to - unit.from));
  return { ...unit, from, to, aligned: true, before, carry, reading: null, result: null, heldBytes: 0 };
}

export function sliceOf(unit: Unit, source: Source): Slice {
  const { flight } = unit;
  const last = unit.end === null || unit.to >= unit.end;
  return {
    path: flight.generation.log.path,
    targetLabels: flight.generation.log.targetLabels,
    source,
    from: unit.from,
    to: unit.to,
    aligned: unit.aligned,
    final: flight.final && last,
    format: flight.generation.format ?? flight.generation.log.format,
    before: unit.before,
    head: unit.from === 0 ? flight.generation.head : null,
    carry: unit.carry,
    flush: flight.flush && last,
    readTimeMs: flight.readTimeMs,
  };
}
