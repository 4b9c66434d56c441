import type { CountJob, CountResult } from '../src/protocol.js';
import type { Sources } from './read/source.js';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 256 * 1024;

/** Counts the lines that begin at or after `from`, an unterminated rest included. Throws what the system throws. */
export async function runCount(job: CountJob, sources: Sources): Promise<CountResult> {
  const source = await sources.open(job.source);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let lines = 0;
  let bytes = 0;
  let terminated = true;
  try {
    for (;;) {
      const got = await source.read(chunk, 0, chunk.length, job.from + bytes);
      if (got === 0) break;
      const block = chunk.subarray(0, got);
      for (let at = block.indexOf(NEWLINE); at !== -1; at = block.indexOf(NEWLINE, at + 1)) lines += 1;
      terminated = block[got - 1] === NEWLINE;
      bytes += got;
    }
  } finally {
    source.close();
  }
  return { lines: terminated ? lines : lines + 1, bytes };
}
