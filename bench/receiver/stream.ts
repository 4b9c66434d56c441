import { formatLabels } from './labels.js';
import type { DecodedEntry, Pair } from './payload.js';
import { type Instant, nsBetween } from './rules.js';

/** An entry as it is kept. */
export class StoredEntry implements Instant {
  readonly seconds: number;
  readonly nanos: number;
  /** The bytes of the line, as they were sent. */
  readonly line: Buffer;
  readonly metadata: Pair[];

  constructor(entry: DecodedEntry) {
    this.seconds = entry.seconds;
    this.nanos = entry.nanos;
    this.line = entry.bytes.subarray(entry.from, entry.to);
    this.metadata = entry.metadata();
  }

  /** Nanoseconds since the epoch. */
  get ns(): bigint {
    return BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanos);
  }

  get text(): string {
    return this.line.toString();
  }
}

/** One stream: a set of labels, and what came in under it. */
export class StoredStream {
  /** In the order of their names. */
  readonly labels: readonly Pair[];
  /** As Loki shows it: `{a="v", b="w"}`. */
  readonly name: string;
  /** By time, and those of one time as they came. Empty when lines are only counted. */
  readonly kept: StoredEntry[] = [];
  entries = 0;
  lineBytes = 0;
  /** Entries that were there already, with the same time and the same line. Not known when lines are only counted. */
  duplicates = 0;
  oldest: Instant | null = null;
  newest: Instant | null = null;

  constructor(labels: readonly Pair[]) {
    this.labels = labels;
    this.name = formatLabels(labels);
  }

  label(name: string): string | undefined {
    return this.labels.find(([key]) => key === name)?.[1];
  }

  /** Counts an entry that is stored. */
  count(entry: DecodedEntry): void {
    this.entries++;
    this.lineBytes += entry.to - entry.from;
    const { seconds, nanos } = entry;
    if (this.newest === null || nsBetween(this.newest, entry) > 0) this.newest = { seconds, nanos };
    if (this.oldest === null || nsBetween(this.oldest, entry) < 0) this.oldest = { seconds, nanos };
  }

  /** Keeps an entry in its place; false if it is there already. */
  keep(entry: DecodedEntry): boolean {
    const { kept } = this;
    const place = this.firstAfter(entry);
    for (let i = place - 1; i >= 0 && nsBetween(kept[i]!, entry) === 0; i--) {
      if (kept[i]!.line.compare(entry.bytes, entry.from, entry.to) === 0) {
        this.duplicates++;
        return false;
      }
    }
    if (place === kept.length) kept.push(new StoredEntry(entry));
    else kept.splice(place, 0, new StoredEntry(entry));
    return true;
  }

  /** The index of the first kept entry that is later than `instant`. */
  firstAfter(instant: Instant): number {
    const { kept } = this;
    let low = 0;
    let high = kept.length;
    // Most entries are the newest of their stream.
    if (high > 0 && nsBetween(kept[high - 1]!, instant) >= 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (nsBetween(instant, kept[middle]!) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
