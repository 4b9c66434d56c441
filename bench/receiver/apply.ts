import { formatLabels, parseLabels } from './labels.js';
import type { DecodedEntry, DecodedPush, DecodedStream, Pair } from './payload.js';
import {
  checkBehind,
  checkEntry,
  checkLabels,
  goTime,
  type Instant,
  type Limits,
  metadataDisallowed,
  type Refusal,
} from './rules.js';
import { ParseError } from './scan.js';
import type { ReceiverStore } from './store.js';

/** What a push is answered with. */
export interface Answer {
  status: number;
  text: string;
  headers?: Record<string, string>;
}

/** The labels of a stream and its name as Loki shows it. */
export interface ParsedStream {
  labels: readonly Pair[];
  name: string;
}

/** A stream that is refused though nothing is wrong with it. */
export interface StreamFault {
  status: number;
  text: string | null;
}

export interface ApplyOptions {
  limits: Limits;
  now: Instant;
  /** Names the streams that are to be refused. */
  faultOf?: (stream: ParsedStream) => StreamFault | null;
}

/** The labels of each stream of a push, or the answer to a push with labels that do not parse. */
export function parseStreams(push: DecodedPush, cache: Map<string, ParsedStream>): ParsedStream[] | Answer {
  const parsed: ParsedStream[] = [];
  for (const { labels: text } of push) {
    try {
      let stream = cache.get(text);
      if (stream === undefined) {
        const labels = parseLabels(text);
        stream = { labels, name: formatLabels(labels) };
        cache.set(text, stream);
      }
      parsed.push(stream);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      return { status: 400, text: `couldn't parse labels: 1:${error.column}: ${error.message}` };
    }
  }
  return parsed;
}

/**
 * Stores what Loki would store of a push and says what Loki would say. Entries that are refused for themselves leave
 * the others stored. If a stream's own checks (too far behind, rate) fail, the answer speaks of the last such stream
 * only; else it lists all refusals, equal ones together.
 */
export function applyPush(
  store: ReceiverStore,
  push: DecodedPush,
  parsed: ParsedStream[],
  options: ApplyOptions,
): Answer {
  if (push.length === 0) return { status: 422, text: 'error at least one valid stream is required for ingestion' };
  const refusedWhole = options.limits.allowMetadata ? null : findMetadata(push, parsed);
  if (refusedWhole !== null) {
    store.refuse(refusedWhole.reason, countEntries(push));
    return { status: 400, text: refusedWhole.text };
  }
  const validation = new Map<string, number>();
  let ingestion: Answer | null = null;
  for (const [i, stream] of push.entries()) {
    if (stream.entryCount === 0) continue;
    ingestion = applyStream(store, stream, parsed[i]!, options, validation) ?? ingestion;
  }
  if (ingestion !== null) return ingestion;
  if (validation.size > 0) return { status: 400, text: grouped(validation) };
  return { status: 204, text: '' };
}

export function countEntries(push: DecodedPush): number {
  return push.reduce((sum, stream) => sum + stream.entryCount, 0);
}

function applyStream(
  store: ReceiverStore,
  stream: DecodedStream,
  parsed: ParsedStream,
  options: ApplyOptions,
  validation: Map<string, number>,
): Answer | null {
  const { limits, now } = options;
  const note = ({ reason, text }: Refusal, entries: number) => {
    store.refuse(reason, entries);
    validation.set(text, (validation.get(text) ?? 0) + 1);
  };
  const labelsRefused = checkLabels(parsed.labels, limits);
  if (labelsRefused !== null) {
    note(labelsRefused, stream.entryCount);
    return null;
  }
  const fault = options.faultOf?.(parsed) ?? null;
  if (fault !== null) return refuseStream(store, stream, parsed, fault);
  const target = store.open(parsed.labels, parsed.name);
  const failed = new FailedEntries(stream, parsed);
  stream.each((entry) => {
    const refusal = checkEntry(entry, parsed.name, now, limits);
    if (refusal !== null) return note(refusal, 1);
    const behind = target.newest === null ? null : checkBehind(entry, target.newest, limits);
    if (behind === null) store.add(target, entry);
    else {
      store.refuse('too_far_behind', 1);
      failed.add(entry, behind);
    }
  });
  return failed.answer(400);
}

function refuseStream(
  store: ReceiverStore,
  stream: DecodedStream,
  parsed: ParsedStream,
  fault: StreamFault,
): Answer | null {
  const failed = new FailedEntries(stream, parsed);
  store.refuse(fault.status === 429 ? 'per_stream_rate_limit' : 'fault', stream.entryCount);
  stream.each((entry) => {
    const text = `Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '${parsed.name}' totaling ${entry.to - entry.from}B, consider splitting a stream via additional labels or contact your Loki administrator to see if the limit can be increased`;
    failed.add(entry, text);
  });
  return fault.text === null ? failed.answer(fault.status) : { status: fault.status, text: fault.text };
}

/** The part of an answer that lists entries a stream did not take. Loki shows the first ten. */
class FailedEntries {
  private readonly stream: DecodedStream;
  private readonly parsed: ParsedStream;
  private readonly shown: string[] = [];
  private count = 0;

  constructor(stream: DecodedStream, parsed: ParsedStream) {
    this.stream = stream;
    this.parsed = parsed;
  }

  add(entry: DecodedEntry, reason: string): void {
    if (this.count++ >= 10) return;
    this.shown.push(`entry with timestamp ${goTime(entry)} ignored, reason: '${reason}',\n`);
  }

  answer(status: number): Answer | null {
    if (this.count === 0) return null;
    const total = `user 'fake', total ignored: ${this.count} out of ${this.stream.entryCount} for stream: ${this.parsed.name}`;
    return { status, text: `${this.shown.join('')}${total}` };
  }
}

function findMetadata(push: DecodedPush, parsed: ParsedStream[]): Refusal | null {
  let found: Refusal | null = null;
  for (const [i, stream] of push.entries()) {
    stream.each((entry) => {
      if (entry.metadataCount === 0 || found !== null) return;
      found = { reason: 'disallowed_structured_metadata', text: metadataDisallowed(parsed[i]!.name) };
    });
  }
  return found;
}

function grouped(texts: Map<string, number>): string {
  const [[only, count]] = [...texts] as [[string, number], ...[string, number][]];
  if (texts.size === 1 && count === 1) return only;
  return [...texts].map(([text, times]) => `${times} errors like: ${text}`).join('; ');
}
