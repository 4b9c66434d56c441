import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { SleipnirError } from '../../src/errors.js';
import type { SpoolHeadsJob, SpoolHeadsResult } from '../../src/protocol.js';

/*
 * A spool file is a head and frames, all integers little-endian.
 *
 * head:  magic (8 bytes, the last is the version), plain offset of the first frame (float64), note length (uint32),
 *        CRC-32 of the 20 bytes before and the note (uint32), note
 * frame: plain offset (float64), plain length (uint32), packed length (uint32), CRC-32 of the packed block (uint32),
 *        CRC-32 of the 20 bytes before (uint32), packed block (LZ4 block with its size before it, as lz4-napi makes it)
 *
 * Where the copy does not begin at 0, the first frame holds the first (up to 1024) bytes of the generation, by which it is
 * known. The others lie end to end in the plain bytes. The first frame that is not whole ends the file.
 */

export const FRAME_PLAIN_BYTES = 256 * 1024;
export const FRAME_HEAD_BYTES = 24;
const MAGIC = Buffer.from('sleipnr\x01', 'latin1');
const HEAD_BYTES = 24;
/** More than this no note is; a larger length is damage. */
const MAX_NOTE_BYTES = 1024 * 1024;
/** What LZ4 makes of incompressible bytes, with room to spare. */
const MAX_PACKED_BYTES = FRAME_PLAIN_BYTES + (FRAME_PLAIN_BYTES >> 7) + 64;

export interface SpoolHead {
  start: number;
  note: string;
  /** Where the first frame begins in the file. */
  framesAt: number;
}

export interface SpoolFrame {
  plainAt: number;
  plainBytes: number;
  /** Where the packed block is in the file. */
  packedAt: number;
  packedBytes: number;
  checksum: number;
}

export function encodeHead(start: number, note: string): Buffer {
  const text = Buffer.from(note);
  const head = Buffer.alloc(HEAD_BYTES + text.length);
  MAGIC.copy(head);
  head.writeDoubleLE(start, 8);
  head.writeUInt32LE(text.length, 16);
  text.copy(head, HEAD_BYTES);
  head.writeUInt32LE(crc32(text, crc32(head.subarray(0, 20))), 20);
  return head;
}

export function encodeFrameHead(plainAt: number, plainBytes: number, packed: Uint8Array): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeDoubleLE(plainAt, 0);
  head.writeUInt32LE(plainBytes, 8);
  head.writeUInt32LE(packed.length, 12);
  head.writeUInt32LE(crc32(packed), 16);
  head.writeUInt32LE(crc32(head.subarray(0, 20)), 20);
  return head;
}

/** Throws SleipnirError SPOOL_DAMAGED, and what the system throws. */
export function readHead(fd: number, path: string): SpoolHead {
  const fixed = Buffer.alloc(HEAD_BYTES);
  const got = readSync(fd, fixed, 0, HEAD_BYTES, 0);
  const noteBytes = fixed.readUInt32LE(16);
  if (got === HEAD_BYTES && MAGIC.equals(fixed.subarray(0, MAGIC.length)) && noteBytes <= MAX_NOTE_BYTES) {
    const note = Buffer.alloc(noteBytes);
    const whole = readSync(fd, note, 0, noteBytes, HEAD_BYTES) === noteBytes;
    const start = fixed.readDoubleLE(8);
    if (whole && crc32(note, crc32(fixed.subarray(0, 20))) === fixed.readUInt32LE(20)) {
      return { start, note: note.toString(), framesAt: HEAD_BYTES + noteBytes };
    }
  }
  throw new SleipnirError(
    'SPOOL_DAMAGED',
    `${path} is not a spool file, or its head is damaged`,
    'The log bytes in it can not be read any more; delete the file.',
  );
}

/**
 * The frames of the file, as their heads tell; blocks are not looked at, other than that the file holds them. One that
 * begins before `start` holds the first bytes of the generation.
 */
export function readFrames(fd: number, head: SpoolHead): SpoolFrame[] {
  const frames: SpoolFrame[] = [];
  const fileBytes = fstatSync(fd).size;
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES);
  let at = head.framesAt;
  let plainAt = head.start;
  while (readSync(fd, bytes, 0, FRAME_HEAD_BYTES, at) === FRAME_HEAD_BYTES) {
    const begin = bytes.readDoubleLE(0);
    const joins = begin === plainAt || (begin === 0 && frames.length === 0);
    if (crc32(bytes.subarray(0, 20)) !== bytes.readUInt32LE(20) || !joins) break;
    const plainBytes = bytes.readUInt32LE(8);
    const packedBytes = bytes.readUInt32LE(12);
    const packedAt = at + FRAME_HEAD_BYTES;
    if (plainBytes > FRAME_PLAIN_BYTES || packedBytes > MAX_PACKED_BYTES || packedAt + packedBytes > fileBytes) break;
    frames.push({ plainAt: begin, plainBytes, packedAt, packedBytes, checksum: bytes.readUInt32LE(16) });
    at = packedAt + packedBytes;
    if (begin === plainAt) plainAt += plainBytes;
  }
  return frames;
}

/**
 * What the spool file at `path` says about itself: the note it was written with, and the plain bytes [start, end) it
 * holds. Reads heads only, no log bytes; so a block that was damaged later shows only when a worker reads it, and then
 * the file ends there. Throws SleipnirError SPOOL_DAMAGED, and what the system throws.
 */
export function readSpoolHead(path: string): NonNullable<SpoolHeadsResult['heads'][number]> {
  const fd = openSync(path, 'r');
  try {
    const head = readHead(fd, path);
    const last = readFrames(fd, head).findLast(({ plainAt }) => plainAt >= head.start);
    return {
      note: head.note,
      start: head.start,
      end: last === undefined ? head.start : last.plainAt + last.plainBytes,
      fileBytes: fstatSync(fd).size,
    };
  } finally {
    closeSync(fd);
  }
}

/** What each of the files says about itself; null for one whose head is damaged or that cannot be read. */
export function readSpoolHeads({ paths }: SpoolHeadsJob): SpoolHeadsResult {
  return {
    heads: paths.map((path) => {
      try {
        return readSpoolHead(path);
      } catch {
        return null;
      }
    }),
  };
}
