import { CUT_MARK_BYTES, TIMESTAMP_BYTES, varintBytes } from '../encode/push.js';
import type { Memory } from '../memory.js';
import { LAST_SECOND } from '../parse/timestamp.js';
import { TENANT_LABEL } from '../stages/tenant.js';
import type { Entry, Metadata } from './entry.js';
import type { LabelSet } from './labels.js';
import type { EntrySink } from './pipeline.js';

/** The first and the longest piece of a stream. */
const FIRST_PIECE_BYTES = 512;
const LAST_PIECE_BYTES = 256 * 1024;
/** Length of `{}`. */
const NO_LABELS_BYTES = 2;
/** More than the tags and lengths of an entry or of a stream take. */
const FRAME_BYTES = 48;
const NO_METADATA: Metadata = [];

/** The label block of entries with `labels`; Loki refuses entries without any label, so they get `unlabelled`. */
export function blockOf(labels: LabelSet, unlabelled: () => Uint8Array): Uint8Array {
  return labels.block.length > NO_LABELS_BYTES ? labels.block : unlabelled();
}

/** The entries of one stream, encoded, in pieces of the region. */
interface Stream {
  block: Uint8Array;
  tenant: string;
  /** Where finished pieces begin and end, in turn. */
  pieces: number[];
  /** The piece at hand: where it begins, what is written, and where it must end. */
  from: number;
  at: number;
  end: number;
  entries: number;
  /** The slice that has written last, and what the stream was before it. */
  slice: number;
  before: { pieces: number; from: number; at: number; entries: number };
}

/** The part of a Memory that streams are written to. */
export type StreamMemory = Pick<Memory, 'bytes' | 'view' | 'streamsAt' | 'streamsBytes' | 'outputAt' | 'outputBytes'>;

/** What was written for one tenant; '' is the endpoint's own. */
export interface TenantStreams {
  tenant: string;
  /** A logproto.PushRequest. */
  bytes: Buffer;
  entries: number;
}

/** `value`: less than 2^31. */
function writeVarint(bytes: Buffer, at: number, value: number): number {
  let next = at;
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes[next++] = (rest & 0x7f) | 0x80;
  bytes[next++] = rest;
  return next;
}

/** Those before 1970, and those that Loki could not keep, become the nearest that it can. */
function secondsOf({ seconds }: Entry): number {
  return Math.min(Math.max(0, seconds), LAST_SECOND);
}

function lengthDelimited(length: number): number {
  return 1 + varintBytes(length) + length;
}

function pairBytes([name, value]: Metadata[number]): number {
  return lengthDelimited(Buffer.byteLength(name)) + lengthDelimited(Buffer.byteLength(value));
}

function writeText(bytes: Buffer, at: number, tag: number, text: string): number {
  bytes[at] = tag;
  const from = writeVarint(bytes, at + 1, Buffer.byteLength(text));
  return from + bytes.write(text, from);
}

/**
 * Writes entries of any number of streams as pushes (Loki, pkg/push/push.proto; see `PushWriter`), one for each tenant.
 * An entry that is too long is cut.
 */
export class StreamWriter implements EntrySink {
  entries = 0;
  cutEntries = 0;
  cutBytes = 0;
  /** Milliseconds since the epoch of the slice's oldest and newest entry; 0 without entries. */
  oldestMs = 0;
  newestMs = 0;
  readonly #limitBytes: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** Where pushes are put together. */
  readonly #outputAt: number;
  readonly #from: number;
  readonly #end: number;
  /** What is given to streams. */
  #given: number;
  #givenBefore: number;
  #maxLineBytes = 0;
  #withoutMetadata = false;
  readonly #streams = new Map<LabelSet, Stream>();
  /** The stream of the entry before, which mostly is that of the next one. */
  #last: Stream | null = null;
  #lastLabels: LabelSet | null = null;
  #slice = 0;
  #size = 0;
  #sizeBefore = 0;
  #takenBytes = 0;
  #unlabelled: Uint8Array = Buffer.alloc(0);
  /** The second that was written last, and what its timestamps begin with. */
  #second = -1;
  #secondHead = 0;
  #secondTail = 0;

  /** Lines that lie in the same memory are moved without making an object. All pushes together have `outputBytes`. */
  constructor({ bytes, view, streamsAt, streamsBytes, outputAt, outputBytes }: StreamMemory) {
    this.#limitBytes = outputBytes;
    this.#bytes = bytes;
    this.#view = view;
    this.#outputAt = outputAt[0];
    this.#from = streamsAt;
    this.#end = streamsAt + streamsBytes;
    this.#given = streamsAt;
    this.#givenBefore = streamsAt;
  }

  /** Starts empty pushes. `maxLineBytes`: the longest line, its cut mark included. */
  beginPush(maxLineBytes: number, withoutMetadata = false): void {
    this.#maxLineBytes = maxLineBytes;
    this.#withoutMetadata = withoutMetadata;
    this.#streams.clear();
    this.#last = null;
    this.#lastLabels = null;
    this.#given = this.#from;
    this.#size = 0;
  }

  /**
   * Starts a slice. `unlabelled` is the label block of entries that have no label, which Loki would refuse. `takenBytes` of
   * the room are taken by what is not written here.
   */
  beginSlice(unlabelled: Uint8Array, takenBytes = 0): void {
    this.#unlabelled = unlabelled;
    this.#takenBytes = takenBytes;
    this.#sizeBefore = this.#size;
    this.#givenBefore = this.#given;
    this.#slice++;
    this.entries = 0;
    this.cutEntries = 0;
    this.cutBytes = 0;
    this.oldestMs = 0;
    this.newestMs = 0;
  }

  /** How long all pushes together are at most, in bytes. */
  get length(): number {
    return this.#size;
  }

  /** Takes back all entries of the slice. */
  abandonSlice(): void {
    this.#size = this.#sizeBefore;
    this.#given = this.#givenBefore;
    for (const stream of this.#streams.values()) {
      if (stream.slice !== this.#slice) continue;
      const { pieces, from, at, entries } = stream.before;
      stream.pieces.length = pieces;
      // A piece that the slice was given is given back: nothing may be written to it any more.
      if (stream.from !== from) stream.end = at;
      stream.from = from;
      stream.at = at;
      stream.entries = entries;
    }
  }

  put(entry: Entry): boolean {
    if (this.#put(entry, this.#withoutMetadata ? NO_METADATA : entry.metadata)) return true;
    // Metadata for which not even an empty push has room would hold up its file for ever.
    return this.#size + this.#takenBytes === 0 && this.#put(entry, NO_METADATA);
  }

  #put(entry: Entry, metadata: Metadata): boolean {
    const line = entry.bytes;
    const { from, to } = entry;
    const cut = to - from > this.#maxLineBytes;
    const keep = cut ? this.#keep(line, from) : to - from;
    const lineBytes = keep + (cut ? CUT_MARK_BYTES.length : 0);
    let body = lengthDelimited(lineBytes);
    for (const pair of metadata) body += lengthDelimited(pairBytes(pair));
    const known = entry.labels === this.#lastLabels ? this.#last : (this.#streams.get(entry.labels) ?? null);
    const growth = body + FRAME_BYTES + (known === null ? FRAME_BYTES + entry.labels.block.length : 0);
    // One that is larger than a push may be is sent alone.
    const taken = this.#takenBytes + this.#size;
    if (taken > 0 && taken + growth > this.#limitBytes) return false;
    const stream = known ?? this.#open(entry.labels);
    if (stream.slice !== this.#slice) this.#enter(stream);
    if (stream.end - stream.at < body + FRAME_BYTES && !this.#giveMore(stream, body + FRAME_BYTES)) return false;
    this.#last = stream;
    this.#lastLabels = entry.labels;
    this.#size += growth;
    stream.at = this.#write(stream.at, entry, line, from, keep, cut, metadata, body);
    stream.entries++;
    this.#note(entry);
    if (cut) {
      this.cutEntries++;
      this.cutBytes += to - from - keep;
    }
    return true;
  }

  /**
   * What was written, for each tenant, where the memory has its output: behind the `takenBytes` that are taken there. Only
   * what has no room there is put elsewhere.
   */
  finish(takenBytes: number): TenantStreams[] {
    const byTenant = new Map<string, { parts: Buffer[]; entries: number }>();
    for (const { block, tenant, pieces, from, at: to, entries } of this.#streams.values()) {
      if (entries === 0) continue;
      const ends = [...pieces, from, to];
      const parts: Buffer[] = [];
      for (let i = 0; i < ends.length; i += 2) parts.push(this.#bytes.subarray(ends[i], ends[i + 1]));
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      const head = Buffer.allocUnsafe(FRAME_BYTES + block.length);
      const labels = lengthDelimited(block.length);
      head[0] = 0x0a;
      let at = writeVarint(head, 1, labels + length);
      head[at++] = 0x0a;
      at = writeVarint(head, at, block.length);
      head.set(block, at);
      const whole = byTenant.get(tenant) ?? { parts: [], entries: 0 };
      whole.parts.push(head.subarray(0, at + block.length), ...parts);
      whole.entries += entries;
      byTenant.set(tenant, whole);
    }
    let at = this.#outputAt + takenBytes;
    return [...byTenant].map(([tenant, { parts, entries }]) => {
      const bytes = this.#joined(parts, at);
      if (bytes.buffer === this.#bytes.buffer) at += bytes.length;
      return { tenant, bytes, entries };
    });
  }

  #joined(parts: Buffer[], start: number): Buffer {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (start + length > this.#outputAt + this.#limitBytes) return Buffer.concat(parts);
    let at = start;
    for (const part of parts) {
      this.#bytes.set(part, at);
      at += part.length;
    }
    return this.#bytes.subarray(start, at);
  }

  /** How much of a line that is cut stays: to the boundary of a character, if the bytes are UTF-8. */
  #keep(line: Buffer, from: number): number {
    const most = Math.max(0, this.#maxLineBytes - CUT_MARK_BYTES.length);
    let keep = most;
    while (keep > 0 && most - keep < 3 && (line[from + keep]! & 0xc0) === 0x80) keep--;
    return (line[from + keep]! & 0xc0) === 0x80 ? most : keep;
  }

  #write(
    start: number,
    entry: Entry,
    line: Buffer,
    from: number,
    keep: number,
    cut: boolean,
    metadata: Metadata,
    body: number,
  ): number {
    const bytes = this.#bytes;
    let at = start;
    bytes[at] = 0x12;
    at = writeVarint(bytes, at + 1, TIMESTAMP_BYTES + body);
    this.#writeTimestamp(at, secondsOf(entry), entry.nanos);
    at += TIMESTAMP_BYTES;
    bytes[at] = 0x12;
    at = writeVarint(bytes, at + 1, keep + (cut ? CUT_MARK_BYTES.length : 0));
    if (line === bytes) bytes.copyWithin(at, from, from + keep);
    else line.copy(bytes, at, from, from + keep);
    at += keep;
    if (cut) at += CUT_MARK_BYTES.copy(bytes, at);
    for (const pair of metadata) {
      bytes[at] = 0x1a;
      at = writeVarint(bytes, at + 1, pairBytes(pair));
      at = writeText(bytes, at, 0x0a, pair[0]);
      at = writeText(bytes, at, 0x12, pair[1]);
    }
    return at;
  }

  #writeTimestamp(at: number, seconds: number, nanos: number): void {
    const view = this.#view;
    if (seconds !== this.#second) {
      const low = seconds % 0x10000000;
      const high = (seconds - low) / 0x10000000;
      this.#second = seconds;
      this.#secondHead = 0x00080c0a | (((low & 0x7f) | 0x80) << 24);
      this.#secondTail =
        ((low >>> 7) & 0x7f) | (((low >>> 14) & 0x7f) << 8) | (((low >>> 21) & 0x7f) << 16) | 0x00808080 | (high << 24);
    }
    view.setInt32(at, this.#secondHead, true);
    view.setInt32(at + 4, this.#secondTail, true);
    const first = ((nanos & 0x7f) << 8) | ((nanos & 0x3f80) << 9) | ((nanos & 0x1fc000) << 10);
    view.setInt32(at + 8, 0x80808010 | first, true);
    view.setInt16(at + 12, 0x80 | ((nanos >>> 21) & 0x7f) | ((nanos >>> 28) << 8), true);
  }

  #open(labels: LabelSet): Stream {
    const stream: Stream = {
      block: blockOf(labels, () => this.#unlabelled),
      tenant: labels.get(TENANT_LABEL) ?? '',
      pieces: [],
      from: 0,
      at: 0,
      end: 0,
      entries: 0,
      slice: -1,
      before: { pieces: 0, from: 0, at: 0, entries: 0 },
    };
    this.#streams.set(labels, stream);
    return stream;
  }

  /** Notes what the stream was before the slice. */
  #enter(stream: Stream): void {
    const { before } = stream;
    before.pieces = stream.pieces.length;
    before.from = stream.from;
    before.at = stream.at;
    before.entries = stream.entries;
    stream.slice = this.#slice;
  }

  /** Gives the stream a piece that has room for `needed` bytes; false if there is none. */
  #giveMore(stream: Stream, needed: number): boolean {
    const last = stream.end - stream.from;
    const wanted = Math.max(needed, FIRST_PIECE_BYTES, Math.min(2 * last, LAST_PIECE_BYTES));
    if (this.#given + needed > this.#end) return false;
    if (stream.at > stream.from) stream.pieces.push(stream.from, stream.at);
    stream.from = this.#given;
    stream.at = this.#given;
    this.#given = Math.min(this.#given + wanted, this.#end);
    stream.end = this.#given;
    return true;
  }

  #note(entry: Entry): void {
    const ms = secondsOf(entry) * 1000 + Math.floor(entry.nanos / 1e6);
    this.oldestMs = this.entries === 0 ? ms : Math.min(this.oldestMs, ms);
    this.newestMs = this.entries === 0 ? ms : Math.max(this.newestMs, ms);
    this.entries++;
  }
}
