import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import type { Cursor, PositionRecord } from './record.js';

/** The version of the format of journal files that is written here. */
export const JOURNAL_VERSION = 1;

/** One line of a journal file. */
export type Entry =
  /** First line of a file. */
  | { kind: 'version'; version: number }
  | { kind: 'put'; record: PositionRecord }
  | { kind: 'forget'; log: string }
  /** The snapshot that a file begins with is over; it held this many records. */
  | { kind: 'end'; records: number };

const NEWLINE = 0x0a;
const CRC_DIGITS = 8;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const mark = v.object({ bytes: count, hash: v.string() });
const cursor = v.object({
  dev: v.string(),
  ino: v.string(),
  name: v.string(),
  head: v.nullable(mark),
  tail: v.nullable(mark),
  offset: count,
  size: count,
  format: v.nullable(v.picklist(['cri', 'docker', 'raw'])),
  carry: v.nullable(
    v.pipe(
      v.string(),
      // Copied out of Buffer's shared pool: a carry is posted to workers, and would take the whole pool along.
      v.transform((base64) => new Uint8Array(Buffer.from(base64, 'base64'))),
    ),
  ),
  gap: v.optional(v.literal(true)),
});
const entry = v.union([
  v.pipe(
    v.object({ put: v.string(), cursors: v.array(cursor), doneThrough: v.optional(v.nullable(v.string())) }),
    v.transform(({ put, ...rest }): Entry => ({ kind: 'put', record: { log: put, ...rest } })),
  ),
  v.pipe(
    v.object({ forget: v.string() }),
    v.transform(({ forget }): Entry => ({ kind: 'forget', log: forget })),
  ),
  v.pipe(
    v.object({ end: count }),
    v.transform(({ end }): Entry => ({ kind: 'end', records: end })),
  ),
  v.pipe(
    v.object({ journal: count }),
    v.transform(({ journal }): Entry => ({ kind: 'version', version: journal })),
  ),
]);

/**
 * An entry as text: newline, CRC-32 of the JSON in 8 hex digits, space, JSON, newline. Each entry brings a newline of
 * its own on both sides, so a damaged byte, or a neighbour that was written in part, never costs more than one entry.
 */
export function encodeEntry(entry: Entry): string {
  const json = JSON.stringify(toStored(entry));
  return `\n${checksum(json)} ${json}\n`;
}

/** What a journal file holds, in its order, and how many lines of it are damaged. Takes any bytes. */
export function decodeEntries(bytes: Uint8Array): { entries: Entry[]; damagedLines: number } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Entry[] = [];
  let damagedLines = 0;
  for (let from = 0; from < buffer.length; ) {
    const newline = buffer.indexOf(NEWLINE, from);
    const to = newline === -1 ? buffer.length : newline;
    if (to > from) {
      const decoded = decodeLine(buffer.subarray(from, to));
      if (decoded === null) damagedLines++;
      else entries.push(decoded);
    }
    from = to + 1;
  }
  return { entries, damagedLines };
}

function decodeLine(line: Buffer): Entry | null {
  const json = line.subarray(CRC_DIGITS + 1);
  if (line.toString('latin1', 0, CRC_DIGITS + 1) !== `${checksum(json)} `) return null;
  try {
    const parsed = v.safeParse(entry, JSON.parse(json.toString('utf8')));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

function checksum(json: string | Uint8Array): string {
  return crc32(json).toString(16).padStart(CRC_DIGITS, '0');
}

function toStored(entry: Entry): unknown {
  switch (entry.kind) {
    case 'version':
      return { journal: entry.version };
    case 'forget':
      return { forget: entry.log };
    case 'end':
      return { end: entry.records };
    case 'put': {
      const { log, cursors, doneThrough } = entry.record;
      return { put: log, cursors: cursors.map(storedCursor), doneThrough };
    }
  }
}

/** Field by field: an object that holds more than a cursor is one to the compiler too. */
function storedCursor({ dev, ino, name, head, tail, offset, size, format, carry, gap }: Cursor): unknown {
  return { dev, ino, name, head, tail, offset, size, format, carry: carry && base64(carry), gap };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
