import type { LabelSet } from './labels.js';
import { readShortText } from './short-texts.js';
import { readText, textBytes, writeText } from './text.js';
import { textOf, type Value } from './values.js';

export type Metadata = readonly (readonly [name: string, value: string])[];

const NO_METADATA: Metadata = [];
const NO_VALUES: ReadonlyMap<string, Value> = new Map();
const NO_BYTES = Buffer.alloc(0);

/** With more values than this they are found by a map. */
const MOST_IN_ROW = 16;

/** A value that is a text which nobody has asked for yet: bytes of the line at hand. */
export interface Span {
  bytes: Buffer;
  from: number;
  to: number;
}

/** Stands for a value that is a span. */
const SPAN = Symbol('span');

/** Extracted values: those of this line, over those that the path and the labels bring. */
export class Extracted {
  /** What every line of the path has; not changed by lines. */
  #base: ReadonlyMap<string, Value> = NO_VALUES;
  // What this line has set, in a row, for a map that is filled and cleared for every line is slow: the values of the first
  // `#count` names. Undefined stands for a value that was deleted.
  readonly #names: string[] = [];
  readonly #values: (Value | undefined | typeof SPAN)[] = [];
  readonly #spans: Span[] = [];
  #count = 0;
  /** Where names stand, when there are many. */
  #index: Map<string, number> | null = null;

  /** Forgets everything but `base`. */
  begin(base: ReadonlyMap<string, Value>): void {
    this.#base = base;
    this.#count = 0;
    this.#index = null;
  }

  get(name: string): Value | undefined {
    const at = this.#find(name);
    return at < 0 ? this.#base.get(name) : this.#valueAt(at);
  }

  /** The value, if it is a text that was not made yet; else null. Holds until a value is set. */
  span(name: string): Readonly<Span> | null {
    const at = this.#find(name);
    return at >= 0 && this.#values[at] === SPAN ? this.#spans[at]! : null;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** The value as text; undefined if it is missing or has no text. */
  text(name: string): string | undefined {
    return textOf(this.get(name));
  }

  set(name: string, value: Value): void {
    this.#put(name, value);
  }

  /** Sets a value that is the text `bytes[from, to)`, which must stay as they are until the next line begins. */
  setSpan(name: string, bytes: Buffer, from: number, to: number): void {
    const at = this.#put(name, SPAN);
    const span = this.#spans[at];
    if (span === undefined) {
      while (this.#spans.length < at) this.#spans.push({ bytes: NO_BYTES, from: 0, to: 0 });
      this.#spans.push({ bytes, from, to });
    } else {
      span.bytes = bytes;
      span.from = from;
      span.to = to;
    }
  }

  delete(name: string): void {
    this.#put(name, undefined);
  }

  /** All values, those of the path first. */
  all(): Map<string, Value> {
    const all = new Map(this.#base);
    for (let i = 0; i < this.#count; i++) {
      const value = this.#valueAt(i);
      if (value === undefined) all.delete(this.#names[i]!);
      else all.set(this.#names[i]!, value);
    }
    return all;
  }

  copyTo(other: Extracted): void {
    other.begin(this.#base);
    for (let i = 0; i < this.#count; i++) other.#put(this.#names[i]!, this.#valueAt(i));
  }

  #valueAt(at: number): Value | undefined {
    const value = this.#values[at];
    if (value !== SPAN) return value;
    const { bytes, from, to } = this.#spans[at]!;
    const text = readShortText(bytes, from, to);
    this.#values[at] = text;
    return text;
  }

  #put(name: string, value: Value | undefined | typeof SPAN): number {
    let at = this.#find(name);
    if (at < 0) {
      at = this.#count++;
      this.#names[at] = name;
      if (this.#index !== null) this.#index.set(name, at);
      else if (at === MOST_IN_ROW) this.#index = new Map(this.#names.slice(0, at + 1).map((one, i) => [one, i]));
    }
    this.#values[at] = value;
    return at;
  }

  #find(name: string): number {
    if (this.#index !== null) return this.#index.get(name) ?? -1;
    const names = this.#names;
    for (let i = 0; i < this.#count; i++) if (names[i] === name) return i;
    return -1;
  }
}

/**
 * What goes through the stages. One object is used for line after line; a stage that keeps an entry keeps a `copy`.
 * The line stays bytes, which are the reader's and hold until the next line, until a stage asks for text or sets it.
 */
export class Entry {
  /** Timestamp: seconds since the epoch, and nanoseconds. */
  seconds = 0;
  nanos = 0;
  labels: LabelSet;
  readonly extracted = new Extracted();
  metadata: Metadata = NO_METADATA;
  /** Where its (first) line begins in the file. */
  offset = 0;
  /** Which of the entries that were made from one line. */
  part = 0;
  /** While the line is a CRI line as it was read: where its timestamp ends, which is `stampSeconds` and `stampNanos`. */
  stampTo = -1;
  stampSeconds = 0;
  stampNanos = 0;
  #bytes: Buffer = NO_BYTES;
  #from = 0;
  #to = 0;
  #text: string | null = null;
  /** Whether the bytes hold the line; if not, the text does. */
  #hasBytes = true;

  constructor(labels: LabelSet) {
    this.labels = labels;
  }

  /** Starts a new line that is `bytes[from, to)`. */
  begin(bytes: Buffer, from: number, to: number, labels: LabelSet, base: ReadonlyMap<string, Value>): void {
    this.setBytes(bytes, from, to);
    this.labels = labels;
    this.extracted.begin(base);
    this.metadata = NO_METADATA;
    this.part = 0;
  }

  setBytes(bytes: Buffer, from: number, to: number): void {
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    this.#text = null;
    this.#hasBytes = true;
    this.stampTo = -1;
  }

  /** The line as text; what is not UTF-8 in it as `readText` says. */
  get line(): string {
    this.#text ??= readText(this.#bytes, this.#from, this.#to);
    return this.#text;
  }

  set line(text: string) {
    this.#text = text;
    this.#hasBytes = false;
    this.stampTo = -1;
  }

  get lineBytes(): number {
    return this.#hasBytes ? this.#to - this.#from : textBytes(this.#text!);
  }

  /** The buffer that holds the line from `from` to `to`. */
  get bytes(): Buffer {
    this.toBytes();
    return this.#bytes;
  }

  /** Whether the line still is the bytes that were read. */
  get hasBytes(): boolean {
    return this.#hasBytes;
  }

  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#to;
  }

  /** Makes sure that `bytes`, `from` and `to` hold the line. */
  toBytes(): void {
    if (this.#hasBytes) return;
    this.#bytes = writeText(this.#text!);
    this.#from = 0;
    this.#to = this.#bytes.length;
    this.#hasBytes = true;
  }

  /** An entry of its own, that later lines do not change. */
  copy(): Entry {
    const copy = new Entry(this.labels);
    copy.seconds = this.seconds;
    copy.nanos = this.nanos;
    copy.metadata = this.metadata;
    copy.offset = this.offset;
    copy.part = this.part;
    this.extracted.copyTo(copy.extracted);
    if (this.#hasBytes)
      copy.setBytes(Buffer.from(this.#bytes.subarray(this.#from, this.#to)), 0, this.#to - this.#from);
    else copy.line = this.#text!;
    return copy;
  }
}
