import { BitReader, damaged } from './bzip2-bits.js';
import { Bzip2Block } from './bzip2-block.js';
import type { Inflater } from './packed.js';

/*
 * A bzip2 file is one stream or several, each from a whole byte on:
 *
 * stream: "BZh", block size in 100 kB ("1" to "9"), blocks, end
 * block:  magic (6 bytes), CRC of its plain bytes (4), what bzip2-block.ts reads
 * end:    magic (6 bytes), CRC over those of the blocks (4)
 */

const BLOCK_MAGIC = [0x314159, 0x265359] as const;
const END_MAGIC = [0x177245, 0x385090] as const;
const SIZE_UNIT = 100_000;
/** More than nearly every block has, so that its checksum is known before anything of it is handed out. */
const PLAIN_CHUNK_BYTES = 1024 * 1024;

/** Block by block: memory does not depend on the size of the file. */
export class Bzip2Inflater implements Inflater {
  readonly #bits = new BitReader();
  /** Null before the first stream. */
  #block: Bzip2Block | null = null;
  #inStream = false;
  readonly #plain = Buffer.allocUnsafe(PLAIN_CHUNK_BYTES);
  #crc = 0;

  async next(fd: number): Promise<Buffer | null> {
    this.#bits.fd = fd;
    if ((this.#block?.ended ?? true) && !this.#nextBlock()) return null;
    return this.#plain.subarray(0, this.#block!.write(this.#plain));
  }

  async end(): Promise<void> {}

  /** False at the end of the file. */
  #nextBlock(): boolean {
    for (;;) {
      if (!this.#inStream && !this.#beginStream()) return false;
      const block = this.#block!;
      const magic = [this.#bits.bits(24), this.#bits.bits(24)];
      if (magic[0] === BLOCK_MAGIC[0] && magic[1] === BLOCK_MAGIC[1]) {
        block.read(this.#bits);
        this.#crc = ((this.#crc << 1) | (this.#crc >>> 31)) ^ block.checksum;
        return true;
      }
      if (magic[0] !== END_MAGIC[0] || magic[1] !== END_MAGIC[1]) throw damaged('neither a block nor the end follows');
      if (this.#bits.word() !== this.#crc) throw damaged('a wrong checksum of a stream');
      this.#inStream = false;
    }
  }

  /** False at the end of the file. */
  #beginStream(): boolean {
    if (!this.#bits.align() && this.#block !== null) return false;
    const magic = this.#bits.bits(24);
    const size = this.#bits.bits(8) - 0x30;
    if (magic !== 0x425a68 || size < 1 || size > 9) throw damaged('neither a stream nor the end of the file follows');
    // Some tools make a stream of each block.
    if (this.#block?.size !== size * SIZE_UNIT) this.#block = new Bzip2Block(size * SIZE_UNIT);
    this.#inStream = true;
    this.#crc = 0;
    return true;
  }
}
