import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { LatencyHistogram } from './latency.js';
import type { DecodedEntry, Pair } from './payload.js';
import type { Reason } from './rules.js';
import { parseSelector } from './selector.js';
import { NumberFinder, Sequence, type SequenceReport } from './sequence.js';
import { type StoredEntry, StoredStream } from './stream.js';

/** One request to the push endpoint, as far as it came. */
export interface PushRecord {
  /** Milliseconds since the epoch at which the body was complete. */
  timeMs: number;
  /** What was answered; null if nothing was. */
  status: number | null;
  headers: IncomingHttpHeaders;
  wireBytes: number;
  /** Size after decompression; 0 if the body was not looked at. */
  decodedBytes: number;
  /** Names of the streams in it. */
  streams: string[];
  /** Entries in it. */
  entries: number;
  /** Entries of it that were stored and are not duplicates. */
  stored: number;
}

export interface StoreOptions {
  /** `keep`: every entry stays. `count`: entries are counted and forgotten; duplicates are not noticed. */
  mode: 'keep' | 'count';
  /** Remember a record for each push. Default: when entries are kept. */
  records?: boolean;
  /** Check the numbers behind `marker` in the lines, for each stream, or for each set of values of the labels in `by`. */
  sequence?: { marker: string | string[]; by?: string[] };
  /** Measure for each stream how old its entries are when they are stored. */
  latency?: boolean;
}

/** All counts since the start. */
export interface StoreCounts {
  /** Requests to the push endpoint. */
  pushes: number;
  /** How many of them were answered with which status; `none` if not at all. */
  answers: Record<string, number>;
  streams: number;
  /** Entries stored, without duplicates. */
  entries: number;
  /** Bytes of the lines stored. */
  lineBytes: number;
  duplicates: number;
  /** Entries refused. */
  refused: Partial<Record<Reason, number>>;
  wireBytes: number;
  decodedBytes: number;
}

interface Events {
  push: [record: PushRecord];
}

/** What a receiver has taken, with what tests want to know of it. */
export class ReceiverStore extends EventEmitter<Events> {
  readonly mode: 'keep' | 'count';
  readonly records: PushRecord[] = [];
  pushes = 0;
  entries = 0;
  lineBytes = 0;
  duplicates = 0;
  wireBytes = 0;
  decodedBytes = 0;
  /** When the last push was answered, milliseconds since the epoch; 0 before the first. */
  lastPushMs = 0;
  readonly answers: Record<string, number> = {};
  readonly refused: Partial<Record<Reason, number>> = {};
  private readonly byName = new Map<string, StoredStream>();
  private readonly keepRecords: boolean;
  private readonly finder: NumberFinder | null;
  private readonly sequenceBy: string[] | null;
  private readonly sequences = new Map<string, Sequence>();
  private readonly sequenceOf = new Map<StoredStream, Sequence>();
  private readonly latencies: Map<StoredStream, LatencyHistogram> | null;

  constructor(options: StoreOptions) {
    super();
    this.setMaxListeners(0);
    this.mode = options.mode;
    this.keepRecords = options.records ?? options.mode === 'keep';
    this.finder = options.sequence === undefined ? null : new NumberFinder(options.sequence.marker);
    this.sequenceBy = options.sequence?.by ?? null;
    this.latencies = options.latency === true ? new Map() : null;
  }

  get counts(): StoreCounts {
    const { pushes, entries, lineBytes, duplicates, wireBytes, decodedBytes } = this;
    const { answers, refused } = this;
    const streams = this.byName.size;
    return { pushes, answers, streams, entries, lineBytes, duplicates, refused, wireBytes, decodedBytes };
  }

  /** The stream with these labels, which need not have come before. Labels in the order of their names. */
  open(labels: readonly Pair[], name: string): StoredStream {
    let stream = this.byName.get(name);
    if (stream === undefined) {
      stream = new StoredStream(labels);
      this.byName.set(name, stream);
      if (this.finder !== null) this.sequenceOf.set(stream, this.openSequence(stream));
      this.latencies?.set(stream, new LatencyHistogram());
    }
    return stream;
  }

  /** Stores an entry; false if it was there already. */
  add(stream: StoredStream, entry: DecodedEntry): boolean {
    if (this.mode === 'keep' && !stream.keep(entry)) {
      this.duplicates++;
      return false;
    }
    stream.count(entry);
    this.entries++;
    this.lineBytes += entry.to - entry.from;
    if (this.finder !== null) this.sequenceOf.get(stream)!.add(this.finder.find(entry));
    this.latencies?.get(stream)?.add(Date.now() - (entry.seconds * 1000 + entry.nanos / 1e6));
    return true;
  }

  refuse(reason: Reason, entries: number): void {
    this.refused[reason] = (this.refused[reason] ?? 0) + entries;
  }

  /** Closes the books on one push, and tells whoever waits. */
  settle(record: PushRecord): void {
    this.pushes++;
    this.lastPushMs = Date.now();
    this.wireBytes += record.wireBytes;
    this.decodedBytes += record.decodedBytes;
    const answer = record.status ?? 'none';
    this.answers[answer] = (this.answers[answer] ?? 0) + 1;
    if (this.keepRecords) this.records.push(record);
    this.emit('push', record);
  }

  /** All streams, or those a selector such as `{pod="web", container=~"a|b"}` takes. Throws ParseError. */
  streams(selector?: string): StoredStream[] {
    const all = [...this.byName.values()];
    if (selector === undefined) return all;
    const matches = parseSelector(selector);
    return all.filter((stream) => matches(stream.labels));
  }

  /** All kept entries of the streams a selector takes, by time. */
  all(selector?: string): StoredEntry[] {
    const entries = this.streams(selector).flatMap((stream) => stream.kept);
    return entries.sort((a, b) => a.seconds - b.seconds || a.nanos - b.nanos);
  }

  /** The lines of the streams a selector takes as text, by time. */
  lines(selector?: string): string[] {
    return this.all(selector).map((entry) => entry.text);
  }

  /** How old the entries of all streams, or of those a selector takes, were. Empty if that is not measured. */
  latency(selector?: string): LatencyHistogram {
    const sum = new LatencyHistogram();
    for (const stream of this.streams(selector)) sum.merge(this.latencies?.get(stream) ?? new LatencyHistogram());
    return sum;
  }

  /** What the numbers say, by the name of the stream or by the values of the labels they are checked by. */
  sequenceReports(): Record<string, SequenceReport> {
    return Object.fromEntries([...this.sequences].map(([key, sequence]) => [key, sequence.report()]));
  }

  /** The set of numbers under one key of `sequenceReports`. */
  sequence(key: string): Sequence | undefined {
    return this.sequences.get(key);
  }

  /**
   * Resolves as soon as `holds` is true: it is asked at once and after each push. Rejects when `timeoutMs` (default:
   * 10 s, null: never) have passed, or with the reason of `signal`.
   */
  until(
    holds: (store: ReceiverStore) => boolean,
    options: { timeoutMs?: number | null; signal?: AbortSignal } = {},
  ): Promise<void> {
    const { timeoutMs = 10_000, signal } = options;
    return new Promise((resolve, reject) => {
      const end = (finish: () => void) => {
        this.off('push', check);
        signal?.removeEventListener('abort', abort);
        clearTimeout(timer);
        finish();
      };
      const check = () => {
        try {
          if (holds(this)) end(resolve);
        } catch (error) {
          end(() => reject(error));
        }
      };
      const abort = () => end(() => reject(signal?.reason));
      const late = () =>
        end(() => reject(new Error(`waited ${timeoutMs} ms in vain; so far: ${JSON.stringify(this.counts)}`)));
      const timer = timeoutMs === null ? undefined : setTimeout(late, timeoutMs);
      this.on('push', check);
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted) abort();
      else check();
    });
  }

  private openSequence(stream: StoredStream): Sequence {
    const key = this.sequenceBy?.map((name) => stream.label(name) ?? '').join('/') ?? stream.name;
    const sequence = this.sequences.get(key) ?? new Sequence();
    this.sequences.set(key, sequence);
    return sequence;
  }
}
