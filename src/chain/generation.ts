import { fstatSync } from 'node:fs';
import type { Cursor } from '../checkpoint/record.js';
import type { Format, Mark, SliceResult, Source } from '../protocol.js';
import type { ContainerLog } from './container-log.js';
import { type Copy, pairInOrder } from './copies.js';
import type { Descriptors, Opening } from './descriptors.js';
import { plainSizeOf } from './gzip-size.js';
import { sightPath } from './identity.js';

/** A point in a generation between two lines, and what is needed to go on from it. */
export interface Point {
  offset: number;
  /** Mark of the bytes before `offset`; null at 0, or where reading begins at an unchecked place. */
  tail: Mark | null;
  carry: Uint8Array | null;
}

/** What a generation was before it was truncated: for the copy that was made of it, if there is one. */
export interface Former {
  settled: Point;
  /** Read, but not settled. */
  flights: Flight[];
  read: Point;
  head: Mark | null;
  format: Format | null;
  size: number;
  /** What was read was read before it was truncated; if not, that may be of what it was next. */
  sure: boolean;
  /** The copy, once it is found. */
  copy: Generation | null;
}

/** A range of a generation that has been handed out and is not yet settled. */
export interface Flight {
  generation: Generation;
  /** Differs from the generation's once that was truncated: what is still under way for the old bytes no longer moves it. */
  epoch: number;
  from: number;
  to: number;
  aligned: boolean;
  before: Mark | null;
  carry: Uint8Array | null;
  flush: boolean;
  final: boolean;
  /** Size of the generation when this was handed out; a line that begins before `to` is looked for up to there at least. */
  sizeThen: number;
  readTimeMs: number;
  /** The older generation whose carry this flight took over, so that it is let go when this flight is settled. */
  carriedFrom: Generation | null;
  /** What the worker found; null while it reads. */
  result: SliceResult | null;
  /** The result is known to follow from that of the preceding flight. */
  resolved: boolean;
  /** So many of its bytes were to be read again for its push when they were gone. */
  goneBytes: number;
  /** Jobs that still have to be settled before this flight is; none, once it was handed back to be read again. */
  openUnits: number;
}

/** The name of a `.gz` and the file behind it. */
export interface GzipFile {
  path: string;
  dev: string;
  ino: string;
  /** See `Sighting`. */
  birthMs: number;
}

/** To be read instead of a file that is gone. */
const NOTHING = '/dev/null';

/** One file of a chain: what is open of it, and how far it is planned, read and settled. */
export class Generation {
  readonly log: ContainerLog;
  readonly dev: string;
  readonly ino: string;
  /** See `Sighting`. */
  readonly birthMs: number;
  /** Device and inode are those of the compressed file: the plain one was never seen. */
  readonly cameGzipped: boolean;
  /** Its name on disk; null once it has none. */
  path: string | null;
  suffix: string;
  /**
   * Where it belongs once it has no name: behind all rotated ones that a listing has shown together with it. Null where
   * their names do not tell.
   */
  place: string | null = null;
  /** Its gzipped twin. */
  gzip: GzipFile | null;
  /** Its copy in the spool, and the plain bytes [start, end) that copy holds. */
  spool: { path: string; start: number; end: number; fileBytes: number } | null = null;
  /** Of a copy: the newest time in the name of a file that came before it; empty if there was none. */
  after = '';
  /** A copy is being made. */
  spooling = false;
  fd: number | null = null;
  /** It has been open, be it closed again for want of descriptors. */
  wasOpen = false;
  /** The open file is the gzipped one. */
  packed = false;
  /** Size of the open file when it was opened. */
  openedBytes = 0;
  /** Jobs that read through `fd` just now. */
  readers = 0;

  /** Plain bytes; Infinity where only reading to the end will tell (gzip). */
  size: number;
  /** Plain bytes as far as the trailer of the gzipped file tells; 0 if it was never open. */
  saidBytes = 0;
  head: Mark | null = null;
  format: Format | null = null;
  /** End of what is handed out. */
  planned = 0;
  /** End of what workers have read, in unbroken order. */
  read: Point = { offset: 0, tail: null, carry: null };
  /** End of what is settled, in unbroken order: this is the position. */
  settled: Point = { offset: 0, tail: null, carry: null };
  /** False only where reading begins in the middle of a line (`SLEIPNIR_START=end`). */
  aligned = true;
  flights: Flight[] = [];
  epoch = 0;
  /**
   * Stands for a file that is gone: what was open in it is sent as it is, and nothing is joined over it, for nobody knows
   * what else it held. Or for what of the file is on its way to Loki: its size tells how much.
   */
  gap = false;
  /** The size at which the bytes after `read` were found to hold no complete line. */
  unfinishedAt = -1;
  /** What it was before it was truncated, for copies that are not identified yet. */
  formers: Former[] = [];
  /** Copies that may be of it: of which of the things it was is not known. */
  copies: Copy[] = [];
  /** The file that it was copied from before that was truncated. */
  was: { dev: string; ino: string } | null = null;
  /** The generation it is a copy of. Unidentified, and not read unless that is truncated. */
  copyOf: Generation | null = null;
  /**
   * Listings that are to show it once more: the first may have missed another just before it, which was renamed meanwhile.
   */
  freshFor = 0;
  /** Not read until it is known not to be another name of a generation that is known already. */
  unidentified = false;
  /** Settled to its end, and nothing more is expected. */
  done = false;
  /** When it was first seen, milliseconds since the epoch. */
  readonly seenAtMs: number;
  /** When bytes were last seen to be added, milliseconds since the epoch. */
  grownAtMs: number;
  /** When it ceased to be the current one or lost its name; null while it is current. */
  endedAtMs: number | null = null;
  /** Looks in a row that did not find it under any name it had, or another; 0 if it never had one. */
  missedLooks = 0;
  /** After a failed read: not to be tried again before. */
  blockedUntilMs = 0;
  failures = 0;
  /** Those of them where it was open, and its bytes were not to be had. */
  badReads = 0;
  /** When something was last read or settled; for the watchdog. */
  progressAtMs: number;
  /** The newest entry that is settled, or when the file was first seen; milliseconds since the epoch. */
  settledTimeMs: number;

  constructor(
    log: ContainerLog,
    file: { path: string; suffix: string; gzip: boolean; dev: string; ino: string; size: number; birthMs?: number },
    nowMs: number,
  ) {
    this.log = log;
    this.dev = file.dev;
    this.ino = file.ino;
    this.cameGzipped = file.gzip;
    this.path = file.gzip ? null : file.path;
    this.birthMs = file.birthMs ?? 0;
    this.gzip = file.gzip ? { path: file.path, dev: file.dev, ino: file.ino, birthMs: this.birthMs } : null;
    this.suffix = file.suffix;
    this.size = file.gzip ? Number.POSITIVE_INFINITY : file.size;
    this.seenAtMs = nowMs;
    this.grownAtMs = nowMs;
    this.progressAtMs = nowMs;
    this.settledTimeMs = nowMs;
  }

  /** To be asked what it is. */
  get unknown(): boolean {
    return this.unidentified && this.copyOf === null;
  }

  /** Nobody will append to it any more: it is compressed or a copy. */
  get frozen(): boolean {
    if (this.gap) return true;
    if (this.fd !== null) return this.packed;
    return this.path === null && (this.gzip !== null || this.spool !== null);
  }

  /** Whether its bytes would be gone if this process died now. */
  get onlyOpen(): boolean {
    return this.deleted && this.spool === null && this.fd !== null;
  }

  /** Without any name on disk: only the open file or a copy of ours keeps its bytes. */
  get deleted(): boolean {
    return this.path === null && this.gzip === null;
  }

  /** Whether it stands for what is on its way of a file that is gone: it holds nothing that could be read. */
  get awaitsAnswers(): boolean {
    return this.gap && this.size > 0;
  }

  /** Whether the file that is open, or would be opened, has a name. */
  get fileNamed(): boolean {
    return (this.packed && this.fd !== null ? this.gzip : this.path) !== null;
  }

  /** Plain bytes as far as they are known, be it only from a trailer. */
  get knownBytes(): number {
    return Number.isFinite(this.size) ? this.size : Math.max(this.saidBytes, this.read.offset);
  }

  /** Up to where to plan; of a gzipped one a byte more than it should have, so that its end is met. */
  get plannedEnd(): number {
    const { size, saidBytes, planned } = this;
    return Number.isFinite(size) || saidBytes === 0 || saidBytes < planned ? size : saidBytes + 1;
  }

  /** Bytes not yet handed out that may hold a complete line; Infinity if only reading tells. */
  get unplannedBytes(): number {
    if (this.done || this.copyOf !== null || this.size === this.unfinishedAt) return 0;
    return Math.max(0, this.size - this.planned);
  }

  /** Bytes not yet settled, as far as they are known. */
  get unsettledBytes(): number {
    return this.done || this.copyOf !== null ? 0 : Math.max(0, this.knownBytes - this.settled.offset);
  }

  /** What it keeps of the disk while it is open. */
  get heldBytes(): number {
    if (this.fd === null) return 0;
    return this.packed ? this.openedBytes : this.size;
  }

  mayClose(): boolean {
    return this.readers === 0 && (this.fileNamed || this.gap);
  }

  /**
   * Opens its plain file, or its gzipped one if there is no other way to its bytes.
   *
   * @throws what `Descriptors.open` throws
   */
  open(descriptors: Descriptors): Opening {
    if (this.fd !== null) return 'open';
    if (this.gap) return descriptors.open(this, NOTHING, this.dev, this.ino);
    this.packed = this.path === null;
    const file = this.path === null ? this.gzip : { path: this.path, dev: this.dev, ino: this.ino };
    if (file === null || (this.packed && this.spool !== null)) return 'gone';
    const opening = descriptors.open(this, file.path, file.dev, file.ino);
    this.wasOpen ||= opening === 'open';
    return opening;
  }

  /** A shorter file is another one that was given the same inode; nothing was read of the first, so nothing of it counts. */
  opened(size: number): void {
    this.openedBytes = size;
    if (this.packed) this.saidBytes = plainSizeOf(this.fd as number, size);
    else if (this.head === null && this.settled.offset === 0) this.size = Math.min(this.size, size);
  }

  /** Whether the compressed file that is open has become longer since it was last asked: whoever makes it is not ready. */
  hasGrown(): boolean {
    if (this.fd === null || !this.packed) return false;
    const { size } = fstatSync(this.fd);
    if (size <= this.openedBytes) return false;
    this.opened(size);
    return true;
  }

  /**
   * Where a worker finds the bytes at `offset`; null if there is no way to them now. The open file comes first: it is
   * the quickest, and needs no name.
   */
  source(offset: number): Source | null {
    if (this.fd !== null) return { kind: this.packed ? 'gzip' : 'plain', fd: this.fd };
    if (this.spool !== null && offset >= this.spool.start) return { kind: 'spool', path: this.spool.path };
    return null;
  }

  /**
   * The file was rewritten in place: everything known of its bytes is void.
   *
   * @param changed the bytes before the position are not those that were read; if not, they may have been read afterwards
   */
  restart(size: number, changed = false): void {
    this.epoch += 1;
    const { settled, head, format } = this;
    const flights = this.flights.filter(({ resolved }) => resolved);
    // What was open before its first line is that of an older one again.
    const isLent = this.read.offset === 0 && this.flights.some(({ carriedFrom }) => carriedFrom !== null);
    const read = isLent ? { ...this.read, carry: null } : this.read;
    // Grown again beyond what was read, it does not tell how long it had been before.
    const formerSize = size < this.size ? this.size : read.offset;
    const sure = changed || size < read.offset || read.offset === 0;
    this.formers.push({ settled, flights, read, head, format, size: formerSize, sure, copy: null });
    for (const copy of this.log.generations) if (copy.copyOf === this) copy.copyOf = null;
    this.#handBack();
    this.flights = [];
    this.size = size;
    this.head = null;
    this.format = null;
    this.planned = 0;
    this.read = { offset: 0, tail: null, carry: null };
    this.settled = { offset: 0, tail: null, carry: null };
    this.aligned = true;
    this.unfinishedAt = -1;
    this.done = false;
  }

  /**
   * How many bytes of what it was before it was truncated were not read, and are in no copy. To be asked once, when no new
   * file of the log may be a copy any more.
   */
  takeUnread(): number {
    if (this.formers.length === 0) return 0;
    const { lostBytes, left } = pairInOrder(this.formers, this.copies);
    this.#goOn(this.formers.findLast(({ copy, sure, read }) => copy === null && sure && read.carry !== null));
    this.formers = [];
    // It may have been truncated, and that not be seen yet; or a copy have been seen before that.
    this.copies = left.filter(({ epoch }) => epoch >= this.epoch - 1);
    return lostBytes;
  }

  /** What was open when it was truncated goes on in what it is now, as it does after a rotation. */
  #goOn(former: Former | undefined): void {
    if (former === undefined || former.flights.some(({ carriedFrom }) => carriedFrom !== null)) return;
    if (this.planned > 0 || this.read.carry !== null) return;
    this.read = { ...this.read, carry: former.read.carry };
    this.settled = this.read;
    this.log.moved = true;
  }

  /** What was handed out and is not settled is to be read again. */
  rewind(): void {
    if (this.flights.length === 0) return;
    this.#handBack();
    for (const flight of this.flights) flight.openUnits = 0;
    this.epoch += 1;
    this.flights = [];
    this.planned = this.settled.offset;
    this.read = this.settled;
    this.unfinishedAt = -1;
  }

  /** What an older generation has left open for one of its flights is its own again. */
  #handBack(): void {
    for (const { carriedFrom, carry } of this.flights) {
      if (carriedFrom !== null) carriedFrom.read = { ...carriedFrom.read, carry };
    }
  }

  /** It is the copy of one that was truncated: what is still under way for that goes on in this one. */
  adopt(former: Former): void {
    former.copy = this;
    const { flights, settled, read, head, format } = former;
    const ends = flights.findIndex(({ goneBytes, carriedFrom }) => goneBytes > 0 || carriedFrom !== null);
    this.flights = ends === -1 ? flights : flights.slice(0, ends);
    const last = this.flights.at(-1)?.result;
    const from = last == null ? settled : { offset: last.next, tail: last.tail, carry: last.carry };
    this.startAt(ends === -1 ? read : from, head, format);
    this.settled = settled;
    for (const flight of this.flights) {
      flight.generation = this;
      flight.epoch = this.epoch;
    }
  }

  /** It stands for one that is gone: what is still under way of that goes on in this one, so that it is known what fails. */
  adoptRest({ flights, settled, read }: Former): void {
    this.startAt({ ...read, carry: null }, null, this.format);
    this.settled = { ...settled, carry: null };
    this.size = read.offset;
    this.flights = flights;
    for (const flight of flights) {
      flight.generation = this;
      flight.epoch = this.epoch;
      // What was open is kept elsewhere.
      flight.carriedFrom = null;
      flight.result = { ...(flight.result as SliceResult), carry: null };
    }
  }

  /** What is under way will not be answered: how much that is, in bytes and lines as far as they are known. */
  giveUpFlights(): { bytes: number; lines: number } {
    let [bytes, lines] = [0, 0];
    for (const flight of this.flights) {
      const { openUnits, result, goneBytes } = flight;
      flight.openUnits = 0;
      if (openUnits === 0 || result === null) continue;
      bytes += result.next - result.first - goneBytes;
      if (goneBytes === 0) lines += result.lines;
    }
    this.epoch += 1;
    this.flights = [];
    this.settled = this.read;
    return { bytes, lines };
  }

  /**
   * Another one has proved to be the same under another name: its names and whatever leads to its bytes are this one's now.
   *
   * @param renamed it is the very file, so it tells whether that still has a name
   */
  takeOver(other: Generation, renamed: boolean, descriptors: Descriptors): void {
    const { path, gzip, suffix, spool } = other;
    if (path !== null || gzip !== null) this.suffix = suffix;
    this.gzip = gzip ?? this.gzip;
    if (renamed) this.path = path;
    // Its file may have no name by now.
    if (this.fd === null && other.fd !== null) {
      descriptors.pass(other, this);
      this.packed = other.packed;
      this.openedBytes = other.openedBytes;
      this.saidBytes = other.saidBytes;
      this.wasOpen = true;
    }
    // Its own, which is being made, would take the place of this one, and nobody would delete that.
    if (this.spool === null && !this.spooling) {
      this.spool = spool;
      other.spool = null;
    }
  }

  /** Begins at a stored or chosen position. */
  startAt(point: Point, head: Mark | null, format: Format | null, aligned = true): void {
    this.planned = point.offset;
    this.read = point;
    this.settled = point;
    this.head = head;
    this.format = format;
    this.aligned = aligned;
    this.unidentified = false;
  }
}

/** Stands for one that is gone, of which this was open. */
export function gapIn(
  log: ContainerLog,
  { carry, format }: Pick<Cursor, 'carry' | 'format'>,
  nowMs: number,
): Generation {
  const { dev, ino } = sightPath(NOTHING) ?? { dev: '0', ino: '0' };
  const gap = new Generation(log, { path: '', suffix: '', gzip: false, dev, ino, size: 0 }, nowMs);
  gap.gap = true;
  gap.path = null;
  gap.endedAtMs = nowMs;
  gap.startAt({ offset: 0, tail: null, carry }, null, format);
  return gap;
}
