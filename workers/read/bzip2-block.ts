import { type BitReader, damaged, MAX_CODE_BITS } from './bzip2-bits.js';
import { HuffmanCode } from './bzip2-code.js';

/** Symbols that share a code, in a row. */
const GROUP_SYMBOLS = 50;
/** Selectors that a block of the largest size can use; more of them may stand there. */
const MAX_SELECTORS = 18_002;

/** CRC-32 with the polynomial 0x04c11db7, most significant bit first. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});

/** The block of a bzip2 stream that is being read. One serves for all, one after the other. */
export class Bzip2Block {
  /** By place in the sorted text: the byte in the lowest 8 bits, and above them where the byte after it is. */
  readonly #links: Uint32Array;
  #link = 0;
  /** Links not yet followed. */
  #left = 0;
  #last = -1;
  /** How often `#last` has come in a row: after four of them stands how often it comes yet. */
  #run = 0;
  #repeats = 0;
  #crc = -1;
  /** What the CRC of the plain bytes has to be. */
  checksum = 0;

  /** `size`: the most bytes that a block of the stream has. */
  constructor(size: number) {
    this.#links = new Uint32Array(size);
  }

  get size(): number {
    return this.#links.length;
  }

  /** Whether all plain bytes are written. */
  get ended(): boolean {
    return this.#left === 0 && this.#repeats === 0;
  }

  /** Reads a block, up to what follows it. Throws what BitReader throws, and SleipnirError BZ_DATA_ERROR. */
  read(bits: BitReader): void {
    this.checksum = bits.word();
    // Not written since 0.9.5, of 1999, and no reader of today takes it.
    if (bits.bits(1) === 1) throw damaged('a randomised block');
    const origin = bits.bits(24);
    const bytes = readBytesInUse(bits);
    const codeCount = bits.bits(3);
    const selectorCount = bits.bits(15);
    if (bytes.length === 0 || codeCount < 2 || codeCount > 6 || selectorCount === 0)
      throw damaged('a wrong block head');
    const selectors = readSelectors(bits, selectorCount, codeCount);
    const codes = Array.from({ length: codeCount }, () => readCode(bits, bytes.length + 2));
    const length = this.#readSorted(bits, bytes, selectors, codes);
    if (origin >= length) throw damaged('a wrong block head');
    this.#sort(length);
    this.#link = this.#links[origin]! >>> 8;
    this.#left = length;
    this.#last = -1;
    this.#run = 0;
    this.#repeats = 0;
    this.#crc = -1;
  }

  /**
   * Writes plain bytes to `into` from its start on, and returns how many: until it is full, or the block has ended.
   * Throws SleipnirError BZ_DATA_ERROR if it has, and its checksum is another one.
   */
  write(into: Buffer): number {
    const links = this.#links;
    let link = this.#link;
    let left = this.#left;
    let last = this.#last;
    let run = this.#run;
    let repeats = this.#repeats;
    let crc = this.#crc;
    let at = 0;
    while (at < into.length) {
      if (repeats > 0) {
        repeats--;
      } else if (left === 0) {
        break;
      } else {
        const entry = links[link]!;
        const byte = entry & 0xff;
        link = entry >>> 8;
        left--;
        if (run === 4) {
          repeats = byte;
          run = 0;
          continue;
        }
        run = byte === last ? run + 1 : 1;
        last = byte;
      }
      into[at++] = last;
      crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ last]!;
    }
    this.#link = link;
    this.#left = left;
    this.#last = last;
    this.#run = run;
    this.#repeats = repeats;
    this.#crc = crc;
    if (this.ended && ~crc !== this.checksum) throw damaged('a wrong checksum of a block');
    return at;
  }

  /** Undoes Huffman, zero-run and move-to-front coding. Returns how many bytes there are. */
  #readSorted(bits: BitReader, recent: Uint8Array, selectors: Uint8Array, codes: HuffmanCode[]): number {
    const links = this.#links;
    const end = recent.length + 1;
    let length = 0;
    let run = 0;
    let runBit = 1;
    let left = 0;
    let group = 0;
    let code = codes[0]!;
    for (;;) {
      if (left === 0) {
        if (group === selectors.length) throw damaged('more symbols than selectors');
        code = codes[selectors[group++]!]!;
        left = GROUP_SYMBOLS;
      }
      left--;
      const symbol = bits.symbol(code);
      if (symbol <= 1) {
        // The digits of a run's length, least first, are 1 and 2.
        run += runBit << symbol;
        runBit <<= 1;
        if (run > links.length) throw damaged('a block that is too long');
        continue;
      }
      if (length + run > links.length) throw damaged('a block that is too long');
      if (run > 0) {
        links.fill(recent[0]!, length, length + run);
        length += run;
        run = 0;
        runBit = 1;
      }
      if (symbol === end) return length;
      if (length === links.length) throw damaged('a block that is too long');
      let place = symbol - 1;
      const byte = recent[place]!;
      for (; place > 0; place--) recent[place] = recent[place - 1]!;
      recent[0] = byte;
      links[length++] = byte;
    }
  }

  /** Makes links of the sorted bytes: the n-th of a byte is followed by what stands at the n-th place that begins with it. */
  #sort(length: number): void {
    const links = this.#links;
    const places = new Uint32Array(256);
    for (let i = 0; i < length; i++) places[links[i]!]!++;
    let sum = 0;
    for (let byte = 0; byte < 256; byte++) {
      const count = places[byte]!;
      places[byte] = sum;
      sum += count;
    }
    for (let i = 0; i < length; i++) {
      const place = places[links[i]! & 0xff]!++;
      links[place]! |= i << 8;
    }
  }
}

/** The bytes that a block has, in their order: a map of 16 groups, and one of each group that has any. */
function readBytesInUse(bits: BitReader): Uint8Array {
  const groups = bits.bits(16);
  const bytes: number[] = [];
  for (let group = 0; group < 16; group++) {
    if (((groups << group) & 0x8000) === 0) continue;
    const map = bits.bits(16);
    for (let i = 0; i < 16; i++) if (((map << i) & 0x8000) !== 0) bytes.push(group * 16 + i);
  }
  return Uint8Array.from(bytes);
}

/** Which code each group of symbols has: places in a list where what was used last comes first. */
function readSelectors(bits: BitReader, count: number, codeCount: number): Uint8Array {
  const recent = Array.from({ length: codeCount }, (_, code) => code);
  const selectors = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    let place = 0;
    while (bits.bits(1) === 1) if (++place === codeCount) throw damaged('a selector of no code');
    const [code] = recent.splice(place, 1);
    recent.unshift(code!);
    selectors[i] = code!;
  }
  return selectors.subarray(0, MAX_SELECTORS);
}

/** The lengths of the codes of all symbols, each as steps from the one before. */
function readCode(bits: BitReader, symbols: number): HuffmanCode {
  const lengths = new Uint8Array(symbols);
  let length = bits.bits(5);
  for (let symbol = 0; symbol < symbols; symbol++) {
    while (bits.bits(1) === 1) {
      length += bits.bits(1) === 0 ? 1 : -1;
      if (length < 1 || length > MAX_CODE_BITS) throw damaged('a code of a wrong length');
    }
    if (length < 1 || length > MAX_CODE_BITS) throw damaged('a code of a wrong length');
    lengths[symbol] = length;
  }
  return new HuffmanCode(lengths);
}
