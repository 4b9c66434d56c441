import { readSync } from 'node:fs';
import { errnoOf } from '../errors.js';

/** How a gzip file begins (RFC 1952, section 2.3.1). */
const MAGIC = 0x8b1f;
/** CRC and size, four bytes each, little-endian (the same section). */
const TRAILER_BYTES = 8;

/**
 * The plain size that an open gzip file claims in its trailer. It is that of the last member modulo 2^32: right for
 * what the kubelet and logrotate write, and a guess to plan with for anything else. 0 if it cannot be read, or the file
 * is compressed otherwise.
 */
export function plainSizeOf(fd: number, packedBytes: number): number {
  if (packedBytes < TRAILER_BYTES) return 0;
  const bytes = Buffer.alloc(TRAILER_BYTES);
  try {
    if (readSync(fd, bytes, 0, 2, 0) < 2 || bytes.readUInt16LE(0) !== MAGIC) return 0;
    if (readSync(fd, bytes, 0, TRAILER_BYTES, packedBytes - TRAILER_BYTES) < TRAILER_BYTES) return 0;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
  return bytes.readUInt32LE(4);
}
