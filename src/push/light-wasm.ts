import { setFlagsFromString } from 'node:v8';

/**
 * Has WebAssembly compiled once, by V8's baseline compiler. undici brings its HTTP parser as WebAssembly, and Node 20
 * compiles all of it with the optimising compiler at the first request: 35 MiB of memory and 0.13 CPU seconds for a
 * parser that reads answers of a few hundred bytes. Later versions compile function by function and lose nothing here.
 * Must be called before the first request.
 *
 * Measured with bench/push/pool-memory.ts.
 */
export function keepWasmLight(): void {
  setFlagsFromString('--liftoff-only');
}
