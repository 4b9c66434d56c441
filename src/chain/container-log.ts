import { basename, dirname } from 'node:path';
import type { Cursor, PositionRecord } from '../checkpoint/record.js';
import { type PodPath, readPodPath } from '../discover/pod-path.js';
import type { TargetLabels } from '../pipeline.js';
import type { Format, SliceResult } from '../protocol.js';
import type { Flight, Generation } from './generation.js';
import { isTime } from './name.js';

/** What a chain takes from the settings. */
export interface ChainSettings {
  /** What files hold; `auto` lets each decide. */
  format: Format | 'auto';
  batchBytes: number;
  /** How long an ended generation is still looked at for late writes. */
  graceMs: number;
  /** How long an open partial line waits for its end. */
  carryFlushMs: number;
  /** Slices of one generation that may be read at the same time. */
  sideBySide: number;
}

/** What a range of a generation holds besides its place in the queue. */
type FlightShape = Pick<Flight, 'from' | 'to' | 'aligned'> & Partial<Pick<Flight, 'flush' | 'final' | 'carriedFrom'>>;

/**
 * Everything one container wrote: its generations, oldest first. A chain only grows at its end and is only deleted at
 * its beginning, so the order in which generations were first seen is their order.
 */
export class ContainerLog {
  /** Path of the current generation; the key of the chain. */
  readonly path: string;
  readonly folder: string;
  /** The folder where its files are rotated, if its path is a link to one elsewhere. */
  home: string | null = null;
  readonly pod: PodPath;
  /** What the target brings, where an Alloy configuration chose the file. */
  targetLabels: TargetLabels;
  generations: Generation[] = [];
  /** Waiting in the planner for its turn. */
  due = false;
  /** Its position has moved since it was last put into the journal. */
  moved = false;
  /** Bytes of its files as the journal has them. */
  #recordedBytes = 0;
  /** Bytes of finished pushes that hold lines of this log. */
  heldBytes = 0;
  /**
   * While all is read and settled: the one generation that may still grow. Then it is all there is to do with this log in
   * a tick to see that this one still ends where it did.
   */
  resting: Generation | null = null;
  /** Milliseconds since the epoch; until then it is not asked whether it may sleep. */
  awakeUntilMs = 0;
  /** The newest time in the name of a generation that is done, as in its name; null if there was none. */
  doneThrough: string | null = null;
  /** Modification time of its names at the last look (`namesChangedMs`), to see new ones without reading a folder. */
  folderTimeMs = 0;
  #settings: ChainSettings;

  constructor(path: string, settings: ChainSettings, targetLabels: TargetLabels = []) {
    this.path = path;
    this.targetLabels = targetLabels;
    this.folder = dirname(path);
    this.pod = readPodPath(path);
    this.#settings = settings;
  }

  /** What its files hold, as far as that is set. */
  get format(): Format | 'auto' {
    return this.#settings.format;
  }

  /** Goes on under other settings. */
  change(settings: ChainSettings, targetLabels: TargetLabels): void {
    this.#settings = settings;
    this.targetLabels = targetLabels;
  }

  /** Bytes were added since it was last put into the journal: should they vanish while nobody looks, they can be counted. */
  get grown(): boolean {
    return this.#knownBytes > this.#recordedBytes;
  }

  get #knownBytes(): number {
    return this.generations.reduce((sum, { knownBytes }) => sum + knownBytes, 0);
  }

  get unsettledBytes(): number {
    let sum = 0;
    for (const generation of this.generations) sum += generation.unsettledBytes;
    return sum;
  }

  /** Generations that came after the one being read: how near that one is to being deleted. */
  get generationsBehind(): number {
    const reading = this.generations.findIndex((generation) => !generation.done);
    return reading === -1 ? 0 : this.generations.length - 1 - reading;
  }

  /** Whether there may be something to hand out, now that no more lines are waited for. */
  wantsTurn(nowMs: number): boolean {
    return this.generations.some(
      (generation) =>
        !generation.done &&
        (generation.unplannedBytes > 0 ||
          ((generation.read.carry !== null || generation.size > generation.read.offset) &&
            (this.#over(generation, nowMs) || nowMs - generation.grownAtMs >= this.#settings.carryFlushMs))),
    );
  }

  /** Notes whether there is nothing left to do. To be called at the end of a tick. */
  rest(): void {
    let resting: Generation | null = null;
    for (const generation of this.generations) {
      if (generation.done) continue;
      if (resting !== null || !isQuiet(generation)) return;
      resting = generation;
    }
    this.resting = resting;
  }

  /** Whether a whole batch is waiting, or more of a generation that nobody adds to: no reason to wait for company. */
  get behind(): boolean {
    for (const generation of this.generations) {
      if (generation.unplannedBytes >= this.#settings.batchBytes) return true;
      if (generation.unplannedBytes > 0 && generation.endedAtMs !== null) return true;
    }
    return false;
  }

  /** Nothing will be added: it is a copy, or it ended and the time for late writes is over. */
  #over(generation: Generation, nowMs: number): boolean {
    if (generation.frozen) return true;
    if (generation.endedAtMs === null) return false;
    return nowMs - Math.max(generation.endedAtMs, generation.grownAtMs) >= this.#settings.graceMs;
  }

  /**
   * Takes the next range of at most `roomBytes` out of the chain, oldest generation first; null if there is nothing to
   * read now. With `alone` the range may run ahead of one that is still being read, supposing that nothing is carried
   * into it; it then has a job of its own.
   */
  nextFlight(roomBytes: number, alone: boolean, nowMs: number): Flight | null {
    /** Whether something is open where the next one begins. */
    let open = false;
    for (let index = 0; index < this.generations.length; index += 1) {
      const generation = this.generations[index] as Generation;
      if (generation.done || generation.copyOf !== null) continue;
      if (generation.unidentified || generation.blockedUntilMs > nowMs) return null;
      const reading = generation.flights.some((flight) => !flight.resolved);
      if (generation.unplannedBytes > 0) {
        if (reading) return alone ? this.#runAhead(generation, nowMs) : null;
        return this.#take(generation, index, Math.min(generation.planned + roomBytes, generation.plannedEnd), nowMs);
      }
      if (reading) return null;
      const rest = Number.isFinite(generation.size) && generation.size > generation.read.offset;
      const waited = nowMs - generation.grownAtMs >= this.#settings.carryFlushMs;
      const own = generation.read.carry !== null;
      open = own || (open && isEmpty(generation));
      if (!this.#over(generation, nowMs)) {
        if (own && waited) return this.#flush(generation, nowMs);
        if (open || rest) return null;
        continue;
      }
      if (rest) return this.#finish(generation, nowMs);
      if (!own) continue;
      const next = this.generations.find((later, at) => at > index && !later.done && !this.#passed(later, nowMs));
      const handedOn = next !== undefined && next.planned === 0 && !generation.gap && !next.gap;
      if (!handedOn || (waited && next.unplannedBytes === 0)) return this.#flush(generation, nowMs);
    }
    return null;
  }

  /** There was nothing in it, and nothing comes: what is open before it goes on behind it. */
  #passed(generation: Generation, nowMs: number): boolean {
    return isEmpty(generation) && this.#over(generation, nowMs);
  }

  #take(generation: Generation, index: number, to: number, nowMs: number): Flight | null {
    const before = this.generations.findLast((earlier, at) => at < index && !earlier.done && !isEmpty(earlier));
    let carriedFrom: Generation | null = null;
    const { offset, carry } = generation.read;
    const goesOn = before?.read.carry != null && offset === 0;
    // The one that it goes on in may not be known yet.
    if (goesOn && generation.freshFor > 0) return null;
    // Open before it was truncated, and a copy has left something open since then.
    if (carry !== null && goesOn) return this.#flush(generation, nowMs);
    if (goesOn) {
      carriedFrom = before;
      generation.read = { ...generation.read, carry: before.read.carry };
      before.read = { ...before.read, carry: null };
    }
    const aligned = generation.aligned;
    generation.aligned = true;
    return this.#launch(generation, { from: generation.planned, to, aligned, carriedFrom }, nowMs);
  }

  #runAhead(generation: Generation, nowMs: number): Flight | null {
    const { batchBytes, sideBySide } = this.#settings;
    const { flights } = generation;
    if (generation.fd === null || generation.packed) return null;
    if (generation.format === null || generation.read.carry !== null) return null;
    if (generation.unplannedBytes < batchBytes) return null;
    if (flights.reduce((count, flight) => count + (flight.resolved ? 0 : 1), 0) >= sideBySide) return null;
    const from = generation.planned;
    return this.#launch(generation, { from, to: from + batchBytes, aligned: false }, nowMs);
  }

  #finish(generation: Generation, nowMs: number): Flight {
    const from = generation.read.offset;
    return this.#launch(generation, { from, to: generation.size, aligned: true, final: true }, nowMs);
  }

  #flush(generation: Generation, nowMs: number): Flight {
    const at = generation.read.offset;
    return this.#launch(generation, { from: at, to: at, aligned: true, flush: true }, nowMs);
  }

  #launch(generation: Generation, shape: FlightShape, nowMs: number): Flight {
    const { aligned } = shape;
    const flight: Flight = {
      flush: false,
      carriedFrom: null,
      ...shape,
      final: shape.final ?? generation.frozen,
      generation,
      epoch: generation.epoch,
      before: aligned ? generation.read.tail : null,
      carry: aligned ? generation.read.carry : null,
      sizeThen: generation.size,
      readTimeMs: nowMs,
      result: null,
      resolved: false,
      goneBytes: 0,
      openUnits: 1,
    };
    generation.flights.push(flight);
    generation.planned = Math.max(generation.planned, flight.to);
    return flight;
  }

  /**
   * Follows the results of a generation in order as far as they are in. Returns the flights that became resolved, and
   * those whose supposition proved wrong: they have been set to begin where their predecessor ended, and must be read
   * again. A flight that turned out to hold no line start is resolved with a result without lines. `missingBytes` were
   * expected in a copy that has ended before its end.
   */
  resolve(generation: Generation, nowMs: number): { resolved: Flight[]; again: Flight[]; missingBytes: number } {
    let missingBytes = 0;
    const resolved: Flight[] = [];
    for (const flight of generation.flights) {
      if (flight.resolved) continue;
      if (flight.result === null) break;
      if (!flight.aligned && generation.read.offset >= flight.to) flight.result = nothingRead(flight, generation);
      else if (!flight.aligned && !follows(flight.result, generation, flight)) {
        this.#realign(flight);
        return { resolved, again: [flight], missingBytes };
      }
      if (!flight.aligned) flight.before = generation.read.tail;
      missingBytes += this.#accept(generation, flight, flight.result);
      generation.progressAtMs = nowMs;
      resolved.push(flight);
    }
    return { resolved, again: [], missingBytes };
  }

  #realign(flight: Flight): void {
    const { read } = flight.generation;
    flight.aligned = true;
    flight.from = read.offset;
    flight.before = read.tail;
    flight.carry = read.carry;
    flight.result = null;
  }

  #accept(generation: Generation, flight: Flight, result: SliceResult): number {
    flight.resolved = true;
    if (flight.carriedFrom !== null && result.next === 0) {
      // No whole line to carry it on: without a byte read, this position could not be told from others.
      flight.carriedFrom.read = { ...flight.carriedFrom.read, carry: flight.carry };
      flight.carriedFrom = null;
      result.carry = null;
    }
    const stood = result.next === generation.read.offset;
    const tail = stood ? (generation.read.tail ?? result.tail) : result.tail;
    generation.read = { offset: result.next, tail, carry: result.carry };
    generation.head = result.head ?? generation.head;
    generation.format = result.format ?? generation.format;
    generation.failures = 0;
    generation.badReads = 0;
    if (generation.flights.at(-1) !== flight) return 0;
    generation.planned = result.next;
    if (result.next >= flight.to || result.full) return 0;
    if (!generation.frozen || !flight.final) {
      generation.unfinishedAt = flight.sizeThen;
      return 0;
    }
    // The end of a gzipped generation is known now; a copy that ends before its end is damaged.
    const missingBytes = Number.isFinite(generation.size) ? generation.size - result.next : 0;
    generation.size = result.next;
    return missingBytes;
  }

  /** Everything of a flight is settled: the position moves to the end of the unbroken run. */
  settle(flight: Flight, nowMs: number): void {
    const { generation } = flight;
    flight.openUnits = 0;
    if (flight.epoch !== generation.epoch) return;
    this.#advance(generation, nowMs);
    for (const later of this.generations) {
      if (later.flights[0]?.carriedFrom === generation) this.#advance(later, nowMs);
    }
  }

  #advance(generation: Generation, nowMs: number): void {
    for (;;) {
      const first = generation.flights[0];
      if (first === undefined || !first.resolved || first.openUnits > 0) break;
      const { carriedFrom } = first;
      if (carriedFrom !== null) {
        // Behind what it carries on: else that would be read again without this, and be taken for an entry of its own.
        if (carriedFrom.flights.length > 0) break;
        carriedFrom.settled = { ...carriedFrom.settled, carry: null };
      }
      const result = first.result as SliceResult;
      generation.flights.shift();
      generation.settled = { offset: result.next, tail: result.tail, carry: result.carry };
      generation.progressAtMs = nowMs;
      if (result.newestMs > 0) generation.settledTimeMs = result.newestMs;
      this.moved = true;
    }
  }

  /**
   * Generations that are settled to their end and get no more late writes become done, and so do copies of them that have
   * no name. Returns them.
   */
  finish(nowMs: number): Generation[] {
    // One whose carry came from a generation that began anew is not told of it.
    for (const generation of this.generations) this.#advance(generation, nowMs);
    // One without a name is still needed to tell new files from it.
    const asked = this.generations.some(({ unknown }) => unknown);
    const oldest = this.generations.find(({ done }) => !done);
    const finished = this.generations.filter(
      (generation) =>
        !generation.done &&
        !generation.unidentified &&
        !(asked && generation.deleted) &&
        !(generation.gap && generation !== oldest) &&
        generation.flights.length === 0 &&
        generation.settled.offset === generation.size &&
        generation.settled.carry === null &&
        this.#over(generation, nowMs),
    );
    for (const generation of finished) generation.done = true;
    if (finished.length > 0) this.moved = true;
    const spare = this.generations.filter(({ done, deleted, copyOf }) => !done && deleted && copyOf?.done === true);
    for (const copy of spare) copy.done = true;
    return [...finished, ...spare];
  }

  /**
   * Forgets generations that are done and have no file, once all new files have been told from them. A listing that
   * crosses a rotation may miss a file under any name, so one that was missed but once is kept.
   */
  dropSpent(): void {
    const isSpent = ({ done, deleted, missedLooks }: Generation) => done && deleted && missedLooks !== 1;
    if (!this.generations.some(isSpent) || this.generations.some(({ unknown }) => unknown)) return;
    this.generations = this.generations.filter((generation) => !isSpent(generation));
  }

  /**
   * The position, as the journal stores it: a cursor for the oldest generation that is not done and for all that came
   * after it, and for what a truncated one was, while the copy of that may be there. An unread file can be told by nothing
   * but its inode, which may be used again, so the newest done generation that has a fingerprint comes first, to tell where
   * "done" ends.
   */
  record(): PositionRecord {
    this.#recordedBytes = this.#knownBytes;
    const generations = this.generations.filter(({ copyOf }) => copyOf === null);
    const unfinished = generations.findIndex((generation) => !generation.done);
    const first = unfinished === -1 ? generations.length : unfinished;
    for (const { suffix } of generations.slice(0, first)) {
      if (isTime(suffix) && suffix > (this.doneThrough ?? '')) this.doneThrough = suffix;
    }
    const lastDone = generations.findLastIndex((generation, index) => index < first && generation.head !== null);
    const cursors = generations.filter((_, index) => index === lastDone || index >= first);
    return {
      log: this.path,
      cursors: cursors.flatMap((generation) => [...formersOf(generation), cursorOf(generation)]),
      doneThrough: this.doneThrough,
    };
  }
}

/** Whether what is open before it goes on behind it: nothing was read of it, and there is nothing to be read. */
function isEmpty({ size, read, gap, copyOf }: Generation): boolean {
  return copyOf !== null || (size === 0 && read.carry === null && !gap);
}

function isQuiet(generation: Generation): boolean {
  const { fd, endedAtMs, flights, settled, size, unidentified } = generation;
  return (
    fd !== null &&
    endedAtMs === null &&
    !unidentified &&
    flights.length === 0 &&
    settled.offset === size &&
    settled.carry === null
  );
}

/** An unread copy of one is begun at 0 anyway. */
function formersOf(generation: Generation): Cursor[] {
  const { dev, ino, name } = cursorOf(generation);
  return generation.formers.flatMap(({ copy, settled, head, format, size }) => {
    if (copy !== null || (head === null && settled.carry === null)) return [];
    return [{ dev, ino, name, head, ...settled, size: head === null ? 0 : Math.max(size, settled.offset), format }];
  });
}

function cursorOf(generation: Generation): Cursor {
  if (generation.gap) return cursorOfGap(generation);
  const path = generation.path ?? generation.gzip?.path ?? null;
  return {
    dev: generation.dev,
    ino: generation.ino,
    name: path === null ? '' : basename(path),
    head: generation.head,
    tail: generation.settled.tail,
    offset: generation.settled.offset,
    // Of what may be another name of a generation that is known only the place in the chain counts.
    size: generation.unidentified ? 0 : Math.max(generation.knownBytes, generation.settled.offset),
    format: generation.format,
    carry: generation.settled.carry,
  };
}

/** It begins at 0 wherever it is: what there is to it is how much may still be lost, and what is open. */
function cursorOfGap({ dev, ino, unsettledBytes: size, format, settled: { carry } }: Generation): Cursor {
  return { dev, ino, name: '', head: null, tail: null, offset: 0, size, format, carry, gap: true };
}

function follows({ first, before }: SliceResult, { read }: Generation, flight: Flight): boolean {
  if (first !== read.offset || read.carry !== null || read.offset < flight.from) return false;
  return before === null || read.tail === null || (before.bytes === read.tail.bytes && before.hash === read.tail.hash);
}

function nothingRead(flight: Flight, generation: Generation): SliceResult {
  const { read } = generation;
  return {
    ...(flight.result as SliceResult),
    first: read.offset,
    next: read.offset,
    full: false,
    lines: 0,
    entries: 0,
    head: null,
    tail: read.tail,
    carry: read.carry,
  };
}
