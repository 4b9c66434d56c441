import { HEAD_BYTES, type Mark, TAIL_BYTES } from '../../src/protocol.js';
import { markOf } from '../mark.js';
import type { Memory } from '../memory.js';
import type { ByteSource } from './source.js';

const NEWLINE = 0x0a;
/** How much is read at a time where only the rest of a line is wanted. A CRI line has at most 16 KiB of content. */
const LINE_REST_BYTES = 16 * 1024;

/**
 * The part of a source that lies in the input region of the Memory: `bytes[0, end)`, of which `bytes[0, at)` is
 * consumed. The last TAIL_BYTES before `at` are always kept, for the mark. A newline stands at `bytes[end]`, so that a
 * search for one ends there at the latest.
 */
export class Window {
  at = 0;
  end = 0;
  /** Offset in the source of `bytes[0]`. */
  origin = 0;
  /** Whether the source had no more when it was last read. */
  ended = false;
  /** Whether the source holds offset `from` of `begin`, or at least ends exactly there. */
  reachesStart = false;
  readonly bytes: Buffer;
  readonly #capacity: number;
  readonly #chunkBytes: number;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  #headKept = false;
  readonly #source: ByteSource;

  constructor(memory: Memory, source: ByteSource) {
    this.bytes = memory.bytes;
    this.bytes[0] = NEWLINE;
    this.#capacity = memory.inputBytes - 1;
    this.#chunkBytes = memory.readChunkBytes;
    this.#source = source;
  }

  /** Stands at offset `from`, with the `lead` bytes before it in the window as far as the source has them. */
  async begin(from: number, to: number, lead: number): Promise<void> {
    const start = from < HEAD_BYTES ? 0 : from - lead;
    this.#headKept = from < HEAD_BYTES && this.#source.start === 0;
    this.origin = Math.max(start, this.#source.start);
    while (this.origin + this.end < from && !this.ended) await this.fill(to);
    this.at = Math.max(0, Math.min(from - this.origin, this.end));
    this.reachesStart = this.position === from;
  }

  /** Offset in the source of the first byte that is not consumed. */
  get position(): number {
    return this.origin + this.at;
  }

  /** Whether `fill` could bring anything. */
  get hasRoom(): boolean {
    return this.at > TAIL_BYTES || this.end < this.#capacity;
  }

  /** Drops what is consumed, and reads on; sets `ended` if there is no more. `to` is the offset up to which lines begin. */
  async fill(to: number): Promise<void> {
    const dropped = Math.max(0, this.at - TAIL_BYTES);
    if (dropped > 0) {
      this.bytes.copyWithin(0, dropped, this.end);
      this.at -= dropped;
      this.end -= dropped;
      this.origin += dropped;
    }
    const position = this.origin + this.end;
    const wanted = Math.max(LINE_REST_BYTES, to - position);
    const length = Math.min(wanted, this.#chunkBytes, this.#capacity - this.end);
    const got = await this.#source.read(this.bytes, this.end, length, position);
    if (this.#headKept && position < HEAD_BYTES) {
      this.bytes.copy(this.#head, position, this.end, this.end + got);
      this.#headBytes = Math.min(HEAD_BYTES, position + got);
    }
    this.end += got;
    this.bytes[this.end] = NEWLINE;
    this.ended = got === 0;
  }

  /** Whether the `mark.bytes` before `at` are the ones of `mark`, as far as the source goes back that far. */
  follows(mark: Mark): boolean {
    const from = this.at - mark.bytes;
    if (from < 0) return this.#source.start > 0 && this.origin === this.#source.start;
    return markOf(this.bytes, from, this.at).hash === mark.hash;
  }

  /** Whether the source begins with the bytes of `mark`; to be asked where the window began at 0. */
  async beginsWith(mark: Mark, to: number): Promise<boolean> {
    while (this.#headBytes < mark.bytes && !this.ended && this.hasRoom) await this.fill(to);
    return this.#headBytes >= mark.bytes && markOf(this.#head, 0, mark.bytes).hash === mark.hash;
  }

  /** Fingerprint of the first min(HEAD_BYTES, `position`) bytes, if the window began within them. */
  headMark(): Mark | null {
    const length = Math.min(this.#headBytes, this.position);
    // A mark of no bytes would be found in every file.
    return this.#headKept && length > 0 ? markOf(this.#head, 0, length) : null;
  }

  /** Mark of the bytes before `at`. */
  tailMark(): Mark | null {
    return this.at === 0 ? null : markOf(this.bytes, Math.max(0, this.at - TAIL_BYTES), this.at);
  }

  /** Hands back what the slice behind this one will want: from the lead of `to` or of `position`, whichever is less. */
  giveBack(to: number): void {
    const from = Math.max(0, Math.min(this.at, to - this.origin) - TAIL_BYTES);
    this.#source.giveBack(this.bytes, from, this.end, this.origin + from);
  }
}
