import { type PushWriter, STDERR, STDOUT, type StreamKind } from '../encode/push.js';
import type { Memory } from '../memory.js';
import type { OpenEntry } from './carry.js';

const KINDS: readonly StreamKind[] = [STDOUT, STDERR];

/**
 * Joins partial lines to entries, each stream on its own. A joined entry has the timestamp of its last line, as with
 * Alloy. One that outgrows `maxLineBytes` is emitted cut at once, and what follows of it is skipped, so that an entry
 * that never ends takes constant memory.
 */
export class PartialJoiner {
  /** Whether any entry is open or being skipped. If not, a full line may be written without asking. */
  pending = false;

  /** Parts taken in this slice, and entries made of parts. */
  parts = 0;
  joined = 0;

  readonly #memory: Memory;
  readonly #push: PushWriter;
  readonly #open = [false, false, false];
  readonly #skipped = [false, false, false];
  readonly #lengths = [0, 0, 0];
  readonly #seconds = [0, 0, 0];
  readonly #nanos = [0, 0, 0];

  constructor(memory: Memory, push: PushWriter) {
    this.#memory = memory;
    this.#push = push;
  }

  beginSlice(carried: readonly OpenEntry[]): void {
    this.parts = 0;
    this.joined = 0;
    for (const kind of KINDS) this.#close(kind);
    for (const { kind, seconds, nanos, content } of carried) {
      this.#seconds[kind] = seconds;
      this.#nanos[kind] = nanos;
      this.#open[kind] = content !== null;
      this.#skipped[kind] = content === null;
      if (content === null) continue;
      const length = Math.min(content.length, this.#memory.maxLineBytes);
      this.#memory.bytes.set(content.subarray(0, length), this.#memory.joinAt[kind]);
      this.#lengths[kind] = length;
    }
    this.#note();
  }

  /** Takes a part that more will follow. Returns false, with nothing changed, if it had to be emitted and found no room. */
  part(kind: StreamKind, from: number, to: number, seconds: number, nanos: number): boolean {
    if (this.#skipped[kind]) {
      this.#push.cutBytes += to - from;
    } else {
      const length = this.#lengths[kind]! + to - from;
      this.#append(kind, from, to);
      if (length <= this.#push.maxLineBytes) {
        this.#open[kind] = true;
        this.#lengths[kind] = length;
      } else {
        this.#push.setSecond(seconds);
        if (!this.#push.putCut(kind, this.#memory.joinAt[kind], length, nanos)) return false;
        this.#close(kind);
        this.#skipped[kind] = true;
        this.joined++;
      }
    }
    this.#seconds[kind] = seconds;
    this.#nanos[kind] = nanos;
    this.pending = true;
    this.parts++;
    return true;
  }

  /** Takes the last part of an entry, often its only one. Returns false, with nothing changed, if there was no room. */
  end(kind: StreamKind, from: number, to: number, seconds: number, nanos: number): boolean {
    this.#push.setSecond(seconds);
    if (this.#skipped[kind]) {
      this.#push.cutBytes += to - from;
    } else if (!this.#open[kind]) {
      return this.#push.put(kind, from, to, nanos);
    } else {
      const length = this.#lengths[kind]! + to - from;
      const joined = this.#memory.joinAt[kind];
      this.#append(kind, from, to);
      if (!this.#push.put(kind, joined, joined + length, nanos)) return false;
      this.joined++;
    }
    this.parts++;
    this.#close(kind);
    this.#note();
    return true;
  }

  /**
   * Emits what is open, and forgets what is being skipped: what still comes of an entry is then an entry of its own.
   * Returns how many were emitted; when the push was full before all were, the others stay open.
   */
  flush(): number {
    let flushed = 0;
    for (const kind of KINDS) {
      if (this.#open[kind]) {
        const joined = this.#memory.joinAt[kind];
        this.#push.setSecond(this.#seconds[kind]!);
        if (!this.#push.put(kind, joined, joined + this.#lengths[kind]!, this.#nanos[kind]!)) break;
        flushed++;
        this.joined++;
      }
      this.#close(kind);
    }
    this.#note();
    return flushed;
  }

  /** What is open or being skipped now; views that hold until the next line. */
  carried(): OpenEntry[] {
    const entries: OpenEntry[] = [];
    for (const kind of KINDS) {
      if (!this.#open[kind] && !this.#skipped[kind]) continue;
      const joined = this.#memory.joinAt[kind];
      const content = this.#open[kind] ? this.#memory.bytes.subarray(joined, joined + this.#lengths[kind]!) : null;
      entries.push({ kind, seconds: this.#seconds[kind]!, nanos: this.#nanos[kind]!, content });
    }
    return entries;
  }

  // Only what can appear in an entry is kept. Bytes behind the known length mean nothing, so this needs no undoing.
  #append(kind: StreamKind, from: number, to: number): void {
    const length = this.#lengths[kind]!;
    const kept = Math.min(to - from, this.#memory.maxLineBytes - length);
    this.#memory.bytes.copyWithin(this.#memory.joinAt[kind] + length, from, from + kept);
  }

  #close(kind: StreamKind): void {
    this.#open[kind] = false;
    this.#skipped[kind] = false;
    this.#lengths[kind] = 0;
  }

  #note(): void {
    this.pending = KINDS.some((kind) => this.#open[kind] || this.#skipped[kind]);
  }
}
