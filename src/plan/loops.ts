import { readFileSync } from 'node:fs';

/** The workers' WebAssembly: beside us in the bundle, and where scripts/wasm.mjs puts it otherwise. */
const LOOPS_FILE = new URL(
  import.meta.url.endsWith('/src/plan/loops.js') ? '../../workers/wasm/loops.wasm' : './loops.wasm',
  import.meta.url,
);

/**
 * Compiles the workers' inner loops once for all workers; null where that is not possible (a processor without SIMD,
 * `--jitless`), and they do without. To be called before `keepWasmLight`, which leaves what is compiled later without
 * V8's optimising compiler.
 */
export function compileLoops(): WebAssembly.Module | null {
  try {
    return new WebAssembly.Module(readFileSync(LOOPS_FILE));
  } catch {
    return null;
  }
}
