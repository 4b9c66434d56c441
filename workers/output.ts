import { type MadePush, type PushShare, SHELF_UNIT_BYTES, type ShelfPlace, type StreamMode } from '../src/protocol.js';
import { compress } from './encode/compress.js';
import { PushWriter } from './encode/push.js';
import { shareOut } from './encode/share-out.js';
import { labelBlock } from './label/labels.js';
import type { Memory } from './memory.js';
import type { Room } from './pipeline/room.js';
import type { StreamWriter } from './pipeline/streams.js';
import type { Loops } from './wasm/loops.js';

/** Whole streams in the push, of one tenant. */
interface Range {
  tenant: string;
  from: number;
  to: number;
  entries: number;
}

interface Whole {
  parts: Buffer[];
  entries: number;
}

/**
 * The pushes of a job. Lines that are shipped as bytes of the file go to `push`; entries that stages have made, to a
 * writer that is only there once it was needed. Both share the room, and what both have for a tenant is one push.
 */
export class JobOutput {
  readonly push: PushWriter;
  readonly #shelf: Uint8Array | null;
  /** Compresses what is a part of `push`; null: snappy does. */
  loops: Loops | null = null;
  readonly #memory: Memory;
  #streams: StreamWriter | null = null;
  readonly #ranges: Range[] = [];
  #maxLineBytes = 0;
  #withoutMetadata = false;
  #maxStreams = 0;
  #path = '';
  #tenant = '';
  /** Whether the slice at hand has begun in the push. */
  #inPush = false;

  /** `shelf`: the memory of all threads. */
  constructor(memory: Memory, shelf: SharedArrayBuffer | null) {
    this.#shelf = shelf === null ? null : new Uint8Array(shelf);
    this.push = new PushWriter(memory);
    this.#memory = memory;
  }

  /** Starts empty pushes. `mode`: what the push does with stdout/stderr. `maxStreams`: the most that each has; 0: any number. */
  begin(mode: StreamMode, maxLineBytes: number, withoutMetadata: boolean, maxStreams = 0): void {
    this.push.beginPush(mode === 'metadata' && withoutMetadata ? 'off' : mode, maxLineBytes);
    this.#maxLineBytes = this.push.maxLineBytes;
    this.#withoutMetadata = withoutMetadata;
    this.#maxStreams = maxStreams;
    this.#ranges.length = 0;
    this.#inPush = false;
    this.#streams?.beginPush(this.#maxLineBytes, withoutMetadata);
  }

  /**
   * Starts a slice; false if there is no room for it. `blocks`: as `PushWriter.beginSlice` takes them; null if the slice
   * writes nothing there.
   */
  beginSlice(path: string, blocks: readonly Uint8Array[] | null, tenant = ''): boolean {
    this.#path = path;
    this.#tenant = tenant;
    this.#inPush = blocks !== null;
    if (blocks !== null && !this.push.beginSlice(blocks, this.#streams?.length ?? 0)) return false;
    if (this.#streams !== null) this.#beginStreams(this.#streams);
    return true;
  }

  /** The writer of entries that stages have made. */
  streams(room: Pick<Room, 'StreamWriter'>): StreamWriter {
    if (this.#streams === null) {
      this.#streams = new room.StreamWriter(this.#memory);
      this.#streams.beginPush(this.#maxLineBytes, this.#withoutMetadata);
      this.#beginStreams(this.#streams);
    }
    return this.#streams;
  }

  /** Ends the slice; what it has written stays, or not. */
  endSlice(stays: boolean): void {
    if (!stays) {
      this.#streams?.abandonSlice();
    } else if (this.#inPush) {
      const from = this.push.length;
      this.push.endSlice();
      const to = this.push.length;
      const last = this.#ranges.at(-1);
      if (last?.tenant === this.#tenant) {
        last.to = to;
        last.entries += this.push.entries;
      } else if (to > from) this.#ranges.push({ tenant: this.#tenant, from, to, entries: this.push.entries });
    }
  }

  /** Entries of the slice. */
  get entries(): number {
    return this.#sum('entries');
  }

  get cutEntries(): number {
    return this.#sum('cutEntries');
  }

  get cutBytes(): number {
    return this.#sum('cutBytes');
  }

  /** Milliseconds since the epoch of the slice's oldest entry, 0 without entries. */
  get oldestMs(): number {
    const both = this.#both();
    return both.length === 0 ? 0 : Math.min(...both.map(({ oldestMs }) => oldestMs));
  }

  get newestMs(): number {
    const both = this.#both();
    return both.length === 0 ? 0 : Math.max(...both.map(({ newestMs }) => newestMs));
  }

  /**
   * The finished pushes, one for each tenant, or more where its streams are too many; only what is asked for, if anything
   * is. They lie in `room` as far as that goes.
   */
  finish(only: PushShare | null, room: ShelfPlace | null): MadePush[] {
    let at = room?.at ?? 0;
    const end = at + (room?.bytes ?? 0);
    const wholes = new Map<string, Whole>();
    const add = (name: string, bytes: Buffer, entries: number): void => {
      if (only !== null && only.tenant !== name) return;
      const whole = wholes.get(name) ?? { parts: [], entries: 0 };
      whole.parts.push(bytes);
      whole.entries += entries;
      wholes.set(name, whole);
    };
    // What another pipeline had left open is older than what was read since.
    for (const { tenant: name, bytes, entries } of this.#streams?.finish(this.push.length) ?? [])
      add(name, bytes, entries);
    for (const { tenant: name, from, to, entries } of this.#ranges) add(name, this.push.part(from, to), entries);
    const place = (encoded: Buffer): MadePush['bytes'] => {
      const block = this.loops?.compress(encoded) ?? compress(encoded);
      if (this.#shelf === null || at + block.length > end) return ownBytes(block);
      this.#shelf.set(block, at);
      const bytes = { at, bytes: block.length };
      at += Math.ceil(block.length / SHELF_UNIT_BYTES) * SHELF_UNIT_BYTES;
      return bytes;
    };
    return [...wholes].flatMap(([name, { parts, entries }]) => {
      const encoded = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      return shareOut(encoded, entries, this.#maxStreams, only?.streams ?? null).map((share) => ({
        tenant: name,
        streams: share.streams,
        bytes: place(share.bytes),
        encodedBytes: share.bytes.length,
        entries: share.entries,
      }));
    });
  }

  #beginStreams(streams: StreamWriter): void {
    streams.beginSlice(labelBlock(new Map([['filename', this.#path]])), this.push.length);
  }

  #sum(field: 'entries' | 'cutEntries' | 'cutBytes'): number {
    return (this.#inPush ? this.push[field] : 0) + (this.#streams?.[field] ?? 0);
  }

  /** The writers that have entries of the slice. */
  #both(): (PushWriter | StreamWriter)[] {
    const writers: (PushWriter | StreamWriter)[] = this.#inPush ? [this.push] : [];
    if (this.#streams !== null) writers.push(this.#streams);
    return writers.filter(({ entries }) => entries > 0);
  }
}

/** Bytes in an ArrayBuffer of their own, so that they can be transferred. */
function ownBytes(block: Uint8Array): Uint8Array {
  const owns = block.byteLength === block.buffer.byteLength && block.buffer instanceof ArrayBuffer;
  return owns ? block : new Uint8Array(block);
}
