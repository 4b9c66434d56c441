import { fstatSync, readSync, type Stats } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createUnzip, unzipSync } from 'node:zlib';
import type { ByteSource } from './source.js';

const PACKED_CHUNK_BYTES = 64 * 1024;
const PLAIN_CHUNK_BYTES = 64 * 1024;
/**
 * What is packed into so little is inflated in one go, if it does not become more than that: a stream takes half a
 * millisecond to be made, ten times what the bytes in it take (Node 20, 874 files of 6 KiB).
 */
const SMALL_PACKED_BYTES = 64 * 1024;
const SMALL_PLAIN_BYTES = 1024 * 1024;
/** The size of the plain bytes, at the end of the file (RFC 1952, section 2.3.1). */
const SIZE_BYTES = 4;
/** zlib takes no less. */
const MIN_CHUNK_BYTES = 64;

function sameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/**
 * The compressed bytes of a file behind a descriptor that somebody else opened and closes. They are read only while it
 * is lent out: the inflater that drinks from here waits between jobs, when the descriptor may be another file's.
 */
class PackedBytes extends Readable {
  #fd: number | null = null;
  #position = 0;
  #thirsty = false;

  constructor() {
    super({ highWaterMark: 1 });
  }

  lend(fd: number | null): void {
    this.#fd = fd;
    if (fd !== null && this.#thirsty) this._read();
  }

  override _read(): void {
    this.#thirsty = this.#fd === null;
    if (this.#fd === null) return;
    try {
      const chunk = Buffer.allocUnsafe(PACKED_CHUNK_BYTES);
      const got = readSync(this.#fd, chunk, 0, chunk.length, this.#position);
      this.#position += got;
      this.push(got === 0 ? null : chunk.subarray(0, got));
    } catch (error) {
      this.destroy(error as Error);
    }
  }
}

/**
 * All plain bytes of a small file; null where it is not small, or anything is wrong with it: what can be read before the
 * damage is for the stream to find out.
 */
function inflateSmall(fd: number, packedBytes: number): Buffer | null {
  if (packedBytes < SIZE_BYTES || packedBytes > SMALL_PACKED_BYTES) return null;
  const packed = Buffer.allocUnsafe(packedBytes);
  if (readSync(fd, packed, 0, packedBytes, 0) < packedBytes) return null;
  // With room for one byte more the end is met in the first chunk.
  const chunkSize = packed.readUInt32LE(packedBytes - SIZE_BYTES) + 1;
  try {
    return unzipSync(packed, {
      chunkSize: Math.max(MIN_CHUNK_BYTES, Math.min(chunkSize, SMALL_PLAIN_BYTES)),
      maxOutputLength: SMALL_PLAIN_BYTES,
    });
  } catch {
    return null;
  }
}

/** Plain bytes of a small gzip or zlib file. */
class InflatedSource implements ByteSource {
  readonly start = 0;
  readonly stats: Stats;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, stats: Stats) {
    this.#bytes = bytes;
    this.stats = stats;
  }

  lend(): void {}

  read(into: Buffer, at: number, length: number, position: number): number {
    if (position >= this.#bytes.length) return 0;
    return this.#bytes.copy(into, at, position, position + length);
  }

  giveBack(): void {}

  close(): void {}

  async end(): Promise<void> {}
}

/**
 * Plain bytes of a gzip or zlib file, inflated as a stream: reading on is cheap, reading back starts over. Memory does not
 * depend on the size of the file.
 */
class GzipSource implements ByteSource {
  readonly start = 0;
  readonly stats: Stats;
  #fd: number;
  #packed: PackedBytes | null = null;
  #chunks: AsyncIterator<Buffer> | null = null;
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
    if (this.#chunks === null || position < this.#position) await this.#startOver();
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

  /** Ends the inflater. */
  async end(): Promise<void> {
    await this.#chunks?.return?.();
    this.#chunks = null;
  }

  async #next(): Promise<Buffer | null> {
    this.#packed!.lend(this.#fd);
    try {
      const { done, value } = await this.#chunks!.next();
      return done ? null : value;
    } catch (error) {
      // An iterator that has thrown claims to be at its end from then on.
      this.#chunks = null;
      throw error;
    } finally {
      this.#packed!.lend(null);
    }
  }

  async #startOver(): Promise<void> {
    await this.end();
    // It takes zlib as well, which an Alloy configuration may ask for, and tells the two by how they begin.
    const unzip = createUnzip({ chunkSize: PLAIN_CHUNK_BYTES });
    this.#packed = new PackedBytes();
    // Failures reach us through the iterator, which throws them.
    pipeline(this.#packed, unzip, () => {});
    this.#chunks = unzip[Symbol.asyncIterator]();
    this.#rest = Buffer.alloc(0);
    this.#position = 0;
  }
}

/**
 * Remembers what was inflated last, as far as it was. It is no state: without it, or with another
 * worker's, the same bytes are read, only slower.
 */
export class GzipMemo {
  #last: GzipSource | InflatedSource | null = null;

  async open(fd: number): Promise<ByteSource> {
    const stats = fstatSync(fd);
    if (this.#last !== null && sameFile(this.#last.stats, stats)) {
      this.#last.lend(fd);
      return this.#last;
    }
    await this.#last?.end();
    this.#last = null;
    const bytes = inflateSmall(fd, stats.size);
    this.#last = bytes === null ? new GzipSource(fd, stats) : new InflatedSource(bytes, stats);
    return this.#last;
  }
}
