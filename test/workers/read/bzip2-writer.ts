/*
 * A plain way to write bzip2: what it makes is valid and large. It packs nothing well, but goes where the usual tool does
 * not: any block size, codes of every length, several codes in turn.
 */

class Bits {
  #text: string[] = [];

  put(value: number, count: number): void {
    this.#text.push((value >>> 0).toString(2).padStart(count, '0').slice(-count));
  }

  bytes(): Buffer {
    const text = this.#text.join('');
    return Buffer.from((text.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)));
  }
}

function crcOf(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  }
  return ~crc;
}

/** Four equal bytes are followed by how many more of them there were. */
function runsOf(bytes: Uint8Array): number[] {
  const coded: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let end = at + 1;
    while (end < bytes.length && bytes[end] === bytes[at] && end - at < 4 + 255) end++;
    coded.push(...new Array<number>(Math.min(4, end - at)).fill(bytes[at]!));
    if (end - at >= 4) coded.push(end - at - 4);
    at = end;
  }
  return coded;
}

/** The last column of the sorted rotations, and which of them is the text itself. */
function sortedOf(text: number[]): { column: number[]; origin: number } {
  const size = text.length;
  const rotations = text.map((_, start) => start);
  rotations.sort((a, b) => {
    for (let i = 0; i < size; i++) {
      const difference = text[(a + i) % size]! - text[(b + i) % size]!;
      if (difference !== 0) return difference;
    }
    return a - b;
  });
  return { column: rotations.map((start) => text[(start + size - 1) % size]!), origin: rotations.indexOf(0) };
}

function symbolsOf(column: number[], recent: number[]): number[] {
  const symbols: number[] = [];
  const end = recent.length + 1;
  let run = 0;
  const endRun = () => {
    for (; run > 0; run = (run - 1) >> 1) symbols.push((run - 1) & 1);
  };
  for (const byte of column) {
    const place = recent.indexOf(byte);
    if (place === 0) {
      run++;
      continue;
    }
    endRun();
    symbols.push(place + 1);
    recent.splice(place, 1);
    recent.unshift(byte);
  }
  endRun();
  return [...symbols, end];
}

/** Codes that are as long as each other, or of every length. */
function lengthsOf(symbols: number, steep: boolean): number[] {
  const longest = (count: number) => Math.max(1, Math.ceil(Math.log2(count)));
  const early = steep ? Math.min(12, symbols - 1) : 0;
  return Array.from({ length: symbols }, (_, i) => (i < early ? i + 1 : early + longest(symbols - early)));
}

function codesOf(lengths: number[]): number[] {
  const codes: number[] = [];
  let code = 0;
  for (let length = 1; length <= 20; length++) {
    lengths.forEach((each, symbol) => {
      if (each === length) codes[symbol] = code++;
    });
    code <<= 1;
  }
  return codes;
}

function writeBlock(bits: Bits, plain: Uint8Array): void {
  const { column, origin } = sortedOf(runsOf(plain));
  bits.put(0x314159, 24);
  bits.put(0x265359, 24);
  bits.put(crcOf(plain), 32);
  bits.put(0, 1);
  bits.put(origin, 24);
  const used = [...new Set(column)].sort((a, b) => a - b);
  const groups = Array.from({ length: 16 }, (_, group) => used.filter((byte) => byte >> 4 === group));
  bits.put(
    groups.reduce((map, bytes, group) => map | (bytes.length > 0 ? 0x8000 >> group : 0), 0),
    16,
  );
  for (const bytes of groups) {
    if (bytes.length > 0)
      bits.put(
        bytes.reduce((map, byte) => map | (0x8000 >> (byte & 15)), 0),
        16,
      );
  }
  const alphabet = used.length + 2;
  const symbols = symbolsOf(column, used);
  const selectors = Math.ceil(symbols.length / 50);
  bits.put(2, 3);
  bits.put(selectors, 15);
  // The two codes take turns, so that the one to use is always the second in the list.
  for (let i = 0; i < selectors; i++) bits.put(i === 0 ? 0 : 0b10, i === 0 ? 1 : 2);
  const tables = [false, true].map((steep) => lengthsOf(alphabet, steep));
  for (const lengths of tables) {
    let last = lengths[0]!;
    bits.put(last, 5);
    for (const length of lengths) {
      for (; last !== length; last += Math.sign(length - last)) bits.put(length > last ? 0b10 : 0b11, 2);
      bits.put(0, 1);
    }
  }
  const codes = tables.map(codesOf);
  symbols.forEach((symbol, i) => {
    const table = Math.floor(i / 50) % 2;
    bits.put(codes[table]![symbol]!, tables[table]![symbol]!);
  });
}

/** One stream with a block for each of `blocks`, none of them empty. `level`: the block size that its head tells. */
export function bzip2(blocks: readonly Uint8Array[], level = 1): Buffer {
  const bits = new Bits();
  let crc = 0;
  for (const plain of blocks) {
    writeBlock(bits, plain);
    crc = ((crc << 1) | (crc >>> 31)) ^ crcOf(plain);
  }
  bits.put(0x177245, 24);
  bits.put(0x385090, 24);
  bits.put(crc, 32);
  return Buffer.concat([Buffer.from(`BZh${level}`), bits.bytes()]);
}
