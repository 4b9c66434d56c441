import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SleipnirError } from '../../src/errors.js';
import type { ByteSource } from './source.js';

const PACKED_CHUNK_BYTES = 64 * 1024;
const PLAIN_CHUNK_BYTES = 64 * 1024;

function sameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/**
 * The compressed bytes of a file. It is opened for each chunk anew, because the inflater waits between jobs, and an
 * open descriptor would keep a deleted file's space for as long.
 */
function* packedChunks(path: string, stats: Stats): Generator<Buffer> {
  let position = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(PACKED_CHUNK_BYTES);
    const fd = openSync(path, 'r');
    let got: number;
    try {
      if (!sameFile(fstatSync(fd), stats)) {
        throw new SleipnirError(
          'FILE_REPLACED',
          `${path} was replaced while it was being read`,
          'Nothing to do: it will be looked at again.',
        );
      }
      got = readSync(fd, chunk, 0, chunk.length, position);
    } finally {
      closeSync(fd);
    }
    if (got === 0) return;
    position += got;
    yield chunk.subarray(0, got);
  }
}

/**
 * Plain bytes of a gzip file, inflated as a stream: reading on is cheap, reading back starts over. Memory does not
 * depend on the size of the file.
 */
class GzipSource implements ByteSource {
  readonly start = 0;
  plainBytes: number | null = null;
  readonly path: string;
  readonly stats: Stats;
  #chunks: AsyncIterator<Buffer> | null = null;
  /** Inflated bytes not yet read; the first of them is at `#position`. */
  #rest: Buffer = Buffer.alloc(0);
  #position = 0;

  constructor(path: string, stats: Stats) {
    this.path = path;
    this.stats = stats;
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
        if (next === null) {
          this.plainBytes = this.#position;
          break;
        }
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
    try {
      const { done, value } = await this.#chunks!.next();
      return done ? null : value;
    } catch (error) {
      // An iterator that has thrown claims to be at its end from then on.
      this.#chunks = null;
      throw error;
    }
  }

  async #startOver(): Promise<void> {
    await this.end();
    const gunzip = createGunzip({ chunkSize: PLAIN_CHUNK_BYTES });
    // Failures reach us through the iterator, which throws them.
    pipeline(Readable.from(packedChunks(this.path, this.stats), { highWaterMark: 1 }), gunzip, () => {});
    this.#chunks = gunzip[Symbol.asyncIterator]();
    this.#rest = Buffer.alloc(0);
    this.#position = 0;
  }
}

/**
 * Remembers the inflater that was used last, paused where it stopped. It is no state: without it, or with another
 * worker's, the same bytes are read, only slower.
 */
export class GzipMemo {
  #last: GzipSource | null = null;

  async open(path: string): Promise<ByteSource> {
    const stats = statSync(path);
    if (this.#last !== null && this.#last.path === path && sameFile(this.#last.stats, stats)) return this.#last;
    await this.#last?.end();
    this.#last = new GzipSource(path, stats);
    return this.#last;
  }
}
