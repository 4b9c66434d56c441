import type { PushWriter } from '../encode/push.js';
import type { Memory } from '../memory.js';
import type { UnstampedLines } from '../parse/unstamped.js';
import { LINES, NANOS, NEWEST_MS, OLDEST_MS, SECONDS } from './layout.js';

/** What `assembly/index.ts` exports. Addresses come back as int32. */
interface Exports {
  takeLines(start: number, stop: number, end: number, state: number): number;
  compress(from: number, end: number, table: number, to: number): number;
}

/**
 * The two loops that are most of a worker's time, as WebAssembly over the memory that everything else works in too:
 * parsing plain CRI lines into the push, and compressing it. At half the CPU of the same in JavaScript and of the
 * snappy binding (bench/workers/wasm). Whatever is unusual is left to the parsers.
 */
export class Loops {
  /** How many lines the last `takeLines` took. */
  lines = 0;
  readonly #memory: Memory;
  readonly #push: PushWriter;
  readonly #unstamped: UnstampedLines;
  readonly #exports: Exports;

  /** `linear` is the memory's own. Throws LinkError if `module` is not ours. */
  constructor(
    module: WebAssembly.Module,
    linear: WebAssembly.Memory,
    memory: Memory,
    push: PushWriter,
    unstamped: UnstampedLines,
  ) {
    this.#memory = memory;
    this.#push = push;
    this.#unstamped = unstamped;
    this.#exports = new WebAssembly.Instance(module, { env: { memory: linear } }).exports as Exports;
  }

  /**
   * Writes the plain CRI lines from `start` on to the push, until one begins at `stop` or later, is not whole before
   * `end`, or is not plain, or finds no room. Returns where that one begins. A newline must stand at `end`, and no
   * partial line may be open.
   */
  takeLines(start: number, stop: number, end: number): number {
    const { view, stateAt } = this.#memory;
    const at = this.#exports.takeLines(start, stop, end, stateAt) >>> 0;
    this.lines = view.getInt32(stateAt + LINES, true);
    if (this.lines > 0) {
      const oldestMs = view.getFloat64(stateAt + OLDEST_MS, true);
      const newestMs = view.getFloat64(stateAt + NEWEST_MS, true);
      this.#push.adopt(this.lines, oldestMs, newestMs);
      this.#unstamped.follow(view.getFloat64(stateAt + SECONDS, true), view.getInt32(stateAt + NANOS, true));
    }
    return at;
  }

  /** Snappy block of `push`, which holds until the next call; null if `push` does not lie in the memory, or is too long. */
  compress(push: Buffer): Uint8Array | null {
    const { bytes, tableAt, compressedAt, outputBytes } = this.#memory;
    if (push.buffer !== bytes.buffer || push.length > outputBytes) return null;
    const from = push.byteOffset;
    const end = this.#exports.compress(from, from + push.length, tableAt, compressedAt) >>> 0;
    return bytes.subarray(compressedAt, end);
  }
}
