import type { JournalFile } from './files.js';
import { type Entry, encodeEntry, JOURNAL_VERSION } from './line.js';
import type { PositionRecord } from './record.js';

/** What is encoded without a break, in characters: some milliseconds of the main thread. */
const WRITE_CHARS = 256 * 1024;

/** Changes to store, by container log; null is a log to forget. */
export type Batch = Map<string, PositionRecord | null>;

/**
 * What a file begins with: all records. The logs that `batch` forgets come before them by name, because an older file
 * that still knows them is read too if this one is damaged.
 */
export function* snapshot(records: PositionRecord[], batch: Batch): Generator<Entry> {
  yield { kind: 'version', version: JOURNAL_VERSION };
  for (const [log, record] of batch) if (record === null) yield { kind: 'forget', log };
  for (const record of records) yield { kind: 'put', record };
  yield { kind: 'end', records: records.length };
}

export function* changes(batch: Batch): Generator<Entry> {
  for (const [log, record] of batch) yield record === null ? { kind: 'forget', log } : { kind: 'put', record };
}

/** Appends entries, a bounded text at a time; returns how many bytes they took. */
export async function writeEntries(file: JournalFile, entries: Iterable<Entry>): Promise<number> {
  let bytes = 0;
  let text = '';
  const flush = async () => {
    const chunk = Buffer.from(text);
    text = '';
    await file.appendFile(chunk);
    bytes += chunk.length;
  };
  for (const entry of entries) {
    text += encodeEntry(entry);
    if (text.length >= WRITE_CHARS) await flush();
  }
  if (text.length > 0) await flush();
  return bytes;
}
