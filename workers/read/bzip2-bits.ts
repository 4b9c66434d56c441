import { readSync } from 'node:fs';
import { SleipnirError } from '../../src/errors.js';
import type { HuffmanCode } from './bzip2-code.js';

const CHUNK_BYTES = 64 * 1024;
/** The longest code of a symbol. */
export const MAX_CODE_BITS = 20;

/** For bytes that are no bzip2; the code is that of libbzip2. */
export function damaged(what: string): SleipnirError {
  return new SleipnirError('BZ_DATA_ERROR', `bzip2: ${what}`, 'Test the file with bzip2 -t, and compress it anew.');
}

/** Bits of a file behind a descriptor, most significant first. The file is read only where bits are asked for. */
export class BitReader {
  fd = -1;
  readonly #bytes = Buffer.alloc(CHUNK_BYTES);
  #at = 0;
  #end = 0;
  /** Offset in the file of `#bytes[#end]`. */
  #position = 0;
  /** The last bits that were read; the lowest `#held` of them are not consumed. */
  #hold = 0;
  #held = 0;

  /** `count`: at most 24. Throws SleipnirError BZ_UNEXPECTED_EOF where the file ends first, and what the system throws. */
  bits(count: number): number {
    this.#need(count);
    this.#held -= count;
    return (this.#hold >>> this.#held) & ((1 << count) - 1);
  }

  /** 32 bits, as a signed number. */
  word(): number {
    return (this.bits(16) << 16) | this.bits(16);
  }

  /** The next symbol of `code`. More than the longest code must follow, which the end of a stream sees to. */
  symbol(code: HuffmanCode): number {
    this.#need(MAX_CODE_BITS);
    const found = code.find((this.#hold >>> (this.#held - MAX_CODE_BITS)) & ((1 << MAX_CODE_BITS) - 1));
    this.#held -= found & 31;
    return found >>> 5;
  }

  /** Moves to the next byte; false where the file ends there. */
  align(): boolean {
    this.#held -= this.#held % 8;
    return this.#held > 0 || this.#at < this.#end || this.#fill();
  }

  #need(count: number): void {
    while (this.#held < count) {
      if (this.#at === this.#end && !this.#fill()) {
        throw new SleipnirError(
          'BZ_UNEXPECTED_EOF',
          'bzip2: unexpected end of file',
          'It is read again when it has grown; else compress it anew.',
        );
      }
      this.#hold = (this.#hold << 8) | this.#bytes[this.#at++]!;
      this.#held += 8;
    }
  }

  #fill(): boolean {
    this.#end = readSync(this.fd, this.#bytes, 0, CHUNK_BYTES, this.#position);
    this.#position += this.#end;
    this.#at = 0;
    return this.#end > 0;
  }
}
