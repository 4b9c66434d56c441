import { compressSync } from 'snappy';
import { compress } from '../../../workers/encode/compress.js';
import { corpusBytes } from '../../corpus.js';
import type { Case } from '../case.js';

const SIZES = [16 * 1024, 256 * 1024, 1024 * 1024];

/** Snappy as the workers call it, and as one would call it first. */
export function cases(): Case[] {
  return SIZES.flatMap((size): Case[] => {
    const block = corpusBytes(size, 1);
    const name = `snappy of ${size / 1024} KiB`;
    return [
      { name, unit: 'bytes', count: block.length, fn: () => void compress(block) },
      {
        name: `${name} without copyOutputData`,
        unit: 'bytes',
        count: block.length,
        fn: () => void compressSync(block),
      },
    ];
  });
}
