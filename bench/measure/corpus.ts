import { closeSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Corpus, layCorpus } from '../corpus.js';
import { SEQ_REGEX } from '../node/seq.js';
import type { Style } from '../node/shapes.js';

export interface CorpusShape {
  pods: number;
  bytes: number;
  /** Bytes of content of every line; 0: natural lengths. */
  lineBytes: number;
  style: Style;
  seed: number;
}

/** A corpus in the system's temporary folder. */
export interface SharedCorpus extends Corpus {
  root: string;
  /** Lines as applications printed them: a line in P parts counts once. */
  entries: number;
  /** Those of them that have a certain text in them, or in their first part. */
  withText: number;
}

const PIECE_BYTES = 1024 * 1024;
/** Behind the timestamp: a space, `stdout` or `stderr`, a space. */
const TAG_AT = 8;
const FULL = 0x46;

/**
 * Lays out a corpus where the next run finds it again, and reads it once: it is in the page cache then. `text`: what
 * `withText` counts; null: nothing.
 */
export async function sharedCorpus(shape: CorpusShape, text: string | null): Promise<SharedCorpus> {
  const { pods, bytes, lineBytes, style, seed } = shape;
  const name = `${pods}-pods-${bytes}-bytes-${lineBytes}-long-${style}-seed-${seed}`;
  const root = join(tmpdir(), 'sleipnir-bench', name);
  const corpus = await layCorpus({ root, ...shape });
  const counts = corpus.files.map((file) => countEntries(file, text));
  const sum = (key: keyof EntryCounts) => counts.reduce((total, count) => total + count[key], 0);
  return { ...corpus, root, entries: sum('entries'), withText: sum('withText') };
}

export type EntryCounts = Pick<SharedCorpus, 'entries' | 'withText'>;

/** Counts the CRI lines of a file that end an entry, and those that begin one and have `text` in them. */
export function countEntries(file: string, text: string | null = null): EntryCounts {
  const fd = openSync(file, 'r');
  const buffer = Buffer.allocUnsafe(2 * PIECE_BYTES);
  let entries = 0;
  let withText = 0;
  let held = 0;
  try {
    for (;;) {
      const length = readSync(fd, buffer, held, PIECE_BYTES, null);
      if (length === 0) return { entries, withText };
      const end = held + length;
      let from = 0;
      for (let newline = buffer.indexOf(10, from); newline !== -1 && newline < end; ) {
        if (buffer[buffer.indexOf(0x20, from) + TAG_AT] === FULL) entries++;
        if (text !== null && hasText(buffer, from, newline, text)) withText++;
        from = newline + 1;
        newline = buffer.indexOf(10, from);
      }
      held = end - from;
      buffer.copy(buffer, 0, from, end);
    }
  } finally {
    closeSync(fd);
  }
}

/** The later parts of a line bear no number. */
function hasText(buffer: Buffer, from: number, to: number, text: string): boolean {
  const line = buffer.toString('utf8', from, to);
  return line.includes(text) && SEQ_REGEX.test(line);
}
