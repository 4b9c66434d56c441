import { createRequire } from 'node:module';

let codec: typeof import('snappy') | null = null;

/**
 * Snappy block of `push`, in an ArrayBuffer of its own, so that it can be transferred. Without `copyOutputData` the
 * binding keeps a buffer of the largest possible size for every call: slower, and far more memory
 * (bench/workers/encode/compress.bench.ts). The binding, which brings threads of its own, is loaded by the first call:
 * where there is WebAssembly nobody makes one.
 */
export function compress(push: Buffer): Uint8Array {
  codec ??= createRequire(import.meta.url)('snappy') as typeof import('snappy');
  return codec.compressSync(push, { copyOutputData: true });
}
