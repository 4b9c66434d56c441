import type { PushWriter } from '../encode/push.js';
import type { Memory } from '../memory.js';
import type { LineLoop } from '../parse/parser.js';
import { LINES, NANOS, NEWEST_MS, OLDEST_MS, SECONDS } from './layout.js';

/** What `assembly/index.ts` exports. Addresses come back as int32. */
interface Exports {
  takeLines(start: number, stop: number, end: number, state: number, whole: boolean): number;
  compress(from: number, end: number, table: number, to: number): number;
}

/** Who gives lines without a timestamp one that follows the line before. */
export interface Follower {
  /** Notes the timestamp of a line that had one. */
  follow(seconds: number, nanos: number): void;
}

/**
 * The two loops that are most of a worker's time, as WebAssembly over the memory that everything else works in too:
 * parsing plain CRI lines into the push, and compressing it. At half the CPU of the same in JavaScript and of the
 * snappy binding (bench/workers/wasm). Whatever is unusual is left to the parsers.
 */
export class Loops {
  readonly #memory: Memory;
  readonly #push: PushWriter;
  readonly #exports: Exports;

  /** `linear` is the memory's own. Throws LinkError if `module` is not ours. */
  constructor(module: WebAssembly.Module, linear: WebAssembly.Memory, memory: Memory, push: PushWriter) {
    this.#memory = memory;
    this.#push = push;
    this.#exports = new WebAssembly.Instance(module, { env: { memory: linear } }).exports as Exports;
  }

  /**
   * Writes plain CRI lines to the push: their content, or (`whole`) all of them, as entries that bear no stream. No
   * partial line may be open, if it is the content.
   */
  lines(follower: Follower, whole: boolean): LineLoop {
    const { view, stateAt } = this.#memory;
    const push = this.#push;
    const { takeLines } = this.#exports;
    const loop: LineLoop = {
      taken: 0,
      take(start, stop, end) {
        const at = takeLines(start, stop, end, stateAt, whole) >>> 0;
        loop.taken = view.getInt32(stateAt + LINES, true);
        if (loop.taken > 0) {
          const oldestMs = view.getFloat64(stateAt + OLDEST_MS, true);
          const newestMs = view.getFloat64(stateAt + NEWEST_MS, true);
          push.adopt(loop.taken, oldestMs, newestMs);
          follower.follow(view.getFloat64(stateAt + SECONDS, true), view.getInt32(stateAt + NANOS, true));
        }
        return at;
      },
    };
    return loop;
  }

  /** Snappy block of `push`, in an ArrayBuffer of its own; null if it does not lie in the memory, or is too long. */
  compress(push: Buffer): Uint8Array | null {
    const { bytes, tableAt, compressedAt, outputBytes } = this.#memory;
    if (push.buffer !== bytes.buffer || push.length > outputBytes) return null;
    const from = push.byteOffset;
    const end = this.#exports.compress(from, from + push.length, tableAt, compressedAt) >>> 0;
    return new Uint8Array(bytes.buffer.slice(compressedAt, end));
  }
}
