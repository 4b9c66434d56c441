import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createUnzip } from 'node:zlib';
import { type FoundFile, findFiles } from '../chain/listing.js';
import { compareSuffixes, readGenerationName } from '../chain/name.js';

/** A generation of a log, as it is on disk now. */
export interface Candidate extends FoundFile {
  /** Milliseconds since the epoch; null where the file system does not tell, and for what was compressed later. */
  bornMs: number | null;
}

const NEWLINE = 10;
const CHUNK_BYTES = 64 * 1024;

/** The generations of a log, oldest first. A plain file stands for the `.gz` beside it as well. */
export async function candidatesOf(log: string): Promise<Candidate[]> {
  const folder = dirname(log);
  const names = (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
  const own = names.flatMap((path) => {
    const name = readGenerationName(path);
    return name.log === log ? [{ ...name, path }] : [];
  });
  const files = findFiles(own);
  const plain = new Set(files.filter(({ gzip }) => !gzip).map(({ suffix }) => suffix));
  const each = files.filter(({ gzip, suffix }) => !gzip || !plain.has(suffix));
  const candidates = await Promise.all(each.map(async (file) => ({ ...file, bornMs: await bornOf(file) })));
  return candidates.sort((a, b) => compareSuffixes(a.suffix, b.suffix));
}

/** The only generation of a log that is a compressed file, whatever that is called. */
export function wholeOf(path: string): Candidate[] {
  return findFiles([{ path, log: path, suffix: '', gzip: true }]).map((file) => ({ ...file, bornMs: null }));
}

async function bornOf({ path, gzip }: FoundFile): Promise<number | null> {
  if (gzip) return null;
  const seen = await stat(path).catch(() => null);
  // Where there is no time of birth, some systems give that of the last change instead.
  if (seen === null || seen.birthtimeMs <= 0 || seen.birthtimeMs >= seen.ctimeMs) return null;
  return seen.birthtimeMs;
}

/** Whether a line begins at `offset` of a plain or gzipped file, and the file is that long. */
export async function startsLineAt({ path, gzip }: FoundFile, offset: number): Promise<boolean> {
  if (offset === 0) return true;
  if (gzip) return (await scan(path, offset)).isLineStart;
  return withFile(path, async (file) => (await readAt(file, offset - 1, 1))[0] === NEWLINE);
}

/** Where the line begins that holds the byte before `offset`; 0 if that is the first. Plain files only. */
export async function lineStartBefore({ path }: FoundFile, offset: number): Promise<number> {
  return withFile(path, async (file) => {
    for (let end = offset; end > 0; end -= CHUNK_BYTES) {
      const from = Math.max(0, end - CHUNK_BYTES);
      const at = (await readAt(file, from, end - from)).lastIndexOf(NEWLINE);
      if (at !== -1) return from + at + 1;
    }
    return 0;
  });
}

/** The offset behind the first `lines` lines of a gzipped file; null if it has not so many. */
export async function offsetOfLine({ path }: FoundFile, lines: number): Promise<number | null> {
  return lines === 0 ? 0 : (await scan(path, Number.POSITIVE_INFINITY, lines)).lineEnd;
}

/** The size of a file in plain bytes. */
export async function plainSize({ path, gzip, size }: FoundFile): Promise<number> {
  return gzip ? (await scan(path, Number.POSITIVE_INFINITY)).bytes : size;
}

interface Scan {
  /** Plain bytes read. */
  bytes: number;
  /** Whether `offset` was reached, and a line begins there. */
  isLineStart: boolean;
  /** Where line number `lines` ended. */
  lineEnd: number | null;
}

/** Inflates a file up to `offset` or the end of line number `lines`, whichever comes first. A damaged rest is no rest. */
async function scan(path: string, offset: number, lines = Number.POSITIVE_INFINITY): Promise<Scan> {
  const result: Scan = { bytes: 0, isLineStart: false, lineEnd: null };
  let seen = 0;
  const file = createReadStream(path);
  const inflated = file.on('error', (error) => inflated.destroy(error)).pipe(createUnzip());
  try {
    for await (const chunk of inflated as AsyncIterable<Buffer>) {
      if (lines !== Number.POSITIVE_INFINITY) {
        for (let at = chunk.indexOf(NEWLINE); at !== -1 && seen < lines; at = chunk.indexOf(NEWLINE, at + 1)) {
          seen += 1;
          if (seen === lines) return { ...result, lineEnd: result.bytes + at + 1 };
        }
      }
      if (result.bytes + chunk.length >= offset) {
        return { ...result, isLineStart: chunk[offset - 1 - result.bytes] === NEWLINE };
      }
      result.bytes += chunk.length;
    }
  } catch {
    // What can be read of it has been read.
  } finally {
    file.destroy();
  }
  return result;
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** The name of a generation in a cursor. */
export function nameOf({ path }: FoundFile): string {
  return basename(path);
}
