import { damaged, MAX_CODE_BITS } from './bzip2-bits.js';

/** Codes up to so many bits are looked up at once. */
const SHORT_BITS = 10;

/** A canonical Huffman code: of two symbols the one with the shorter code, or else the lower one, comes first. */
export class HuffmanCode {
  /** For the first bits of what follows, what `find` returns; 0 where the code is longer. */
  readonly #short = new Uint32Array(1 << SHORT_BITS);
  /** By length: one more than the last code of it, and the shorter ones, as the first of MAX_CODE_BITS bits. */
  readonly #limits = new Uint32Array(MAX_CODE_BITS + 1);
  /** By length: where its first code is in `#symbols`, less that code. */
  readonly #offsets = new Int32Array(MAX_CODE_BITS + 1);
  readonly #symbols: Uint16Array;

  /** `lengths`: how many bits the code of each symbol has, from 1 to MAX_CODE_BITS. Lengths that make no code are not told: checksums do that. */
  constructor(lengths: Uint8Array) {
    this.#symbols = new Uint16Array(lengths.length);
    let code = 0;
    let known = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      this.#offsets[length] = known - code;
      for (let symbol = 0; symbol < lengths.length; symbol++) {
        if (lengths[symbol] !== length) continue;
        if (length <= SHORT_BITS) {
          const first = code << (SHORT_BITS - length);
          this.#short.fill((symbol << 5) | length, first, first + (1 << (SHORT_BITS - length)));
        }
        this.#symbols[known++] = symbol;
        code++;
      }
      this.#limits[length] = code << (MAX_CODE_BITS - length);
      code <<= 1;
    }
  }

  /** `bits`: the next MAX_CODE_BITS. Returns the symbol, and in the lowest five bits how long its code is. */
  find(bits: number): number {
    const short = this.#short[bits >>> (MAX_CODE_BITS - SHORT_BITS)]!;
    if (short !== 0) return short;
    for (let length = SHORT_BITS + 1; length <= MAX_CODE_BITS; length++) {
      if (bits >= this.#limits[length]!) continue;
      return (this.#symbols[this.#offsets[length]! + (bits >>> (MAX_CODE_BITS - length))]! << 5) | length;
    }
    throw damaged('a code that no symbol has');
  }
}
