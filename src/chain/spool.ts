import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { nodeFiles, syncFile, syncFolder } from '../checkpoint/files.js';
import { errnoOf } from '../errors.js';
import type { Workers } from '../plan/workers.js';
import type { SpoolHeadsResult } from '../protocol.js';
import type { ContainerLog } from './container-log.js';
import { Generation } from './generation.js';
import { compareSuffixes, isTime } from './name.js';
import { spoolFile, spoolNumbers } from './spool-folders.js';

export interface SpoolOptions {
  /** `STATE_DIR/spool`, or a lane's folder in it. */
  folder: string;
  /** For the copies on disk. 0: none are made. */
  limitBytes: number;
  workers: Pick<Workers, 'spool' | 'spoolHeads'>;
  /** It was truncated, and is to be copied from its start. */
  onChanged: (generation: Generation) => void;
  onProblem: (problem: { code: string; message: string; advice: string }) => void;
}

const mark = v.nullable(v.object({ bytes: v.number(), hash: v.string() }));

/** What a copy says of the generation it was made from. */
const noteSchema = v.object({
  log: v.string(),
  dev: v.string(),
  ino: v.string(),
  suffix: v.string(),
  /** When it was first seen, milliseconds since the epoch: the order in its chain, if no position tells that. */
  seenAtMs: v.optional(v.number(), 0),
  /** See `Generation.after`. */
  after: v.optional(v.string(), ''),
  head: mark,
  tail: mark,
  format: v.nullable(v.picklist(['cri', 'docker', 'raw'])),
  /** Base64: what was open where the copy begins. */
  carry: v.nullable(v.string()),
  /** The file that it was copied from before that was truncated, if it was. */
  was: v.optional(v.nullable(v.object({ dev: v.string(), ino: v.string() })), null),
  /** It may be another name of a generation that is known. */
  unidentified: v.optional(v.boolean(), false),
});

/** A copy left by an earlier run. */
export interface Leftover {
  log: string;
  suffix: string;
  seenAtMs: number;
  restore(log: ContainerLog, nowMs: number): Generation;
}

/**
 * Copies of generations that have lost their last name: their bytes would die with this process. A copy is one more
 * place the bytes of its generation can be read from, and is deleted once these are settled.
 */
export class Spool {
  readonly #options: SpoolOptions;
  #usedBytes = 0;
  #lastNumber = 0;
  #broken = false;
  /** Copies that a power cut might take. */
  #unsynced: string[] = [];
  #syncing: Promise<void> | null = null;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Finds the copies that an earlier run has left, each log's in the order of its chain; deletes unfinished ones. */
  async load(): Promise<Leftover[]> {
    const { folder, workers } = this.#options;
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
    }
    const numbers = spoolNumbers(folder);
    this.#lastNumber = numbers.at(-1) ?? 0;
    if (numbers.length === 0) return [];
    const paths = numbers.map((number) => spoolFile(folder, number));
    const { heads } = await workers.spoolHeads({ paths });
    const leftovers = paths.flatMap((path, index) => this.#leftover(path, heads[index] ?? null) ?? []);
    return leftovers.sort((a, b) => a.seenAtMs - b.seenAtMs || compareSuffixes(a.suffix, b.suffix));
  }

  #leftover(path: string, head: SpoolHeadsResult['heads'][number]): Leftover | null {
    const note = head === null ? null : parseNote(head.note);
    if (head === null || note === null) {
      this.#options.onProblem({
        code: 'SPOOL_DAMAGED',
        message: `${path} cannot be read; the log bytes in it are lost`,
        advice: 'Check the disk of the state directory; then delete the file.',
      });
      return null;
    }
    this.#usedBytes += head.fileBytes;
    return {
      log: note.log,
      suffix: note.suffix,
      seenAtMs: note.seenAtMs,
      restore(log, nowMs) {
        const { dev, ino, suffix, after, tail, format, unidentified } = note;
        const generation = new Generation(log, { path: '', suffix, gzip: false, dev, ino, size: head.end }, nowMs);
        generation.path = null;
        generation.spool = { path, start: head.start, end: head.end, fileBytes: head.fileBytes };
        generation.after = after;
        generation.endedAtMs = nowMs;
        const carry = note.carry === null ? null : new Uint8Array(Buffer.from(note.carry, 'base64'));
        generation.startAt({ offset: head.start, tail, carry }, note.head, format);
        generation.unidentified = unidentified;
        generation.was = note.was;
        return generation;
      },
    };
  }

  /**
   * Copies what is not settled of an open generation without a name, as far as there is room.
   *
   * @returns whether everything is in the copy, or it has turned out that nothing is left
   */
  async save(generation: Generation): Promise<boolean> {
    const { settled, log, dev, ino, suffix, seenAtMs, head, format, epoch } = generation;
    const source = generation.source(settled.offset);
    const limitBytes = this.#options.limitBytes - this.#usedBytes;
    if (source === null || limitBytes <= 0 || generation.spool !== null) return false;
    const { tail, carry } = settled;
    const note: v.InferOutput<typeof noteSchema> = {
      log: log.path,
      dev,
      ino,
      suffix,
      seenAtMs,
      after: newestBefore(generation),
      head,
      tail,
      format,
      carry: carry === null ? null : Buffer.from(carry).toString('base64'),
      was: generation.was,
      unidentified: generation.unidentified,
    };
    this.#lastNumber += 1;
    const path = spoolFile(this.#options.folder, this.#lastNumber);
    // Room is taken before it is filled, so that copies made at the same time do not share it.
    const reserved = Math.min(limitBytes, neededBytes(generation));
    this.#usedBytes += reserved;
    generation.readers += 1;
    let used = 0;
    try {
      mkdirSync(this.#options.folder, { recursive: true });
      const text = JSON.stringify(note);
      const made = await this.#options.workers.spool({
        source,
        from: settled.offset,
        tail,
        path,
        note: text,
        limitBytes: reserved,
      });
      this.#broken = false;
      if (made.changed === true && generation.epoch === epoch && !generation.done) {
        this.#options.onChanged(generation);
        return true;
      }
      if (generation.done || generation.epoch !== epoch) {
        rmSync(path, { force: true });
        return true;
      }
      if (!made.complete && generation.packed && reserved < limitBytes) {
        // It is longer than it says: then it gets all the room there is.
        rmSync(path, { force: true });
        generation.saidBytes = 0;
        return await this.save(generation);
      }
      if (made.complete && generation.packed) generation.size = made.end;
      if (made.fileBytes === 0) return made.complete && generation.packed;
      used = made.fileBytes;
      generation.spool = { path, start: settled.offset, end: made.end, fileBytes: made.fileBytes };
      // Should the copy be gone or cut at the next start, the journal tells how much it held.
      log.moved = true;
      this.#unsynced.push(path);
      this.#syncing ??= this.#sync();
      return made.complete;
    } catch (error) {
      // It was found to be another name of a generation that is known, and closed.
      if (!generation.done) this.#report(error);
      return false;
    } finally {
      generation.readers -= 1;
      this.#usedBytes += used - reserved;
    }
  }

  /** Resolves when all copies would outlast a power cut as well. */
  async synced(): Promise<void> {
    await this.#syncing;
  }

  /** Beside everything else, and one by one: the journal waits for the same disk. */
  async #sync(): Promise<void> {
    try {
      while (this.#unsynced.length > 0) {
        for (const path of this.#unsynced.splice(0)) await syncFile(nodeFiles, path);
        await syncFolder(nodeFiles, this.#options.folder);
      }
    } catch (error) {
      this.#report(error);
    } finally {
      this.#syncing = null;
    }
  }

  /** Deletes the copy of a generation that is done or given up. */
  release(generation: Generation): void {
    if (generation.spool === null) return;
    rmSync(generation.spool.path, { force: true });
    this.#usedBytes -= generation.spool.fileBytes;
    generation.spool = null;
  }

  #report(error: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#options.onProblem({
      code: 'SPOOL_NOT_WRITTEN',
      message: `Cannot copy deleted logs to ${this.#options.folder}: ${errnoOf(error) ?? String(error)}`,
      advice: 'Make room on the disk of the state directory; what is deleted now is kept only while this process runs.',
    });
  }
}

/** A copy is at least this large, and incompressible bytes grow a little. */
const NOTE_BYTES = 64 * 1024;

/** The most that a copy may take, in bytes; Infinity where a compressed file does not say how long it is. */
function neededBytes({ unsettledBytes, size, saidBytes }: Generation): number {
  return saidBytes > 0 || Number.isFinite(size) ? unsettledBytes + NOTE_BYTES : size;
}

function newestBefore(generation: Generation): string {
  const { generations } = generation.log;
  const before = generations.slice(0, generations.indexOf(generation));
  return before.findLast(({ suffix }) => isTime(suffix))?.suffix ?? generation.after;
}

function parseNote(text: string): v.InferOutput<typeof noteSchema> | null {
  try {
    return v.parse(noteSchema, JSON.parse(text));
  } catch {
    return null;
  }
}
