import type { PushWriter } from '../encode/push.js';
import type { Memory } from '../memory.js';
import type { LineLoop } from '../parse/parser.js';
import {
  FIELD_BYTES,
  FIELD_FROM,
  FIELD_IS_TEXT,
  FIELD_KEY,
  FIELD_KEY_BYTES,
  FIELD_TO,
  FIELDS_BYTES,
  LINES,
  NANOS,
  NEWEST_MS,
  OLDEST_MS,
  SECONDS,
} from './layout.js';

/** What `assembly/index.ts` exports. Addresses come back as int32. */
interface Exports {
  takeLines(start: number, stop: number, end: number, state: number, whole: boolean): number;
  compress(from: number, end: number, table: number, to: number): number;
  findFields(from: number, to: number, fields: number, count: number): number;
}

/** Who gives lines without a timestamp one that follows the line before. */
export interface Follower {
  /** Notes the timestamp of a line that had one. */
  follow(seconds: number, nanos: number): void;
}

/** Finds the values of some keys in JSON lines of the memory. */
export interface FieldLoop {
  /** Where the lines must lie. */
  readonly bytes: Buffer;
  /** Whether the line is a JSON object of the usual kind. If so, the rest tells of key number `index`, until the next call. */
  find(from: number, to: number): boolean;
  /** Where the value begins; 0 if there is none. */
  from(index: number): number;
  to(index: number): number;
  /** Whether it is a string without escapes; `from` and `to` are then those of its content. */
  isText(index: number): boolean;
}

/**
 * The loops that are most of a worker's time, as WebAssembly over the memory that everything else works in too: parsing
 * plain CRI lines into the push, finding fields in JSON lines, and compressing the push. At half the CPU of the same in
 * JavaScript and of the snappy binding (bench/workers/wasm). Whatever is unusual is left to the parsers.
 */
export class Loops {
  readonly #memory: Memory;
  readonly #push: PushWriter;
  readonly #exports: Exports;
  /** Whose keys are in the memory. */
  #fields: FieldLoop | null = null;

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

  /** What finds the values of `keys` in JSON lines; null if there is no room for so many. */
  fields(keys: readonly Buffer[]): FieldLoop | null {
    const { bytes, view, fieldsAt } = this.#memory;
    const length = keys.reduce((sum, key) => sum + FIELD_BYTES + key.length, 0);
    if (length > FIELDS_BYTES) return null;
    const { findFields } = this.#exports;
    const setKeys = (): void => {
      let at = fieldsAt + keys.length * FIELD_BYTES;
      for (const [i, key] of keys.entries()) {
        const field = fieldsAt + i * FIELD_BYTES;
        view.setInt32(field + FIELD_KEY, at, true);
        view.setInt32(field + FIELD_KEY_BYTES, key.length, true);
        at += key.copy(bytes, at);
      }
    };
    const loop: FieldLoop = {
      bytes,
      find: (from, to) => {
        if (this.#fields !== loop) {
          this.#fields = loop;
          setKeys();
        }
        return findFields(from, to, fieldsAt, keys.length) !== 0;
      },
      from: (index) => view.getInt32(fieldsAt + index * FIELD_BYTES + FIELD_FROM, true),
      to: (index) => view.getInt32(fieldsAt + index * FIELD_BYTES + FIELD_TO, true),
      isText: (index) => view.getInt32(fieldsAt + index * FIELD_BYTES + FIELD_IS_TEXT, true) === 1,
    };
    return loop;
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
