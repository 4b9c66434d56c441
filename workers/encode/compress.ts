import { compressSync } from 'snappy';

/**
 * Snappy block of `push`, in an ArrayBuffer of its own, so that it can be transferred. Without `copyOutputData` the
 * binding keeps a buffer of the largest possible size for every call: slower, and far more memory
 * (bench/workers/encode/compress.bench.ts).
 */
export function compress(push: Buffer): Uint8Array {
  return compressSync(push, { copyOutputData: true });
}
