import { CUT_MARK } from '../encode/push.js';
import { TENANT_LABEL } from '../stages/tenant.js';
import type { Entry, Metadata } from './entry.js';
import type { LabelSet } from './labels.js';
import type { EntrySink } from './pipeline.js';

const FIRST_BYTES = 4096;
/** Length of `{}`. */
const NO_LABELS_BYTES = 2;
/** The last second that fits the signed 64-bit nanoseconds Loki keeps: 2262-04-11T23:47:15Z. */
const LAST_SECOND = 9_223_372_035;
const CUT_MARK_BYTES = Buffer.from(CUT_MARK);
/** More than the tags and lengths of an entry or of a stream take. */
const FRAME_BYTES = 48;
const NO_METADATA: Metadata = [];

/** The label block of entries with `labels`; Loki refuses entries without any label, so they get `unlabelled`. */
export function blockOf(labels: LabelSet, unlabelled: Uint8Array): Uint8Array {
  return labels.block.length > NO_LABELS_BYTES ? labels.block : unlabelled;
}

/** The entries of one stream, encoded. */
interface Stream {
  block: Uint8Array;
  tenant: string;
  bytes: Buffer;
  length: number;
  entries: number;
  /** What `length` and `entries` were when the slice began. */
  lengthBefore: number;
  entriesBefore: number;
}

/** What was written for one tenant; '' is the endpoint's own. */
export interface TenantStreams {
  tenant: string;
  /** A logproto.PushRequest. */
  bytes: Buffer;
  entries: number;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let next = at;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[next++] = (rest % 0x80) | 0x80;
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
  #maxLineBytes = 0;
  #withoutMetadata = false;
  #streams = new Map<LabelSet, Stream>();
  /** Buffers for the streams of the next push, together not longer than a push. */
  readonly #spare: Buffer[] = [];
  #spareBytes = 0;
  #size = 0;
  #sizeBefore = 0;
  #takenBytes = 0;
  #unlabelled: Uint8Array = Buffer.alloc(0);

  /** `limitBytes`: how long all pushes together may be. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Starts empty pushes. `maxLineBytes`: the longest line, its cut mark included. */
  beginPush(maxLineBytes: number, withoutMetadata = false): void {
    this.#maxLineBytes = maxLineBytes;
    this.#withoutMetadata = withoutMetadata;
    for (const { bytes } of this.#streams.values()) {
      if (this.#spareBytes + bytes.length > this.#limitBytes) continue;
      this.#spare.push(bytes);
      this.#spareBytes += bytes.length;
    }
    this.#streams.clear();
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
    for (const stream of this.#streams.values()) {
      stream.lengthBefore = stream.length;
      stream.entriesBefore = stream.entries;
    }
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
    for (const stream of this.#streams.values()) {
      stream.length = stream.lengthBefore;
      stream.entries = stream.entriesBefore;
    }
  }

  put(entry: Entry): boolean {
    const line = entry.bytes;
    const { from, to } = entry;
    const cut = to - from > this.#maxLineBytes;
    const keep = cut ? this.#keep(line, from) : to - from;
    const lineBytes = keep + (cut ? CUT_MARK_BYTES.length : 0);
    const metadata = this.#withoutMetadata ? NO_METADATA : entry.metadata;
    let body = lengthDelimited(lineBytes);
    for (const pair of metadata) body += lengthDelimited(pairBytes(pair));
    const known = this.#streams.get(entry.labels);
    const growth = body + FRAME_BYTES + (known === undefined ? FRAME_BYTES + entry.labels.block.length : 0);
    // One that is larger than a push may be is sent alone.
    const taken = this.#takenBytes + this.#size;
    if (taken > 0 && taken + growth > this.#limitBytes) return false;
    this.#size += growth;
    const stream = known ?? this.#open(entry.labels);
    if (stream.length + body + FRAME_BYTES > stream.bytes.length) this.#grow(stream, body + FRAME_BYTES);
    stream.length = this.#write(stream, entry, line, from, keep, cut, metadata, body);
    stream.entries++;
    this.#note(entry);
    if (cut) {
      this.cutEntries++;
      this.cutBytes += to - from - keep;
    }
    return true;
  }

  /** What was written, for each tenant. */
  finish(): TenantStreams[] {
    const byTenant = new Map<string, { parts: Buffer[]; entries: number }>();
    for (const { block, tenant, bytes, length, entries } of this.#streams.values()) {
      if (length === 0) continue;
      const head = Buffer.allocUnsafe(FRAME_BYTES + block.length);
      const labels = lengthDelimited(block.length);
      head[0] = 0x0a;
      let at = writeVarint(head, 1, labels + length);
      head[at++] = 0x0a;
      at = writeVarint(head, at, block.length);
      head.set(block, at);
      const whole = byTenant.get(tenant) ?? { parts: [], entries: 0 };
      whole.parts.push(head.subarray(0, at + block.length), bytes.subarray(0, length));
      whole.entries += entries;
      byTenant.set(tenant, whole);
    }
    return [...byTenant].map(([tenant, { parts, entries }]) => ({ tenant, bytes: Buffer.concat(parts), entries }));
  }

  /** How much of a line that is cut stays: to the boundary of a character, if the bytes are UTF-8. */
  #keep(line: Buffer, from: number): number {
    const most = Math.max(0, this.#maxLineBytes - CUT_MARK_BYTES.length);
    let keep = most;
    while (keep > 0 && most - keep < 3 && (line[from + keep]! & 0xc0) === 0x80) keep--;
    return (line[from + keep]! & 0xc0) === 0x80 ? most : keep;
  }

  #write(
    stream: Stream,
    entry: Entry,
    line: Buffer,
    from: number,
    keep: number,
    cut: boolean,
    metadata: Metadata,
    body: number,
  ): number {
    const { bytes } = stream;
    const seconds = secondsOf(entry);
    const time = 2 + varintBytes(seconds) + varintBytes(entry.nanos);
    let at = stream.length;
    bytes[at] = 0x12;
    at = writeVarint(bytes, at + 1, lengthDelimited(time) + body);
    bytes[at] = 0x0a;
    at = writeVarint(bytes, at + 1, time);
    bytes[at] = 0x08;
    at = writeVarint(bytes, at + 1, seconds);
    bytes[at] = 0x10;
    at = writeVarint(bytes, at + 1, entry.nanos);
    bytes[at] = 0x12;
    at = writeVarint(bytes, at + 1, keep + (cut ? CUT_MARK_BYTES.length : 0));
    at += line.copy(bytes, at, from, from + keep);
    if (cut) at += CUT_MARK_BYTES.copy(bytes, at);
    for (const pair of metadata) {
      bytes[at] = 0x1a;
      at = writeVarint(bytes, at + 1, pairBytes(pair));
      at = writeText(bytes, at, 0x0a, pair[0]);
      at = writeText(bytes, at, 0x12, pair[1]);
    }
    return at;
  }

  #open(labels: LabelSet): Stream {
    const block = blockOf(labels, this.#unlabelled);
    const spare = this.#spare.pop();
    this.#spareBytes -= spare?.length ?? 0;
    const stream: Stream = {
      block,
      tenant: labels.get(TENANT_LABEL) ?? '',
      bytes: spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES),
      length: 0,
      entries: 0,
      lengthBefore: 0,
      entriesBefore: 0,
    };
    this.#streams.set(labels, stream);
    return stream;
  }

  #grow(stream: Stream, by: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(stream.bytes.length * 2, stream.length + by));
    stream.bytes.copy(bytes, 0, 0, stream.length);
    stream.bytes = bytes;
  }

  #note(entry: Entry): void {
    const ms = secondsOf(entry) * 1000 + Math.floor(entry.nanos / 1e6);
    this.oldestMs = this.entries === 0 ? ms : Math.min(this.oldestMs, ms);
    this.newestMs = this.entries === 0 ? ms : Math.max(this.newestMs, ms);
    this.entries++;
  }
}
