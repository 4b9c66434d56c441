import { fstatSync } from 'node:fs';
import type { CountResult } from '../protocol.js';
import type { Loss } from '../telemetry/events.js';
import type { ContainerLog } from './container-log.js';
import type { Descriptors } from './descriptors.js';
import { type Former, type Generation, gapIn } from './generation.js';
import type { Spool } from './spool.js';

export interface LossesOptions {
  descriptors: Pick<Descriptors, 'close'>;
  spool: Pick<Spool, 'release'>;
  /** What was handed out of a generation is of no more use. */
  abandon: (generation: Generation) => void;
  /** Looks at a folder for names that have come. */
  look: (folder: string) => void;
  onLost: (loss: Loss) => void;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Sees to generations whose bytes are gone, as a whole or from some place on, and counts what is in no other file. */
export class Losses {
  readonly #options: LossesOptions;

  constructor(options: LossesOptions) {
    this.#options = options;
  }

  /** The bytes before its position are not those that were read. */
  changed(generation: Generation): void {
    const { fd, packed, size } = generation;
    this.restart(generation, fd === null || packed ? size : fstatSync(fd).size, true);
  }

  /**
   * Begins anew with a file that was truncated.
   *
   * @param size plain bytes that it has now
   * @param changed the bytes before the position are not those that were read; if not, they may have been read afterwards
   */
  restart(generation: Generation, size: number, changed: boolean): void {
    const { abandon, spool, look } = this.#options;
    const { log } = generation;
    generation.restart(size, changed);
    abandon(generation);
    // It was made from where reading stood in what the file was.
    if (generation.fd !== null) spool.release(generation);
    log.moved = true;
    // A copy that was made of it before has what was not read of it.
    look(log.folder);
    this.countTruncated(log);
  }

  /** Once no new file of the log may be a copy any more, what was unread of the old bytes is lost. */
  countTruncated(log: ContainerLog): void {
    if (log.generations.some(({ unknown }) => unknown)) return;
    for (const generation of log.generations) {
      const bytes = generation.takeUnread();
      if (bytes > 0) this.count(generation, 'truncated', bytes, 0);
    }
  }

  /**
   * All of a generation that is unread is gone.
   *
   * @param counted what that was, where it could still be read
   */
  lose(generation: Generation, reason: string, counted: CountResult | null): void {
    if (generation.done) return;
    const { abandon, descriptors, spool } = this.#options;
    const { log, knownBytes, size, format } = generation;
    const bytes = counted?.bytes ?? knownBytes - generation.read.offset;
    const isCounted = bytes > 0 || reason === 'unopened';
    if (isCounted && generation.copyOf === null) this.count(generation, reason, bytes, counted?.lines ?? 0);
    generation.restart(0);
    const former = generation.formers.at(-1) as Former;
    const { read } = former;
    generation.formers = [];
    generation.done = true;
    abandon(generation);
    descriptors.close(generation);
    spool.release(generation);
    log.moved = true;
    if (generation.copyOf !== null) return;
    if (size !== read.offset || read.carry !== null) this.#addGap(generation, { carry: read.carry, format });
    if (former.flights.length > 0) this.#addGap(generation, { carry: null, format }).adoptRest(former);
  }

  /** What gaps still wait for will not be answered. */
  giveUpFlights({ generations }: ContainerLog): void {
    for (const gap of generations) {
      if (!gap.awaitsAnswers || gap.done) continue;
      const { bytes, lines } = gap.giveUpFlights();
      gap.log.moved = true;
      if (bytes > 0) this.count(gap, 'unanswered', bytes, lines);
    }
  }

  /**
   * What the copy of a generation in the spool does not hold is gone: the copy is all there is from now on.
   *
   * @param counted what that was, where it could still be read
   */
  loseRest(generation: Generation, reason: string, counted: CountResult | null): void {
    const { log, spool, format } = generation;
    if (generation.done || spool === null) return;
    this.count(generation, reason, counted?.bytes ?? generation.knownBytes - spool.end, counted?.lines ?? 0);
    generation.size = spool.end;
    generation.unfinishedAt = -1;
    this.#options.descriptors.close(generation);
    log.moved = true;
    this.#addGap(generation, { carry: null, format });
  }

  /** Says that so much of a generation is lost. */
  count(generation: Generation, reason: string, bytes: number, lines: number): void {
    const files = reason === 'unopened' ? 1 : 0;
    this.#options.onLost({ reason, ...generation.log.pod, bytes, lines, files });
  }

  #addGap(generation: Generation, cursor: Parameters<typeof gapIn>[1]): Generation {
    const { log } = generation;
    const gap = gapIn(log, cursor, this.#options.now());
    log.generations = log.generations.flatMap((each) => (each === generation ? [each, gap] : [each]));
    return gap;
  }
}
