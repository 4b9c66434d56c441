import { fstatSync, readSync, type Stats } from 'node:fs';
import { InflatedSource, inflateSmall } from './small.js';
import type { ByteSource } from './source.js';
import { ZlibInflater } from './zlib.js';

function sameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/** Makes plain bytes of compressed ones, from their start on. It reads them only during a call, when they are lent. */
export interface Inflater {
  /**
   * The next plain bytes; null at their end. They hold until the next call. Throws what the system throws, and an error
   * with a code of its library for what is damaged or not complete; it is of no use any more then.
   */
  next(fd: number): Promise<Buffer | null>;
  end(): Promise<void>;
}

/** How a bzip2 file begins. gzip and zlib begin otherwise (RFC 1952, 2.3.1; RFC 1950, 2.2). */
const BZIP2_MAGIC = Buffer.from('BZh');

/** Files are told apart by how they begin, so that nobody has to say it, or can say it wrong. */
async function inflaterOf(fd: number): Promise<Inflater> {
  const magic = Buffer.alloc(BZIP2_MAGIC.length);
  readSync(fd, magic, 0, magic.length, 0);
  if (!magic.equals(BZIP2_MAGIC)) return new ZlibInflater();
  // Loaded only now: hardly anybody has such files.
  const { Bzip2Inflater } = await import('./bzip2.js');
  return new Bzip2Inflater();
}

/**
 * Plain bytes of a compressed file, inflated as a stream: reading on is cheap, reading back starts over. Memory does not
 * depend on the size of the file.
 */
class PackedSource implements ByteSource {
  readonly start = 0;
  readonly stats: Stats;
  #fd: number;
  #inflater: Inflater | null = null;
  /** Inflated bytes not yet read; the first of them is at `#position`. */
  #rest: Buffer = Buffer.alloc(0);
  #position = 0;

  constructor(fd: number, stats: Stats) {
    this.#fd = fd;
    this.stats = stats;
  }

  /** Goes on through this descriptor. */
  lend(fd: number): void {
    this.#fd = fd;
  }

  async read(into: Buffer, at: number, length: number, position: number): Promise<number> {
    if (this.#inflater === null || position < this.#position) await this.#startOver();
    let got = 0;
    while (got < length) {
      const behind = position - this.#position;
      if (behind < this.#rest.length) {
        const copied = this.#rest.copy(into, at + got, behind, behind + length - got);
        got += copied;
        position += copied;
        this.#rest = this.#rest.subarray(behind + copied);
        this.#position += behind + copied;
      } else {
        this.#position += this.#rest.length;
        this.#rest = Buffer.alloc(0);
        const next = await this.#next();
        if (next === null) break;
        this.#rest = next;
      }
    }
    return got;
  }

  giveBack(bytes: Buffer, from: number, to: number, position: number): void {
    // A read that ended early, or none at all, leaves bytes that do not join on; then they are of no use.
    if (position + to - from !== this.#position) return;
    this.#rest = Buffer.concat([bytes.subarray(from, to), this.#rest]);
    this.#position = position;
  }

  close(): void {}

  async end(): Promise<void> {
    await this.#inflater?.end();
    this.#inflater = null;
  }

  async #next(): Promise<Buffer | null> {
    try {
      return await this.#inflater!.next(this.#fd);
    } catch (error) {
      // Behind damage it must not seem to be at its end.
      this.#inflater = null;
      throw error;
    }
  }

  async #startOver(): Promise<void> {
    await this.end();
    this.#inflater = await inflaterOf(this.#fd);
    this.#rest = Buffer.alloc(0);
    this.#position = 0;
  }
}

/**
 * Remembers what was inflated last, as far as it was. It is no state: without it, or with another
 * worker's, the same bytes are read, only slower.
 */
export class PackedMemo {
  #last: PackedSource | InflatedSource | null = null;

  async open(fd: number): Promise<ByteSource> {
    const stats = fstatSync(fd);
    if (this.#last !== null && sameFile(this.#last.stats, stats)) {
      this.#last.lend(fd);
      return this.#last;
    }
    await this.#last?.end();
    this.#last = null;
    const bytes = inflateSmall(fd, stats.size);
    this.#last = bytes === null ? new PackedSource(fd, stats) : new InflatedSource(bytes, stats);
    return this.#last;
  }
}
