import type { Mark } from '../src/protocol.js';

function mixed(track: number): number {
  let h = Math.imul(track ^ (track >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hex(track: number): string {
  return track.toString(16).padStart(8, '0');
}

/**
 * Mark of `bytes[from, to)`. The hash has two 32-bit tracks with different multipliers and rotations, finished with the
 * mixer of MurmurHash3 (public domain). It tells files apart; it does not withstand an attacker.
 */
export function markOf(bytes: Uint8Array, from: number, to: number): Mark {
  let a = 0x9e3779b9 | 0;
  let b = 0x243f6a88 | 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    a = Math.imul(a ^ byte, 0x01000193);
    a = (a << 15) | (a >>> 17);
    b = Math.imul((b ^ byte) + 0x7f4a7c15, 0x2c1b3c6d);
    b = (b << 11) | (b >>> 21);
  }
  const length = to - from;
  const high = mixed(a ^ length);
  const low = mixed((b ^ Math.imul(length, 0x27d4eb2f)) + high);
  return { bytes: length, hash: hex(mixed(high + low)) + hex(low) };
}
