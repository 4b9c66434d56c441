import { closeSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Corpus, layCorpus } from '../corpus.js';

export interface CorpusShape {
  pods: number;
  bytes: number;
  /** Bytes of content of every line; 0: natural lengths. */
  lineBytes: number;
  seed: number;
}

/** A corpus in the system's temporary folder. */
export interface SharedCorpus extends Corpus {
  root: string;
  /** Lines as applications printed them: a line in P parts counts once. */
  entries: number;
}

const PIECE_BYTES = 1024 * 1024;
/** Behind the timestamp: a space, `stdout` or `stderr`, a space. */
const TAG_AT = 8;
const FULL = 0x46;

/** Lays out a corpus where the next run finds it again, and reads it once: it is in the page cache then. */
export async function sharedCorpus(shape: CorpusShape): Promise<SharedCorpus> {
  const { pods, bytes, lineBytes, seed } = shape;
  const root = join(tmpdir(), 'sleipnir-bench', `${pods}-pods-${bytes}-bytes-${lineBytes}-long-seed-${seed}`);
  const corpus = await layCorpus({ root, ...shape });
  return { ...corpus, root, entries: corpus.files.reduce((sum, file) => sum + countEntries(file), 0) };
}

/** Counts the CRI lines of a file that end an entry. */
export function countEntries(file: string): number {
  const fd = openSync(file, 'r');
  const buffer = Buffer.allocUnsafe(2 * PIECE_BYTES);
  let entries = 0;
  let held = 0;
  try {
    for (;;) {
      const length = readSync(fd, buffer, held, PIECE_BYTES, null);
      if (length === 0) return entries;
      const end = held + length;
      let from = 0;
      for (let newline = buffer.indexOf(10, from); newline !== -1 && newline < end; ) {
        if (buffer[buffer.indexOf(0x20, from) + TAG_AT] === FULL) entries++;
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
