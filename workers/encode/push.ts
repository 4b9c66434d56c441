import type { StreamMode } from '../../src/protocol.js';
import type { Memory } from '../memory.js';
import {
  ENDS,
  HEAD_STEP,
  HEADS,
  MAX_LINE_BYTES,
  METADATA_BYTES,
  METADATA_SIZE,
  ROOM,
  SLOT_MASK,
  STATE_BYTES,
} from '../wasm/layout.js';

/** Where a line came from. Also the index of its output region when stdout/stderr is a label. */
export type StreamKind = 0 | 1 | 2;
export const NO_STREAM: StreamKind = 0;
export const STDOUT: StreamKind = 1;
export const STDERR: StreamKind = 2;

/** What ends an entry that was cut at `maxLineBytes`. */
export const CUT_MARK = ' [cut]';
export const CUT_MARK_BYTES = Buffer.from(CUT_MARK, 'latin1');

/** Tag and length of an entry's timestamp, and its two fields with five-byte varints. */
export const TIMESTAMP_BYTES = 14;
/** The timestamp up to its nanoseconds, in second 0. */
const TIMESTAMP_HEAD = [0x0a, 0x0c, 0x08, 0x80, 0x80, 0x80, 0x80, 0x00, 0x10];
/** Tag of a stream and its length as a varint padded to five bytes, which is filled in when the stream is complete. */
const STREAM_HEAD_BYTES = 6;

/** Length of a varint; `value` is less than 2^31. */
export function varintBytes(value: number): number {
  return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;
}

function littleEndian(text: string): number {
  return Buffer.from(text, 'latin1').readInt32LE(0);
}

// `structuredMetadata { name: "stream", value: "stdout" }`; "stderr" is as long.
const META_HEAD = 0x060a101a;
const META_STRE = littleEndian('stre');
const META_AM = 'a'.charCodeAt(0) | ('m'.charCodeAt(0) << 8) | (0x12 << 16) | (0x06 << 24);
const META_STDO = littleEndian('stdo');
const META_STDE = littleEndian('stde');
const META_UT = 'u'.charCodeAt(0) | ('t'.charCodeAt(0) << 8);
const META_RR = 'r'.charCodeAt(0) | ('r'.charCodeAt(0) << 8);

/**
 * Writes a logproto.PushRequest into the output regions of a Memory, one entry at a time, from line bytes that lie in
 * the same Memory. The schema is Loki's `pkg/push/push.proto`: PushRequest { streams = 1 }, Stream { labels = 1,
 * entries = 2 }, Entry { timestamp = 1 { seconds = 1, nanos = 2 }, line = 2, structuredMetadata = 3 { name = 1,
 * value = 2 } }.
 *
 * Varints of the timestamp are padded to five bytes: its layout is then the same for every entry, and the seconds are
 * encoded once for each new second. The metadata comes before the timestamp: what entries have in common is then in one
 * place, which makes them cheaper to compress. Decoders accept padding, and fields in any order.
 *
 * What says where the next entry goes is kept in the Memory, so that WebAssembly can append too (wasm/loops.ts).
 */
export class PushWriter {
  /** Seconds of the timestamp that the next `put` writes. Change it with `setSecond`. */
  seconds = -1;
  /** The longest entry, its cut mark included. */
  maxLineBytes: number;
  entries = 0;
  cutEntries = 0;
  cutBytes = 0;

  readonly #memory: Memory;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** The fields of wasm/layout.ts, all of them int32 that are used here. */
  readonly #state: Int32Array;
  /** End of what is finished. */
  #at = 0;
  #sliceAt = 0;
  #sliceBodyAt = 0;
  #blocks: readonly Uint8Array[] = [];
  #slotMask = 0;
  #metadataBytes = 0;
  #secondsHead = 0;
  #secondsTail = 0;
  #minNanos = 1e9;
  #maxNanos = -1;
  #oldestMs = Number.POSITIVE_INFINITY;
  #newestMs = Number.NEGATIVE_INFINITY;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#bytes = memory.bytes;
    this.#view = memory.view;
    this.#state = new Int32Array(memory.bytes.buffer, memory.stateAt, STATE_BYTES / 4);
    this.maxLineBytes = memory.maxLineBytes;
    for (const kind of [NO_STREAM, STDOUT, STDERR]) {
      const head = memory.stateAt + HEADS + kind * HEAD_STEP;
      if (kind !== NO_STREAM) this.#writeMetadata(head, kind);
      this.#bytes.set(TIMESTAMP_HEAD, head + METADATA_SIZE);
    }
  }

  /** Starts an empty push. A `maxLineBytes` above what the memory was sized for is lowered to it. */
  beginPush(mode: StreamMode, maxLineBytes: number): void {
    this.maxLineBytes = Math.min(maxLineBytes, this.#memory.maxLineBytes);
    this.#at = this.#memory.outputAt[0];
    this.#metadataBytes = mode === 'metadata' ? METADATA_SIZE : 0;
    this.#state[METADATA_BYTES / 4] = this.#metadataBytes;
    this.#state[MAX_LINE_BYTES / 4] = this.maxLineBytes;
  }

  /**
   * Starts the entries of one slice. `blocks` are its label blocks: one for all entries, or one for each stream kind.
   * Returns false, with nothing begun, if not even the labels have room. Until `endSlice`, the push holds nothing of it.
   * `takenBytes` of the room are taken by what is not written here.
   */
  beginSlice(blocks: readonly Uint8Array[], takenBytes = 0): boolean {
    this.#blocks = blocks;
    this.#slotMask = blocks.length > 1 ? 3 : 0;
    this.#state[SLOT_MASK / 4] = this.#slotMask;
    this.#sliceAt = this.#at;
    this.entries = 0;
    this.cutEntries = 0;
    this.cutBytes = 0;
    this.seconds = -1;
    this.#minNanos = 1e9;
    this.#maxNanos = -1;
    this.#oldestMs = Number.POSITIVE_INFINITY;
    this.#newestMs = Number.NEGATIVE_INFINITY;
    let room = this.#memory.outputAt[0] + this.#memory.outputBytes - this.#at - takenBytes;
    for (const block of blocks) room -= STREAM_HEAD_BYTES + 6 + block.length;
    this.#state[ROOM / 4] = room;
    if (room < 0) return false;
    this.#sliceBodyAt = this.#writeLabels(this.#at, blocks[0]!);
    this.#state[ENDS / 4] = this.#sliceBodyAt;
    this.#state[ENDS / 4 + 1] = this.#memory.outputAt[1];
    this.#state[ENDS / 4 + 2] = this.#memory.outputAt[2];
    return true;
  }

  /** Completes the streams of the slice; those without entries leave nothing behind. */
  endSlice(): void {
    let at = this.#sliceAt;
    const end = this.#state[ENDS / 4]!;
    if (end > this.#sliceBodyAt) {
      this.#writeStreamLength(at, end);
      at = end;
    }
    for (let slot = 1; slot < this.#blocks.length; slot++) {
      const from = this.#memory.outputAt[slot]!;
      const to = this.#state[ENDS / 4 + slot]!;
      if (to === from) continue;
      const body = this.#writeLabels(at, this.#blocks[slot]!);
      this.#bytes.copyWithin(body, from, to);
      this.#writeStreamLength(at, body + to - from);
      at = body + to - from;
    }
    this.#at = at;
  }

  /** How long the push is without the slice at hand, in bytes. */
  get length(): number {
    return this.#at - this.#memory.outputAt[0];
  }

  /** Part of the push that is whole streams, a view that holds until the next `beginPush`. */
  part(from: number, to: number): Buffer {
    const start = this.#memory.outputAt[0];
    return this.#bytes.subarray(start + from, start + to);
  }

  /** Milliseconds since the epoch of the slice's oldest entry, 0 without entries. */
  get oldestMs(): number {
    this.#foldSecond();
    return this.entries === 0 ? 0 : this.#oldestMs;
  }

  get newestMs(): number {
    this.#foldSecond();
    return this.entries === 0 ? 0 : this.#newestMs;
  }

  /** Sets the second that following entries bear, in seconds since the epoch, 0 to 2^35 - 1. */
  setSecond(seconds: number): void {
    if (this.seconds === seconds) return;
    this.#foldSecond();
    this.seconds = seconds;
    const low = seconds % 0x10000000;
    const high = (seconds - low) / 0x10000000;
    this.#secondsHead = 0x00080c0a | (((low & 0x7f) | 0x80) << 24);
    this.#secondsTail =
      ((low >>> 7) & 0x7f) | (((low >>> 14) & 0x7f) << 8) | (((low >>> 21) & 0x7f) << 16) | 0x00808080 | (high << 24);
  }

  /** Counts entries that were appended beside this writer, at the place its state in the Memory says. */
  adopt(entries: number, oldestMs: number, newestMs: number): void {
    this.entries += entries;
    this.#oldestMs = Math.min(this.#oldestMs, oldestMs);
    this.#newestMs = Math.max(this.#newestMs, newestMs);
  }

  /**
   * Appends the entry `bytes[from, to)` with the timestamp `seconds` + `nanos`, cut if it is too long. Returns false,
   * with nothing written, when the push has no room for it.
   */
  put(kind: StreamKind, from: number, to: number, nanos: number): boolean {
    const length = to - from;
    if (length > this.maxLineBytes) return this.putCut(kind, from, length, nanos);
    return this.#write(kind, from, length, nanos, false);
  }

  /**
   * Appends an entry that is too long. Of its `length` bytes only the first `maxLineBytes` need to be at `from`.
   * The cut is on the boundary of a UTF-8 character, if the bytes are UTF-8.
   */
  putCut(kind: StreamKind, from: number, length: number, nanos: number): boolean {
    const most = Math.max(0, this.maxLineBytes - CUT_MARK_BYTES.length);
    let keep = most;
    while (keep > 0 && most - keep < 3 && (this.#bytes[from + keep]! & 0xc0) === 0x80) keep--;
    if ((this.#bytes[from + keep]! & 0xc0) === 0x80) keep = most;
    if (!this.#write(kind, from, keep, nanos, true)) return false;
    this.cutEntries++;
    this.cutBytes += length - keep;
    return true;
  }

  #write(kind: StreamKind, from: number, length: number, nanos: number, cut: boolean): boolean {
    const bytes = this.#bytes;
    const view = this.#view;
    const line = cut ? length + CUT_MARK_BYTES.length : length;
    const metadata = kind === NO_STREAM ? 0 : this.#metadataBytes;
    const body = TIMESTAMP_BYTES + 1 + varintBytes(line) + line + metadata;
    const total = 1 + varintBytes(body) + body;
    const state = this.#state;
    const room = state[ROOM / 4]!;
    if (total > room) return false;
    state[ROOM / 4] = room - total;
    this.entries++;
    if (nanos < this.#minNanos) this.#minNanos = nanos;
    if (nanos > this.#maxNanos) this.#maxNanos = nanos;

    const slot = kind & this.#slotMask;
    let at = state[ENDS / 4 + slot]!;
    bytes[at++] = 0x12;
    at = this.#writeVarint(at, body);
    if (metadata !== 0) {
      this.#writeMetadata(at, kind);
      at += METADATA_SIZE;
    }
    view.setInt32(at, this.#secondsHead, true);
    view.setInt32(at + 4, this.#secondsTail, true);
    view.setInt32(
      at + 8,
      0x80808010 | ((nanos & 0x7f) << 8) | ((nanos & 0x3f80) << 9) | ((nanos & 0x1fc000) << 10),
      true,
    );
    view.setInt16(at + 12, 0x80 | ((nanos >>> 21) & 0x7f) | ((nanos >>> 28) << 8), true);
    at += TIMESTAMP_BYTES;
    bytes[at++] = 0x12;
    at = this.#writeVarint(at, line);
    bytes.copyWithin(at, from, from + length);
    at += length;
    if (cut) {
      bytes.set(CUT_MARK_BYTES, at);
      at += CUT_MARK_BYTES.length;
    }
    state[ENDS / 4 + slot] = at;
    return true;
  }

  #writeMetadata(at: number, kind: StreamKind): void {
    const view = this.#view;
    view.setInt32(at, META_HEAD, true);
    view.setInt32(at + 4, META_STRE, true);
    view.setInt32(at + 8, META_AM, true);
    view.setInt32(at + 12, kind === STDOUT ? META_STDO : META_STDE, true);
    view.setInt16(at + 16, kind === STDOUT ? META_UT : META_RR, true);
  }

  #writeVarint(at: number, value: number): number {
    const bytes = this.#bytes;
    if (value > 0x7f && value < 0x4000) {
      this.#view.setInt16(at, (value & 0x7f) | 0x80 | ((value & 0x3f80) << 1), true);
      return at + 2;
    }
    while (value > 0x7f) {
      bytes[at++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    bytes[at++] = value;
    return at;
  }

  /** Writes the head of a stream and its labels; returns where its entries begin. */
  #writeLabels(at: number, block: Uint8Array): number {
    this.#bytes[at] = 0x0a;
    this.#bytes[at + STREAM_HEAD_BYTES] = 0x0a;
    const text = this.#writeVarint(at + STREAM_HEAD_BYTES + 1, block.length);
    this.#bytes.set(block, text);
    return text + block.length;
  }

  #writeStreamLength(at: number, end: number): void {
    const length = end - at - STREAM_HEAD_BYTES;
    for (let i = 0; i < 4; i++) this.#bytes[at + 1 + i] = ((length >>> (7 * i)) & 0x7f) | 0x80;
    this.#bytes[at + 5] = length >>> 28;
  }

  // Within one second only the nanoseconds are compared; this keeps floating-point numbers out of `put`.
  #foldSecond(): void {
    if (this.#maxNanos < 0) return;
    this.#oldestMs = Math.min(this.#oldestMs, this.seconds * 1000 + Math.floor(this.#minNanos / 1e6));
    this.#newestMs = Math.max(this.#newestMs, this.seconds * 1000 + Math.floor(this.#maxNanos / 1e6));
    this.#minNanos = 1e9;
    this.#maxNanos = -1;
  }
}
