import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { HEAD_BYTES, type SpoolJob, type SpoolResult } from '../../src/protocol.js';
import { markOf } from '../mark.js';
import type { ByteSource, Sources } from './source.js';
import { encodeFrameHead, encodeHead, FRAME_HEAD_BYTES, FRAME_PLAIN_BYTES } from './spool-format.js';

const NEWLINE = 0x0a;

/**
 * Copies the plain bytes [from, end) of a generation into a new spool file, and its first bytes, by which it is known.
 * The file appears under `job.path` complete, or not at all: not even one frame within `limitBytes`, or nothing to copy,
 * makes no file and `fileBytes` 0. Throws what the system throws (ENOSPC, ...), leaving no file behind.
 */
export async function writeSpool(job: SpoolJob, sources: Sources): Promise<SpoolResult> {
  const source = await sources.open(job.source);
  try {
    if (!(await isAsRead(job, source))) return { end: job.from, fileBytes: 0, complete: false, changed: true };
    const temporary = `${job.path}.tmp`;
    try {
      const result = await copyFrames(job, source, temporary);
      if (result.fileBytes === 0) {
        rmSync(temporary, { force: true });
      } else {
        renameSync(temporary, job.path);
      }
      return result;
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  } finally {
    source.close();
  }
}

async function isAsRead(job: SpoolJob, source: ByteSource): Promise<boolean> {
  const { from, tail } = job;
  // To look back in a compressed file is to inflate it once more, and nobody truncates that.
  if (tail == null || job.source.kind === 'gzip') return true;
  const bytes = Buffer.alloc(tail.bytes);
  const got = await source.read(bytes, 0, tail.bytes, from - tail.bytes);
  return got === tail.bytes && markOf(bytes, 0, got).hash === tail.hash;
}

async function copyFrames(job: SpoolJob, source: ByteSource, temporary: string): Promise<SpoolResult> {
  const { compressSync } = await import('lz4-napi');
  const plain = Buffer.allocUnsafe(FRAME_PLAIN_BYTES);
  const head = encodeHead(job.from, job.note);
  let end = job.from;
  let fileBytes = head.length;
  let complete = false;
  const fd = openSync(temporary, 'w', 0o600);
  try {
    writeAll(fd, head);
    const add = (plainAt: number, block: Buffer): boolean => {
      const packed = compressSync(block);
      if (fileBytes + FRAME_HEAD_BYTES + packed.length > job.limitBytes) return false;
      writeAll(fd, encodeFrameHead(plainAt, block.length, packed));
      writeAll(fd, packed);
      fileBytes += FRAME_HEAD_BYTES + packed.length;
      return true;
    };
    const firstBytes = await source.read(plain, 0, Math.min(job.from, HEAD_BYTES), 0);
    let fits = firstBytes === 0 || add(0, plain.subarray(0, firstBytes));
    while (fits) {
      const got = await source.read(plain, 0, plain.length, end);
      complete = got === 0;
      if (complete) break;
      // Should the next one not fit, the copy ends with a line.
      const lines = plain.subarray(0, got).lastIndexOf(NEWLINE) + 1 || got;
      source.giveBack(plain, lines, got, end + lines);
      fits = add(end, plain.subarray(0, lines));
      if (fits) end += lines;
    }
  } finally {
    closeSync(fd);
  }
  return { end, fileBytes: end === job.from ? 0 : fileBytes, complete };
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(fd, bytes, at);
}
