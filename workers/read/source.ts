import type { Source } from '../../src/protocol.js';
import { PackedMemo } from './packed.js';
import { PlainSource } from './plain.js';
import { SpoolMemo } from './spool.js';

/** Bytes of a generation, by offset in the plain bytes. */
export interface ByteSource {
  /** The first offset that can be read; above 0 only in a spool file. */
  readonly start: number;
  /**
   * Reads up to `length` bytes at offset `position` into `into` at `at`. Returns how many; fewer than `length` only
   * where the source ends. Throws what the system throws.
   */
  read(into: Buffer, at: number, length: number, position: number): number | Promise<number>;
  /** Gives back bytes that were read ahead: `bytes[from, to)`, the first of them at offset `position`. */
  giveBack(bytes: Buffer, from: number, to: number, position: number): void;
  close(): void;
}

/** Opens sources, and remembers how far it got in the compressed ones, so that the next slice of the same one is cheap. */
export class Sources {
  readonly #packed = new PackedMemo();
  readonly #spool = new SpoolMemo();

  /** Throws what the system throws, and SleipnirError SPOOL_DAMAGED for a spool file without a readable head. */
  async open(source: Source): Promise<ByteSource> {
    switch (source.kind) {
      case 'plain':
        return new PlainSource(source.fd);
      case 'gzip':
        return this.#packed.open(source.fd);
      case 'spool':
        return this.#spool.open(source.path);
    }
  }
}
