import { readSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createUnzip } from 'node:zlib';
import type { Inflater } from './packed.js';

const PACKED_CHUNK_BYTES = 64 * 1024;
const PLAIN_CHUNK_BYTES = 64 * 1024;

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

/** For gzip and zlib, which Node tells apart by how they begin. */
export class ZlibInflater implements Inflater {
  readonly #packed = new PackedBytes();
  readonly #chunks: AsyncIterator<Buffer>;

  constructor() {
    const unzip = createUnzip({ chunkSize: PLAIN_CHUNK_BYTES });
    // Failures reach us through the iterator, which throws them.
    pipeline(this.#packed, unzip, () => {});
    this.#chunks = unzip[Symbol.asyncIterator]();
  }

  async next(fd: number): Promise<Buffer | null> {
    this.#packed.lend(fd);
    try {
      const { done, value } = await this.#chunks.next();
      return done ? null : value;
    } finally {
      this.#packed.lend(null);
    }
  }

  async end(): Promise<void> {
    await this.#chunks.return?.();
  }
}
