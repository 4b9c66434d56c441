import type { Source } from '../../../src/protocol.js';
import type { Sources } from '../../../workers/read/source.js';

/** All plain bytes from `from` on, read in steps. */
export async function readAll(sources: Sources, source: Source, from = 0, step = 10_000): Promise<Buffer> {
  const opened = await sources.open(source);
  try {
    const parts: Buffer[] = [];
    for (let position = from; ; ) {
      const part = Buffer.alloc(step);
      const got = await opened.read(part, 0, step, position);
      if (got === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, got));
      position += got;
    }
  } finally {
    opened.close();
  }
}

/** Seeded bytes that look like a log: compressible, but not too much. */
export function logBytes(lines: number): Buffer {
  let state = 42;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state;
  };
  const text: string[] = [];
  for (let i = 0; i < lines; i++) {
    const nanos = String(next() % 1_000_000_000).padStart(9, '0');
    const stream = next() % 3 === 0 ? 'stderr' : 'stdout';
    text.push(`2026-08-01T12:00:00.${nanos}Z ${stream} F line=${i} value=${next().toString(36)} status=200\n`);
  }
  return Buffer.from(text.join(''));
}
