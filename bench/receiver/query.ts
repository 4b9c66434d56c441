import type { Pair } from './payload.js';
import { type Instant, nsBetween } from './rules.js';
import { type LabelMatch, type LogQuery, parseLogQuery, parseSelector } from './selector.js';
import type { ReceiverStore } from './store.js';
import type { StoredEntry, StoredStream } from './stream.js';
import { fromMs, parseDuration, parseTime } from './time.js';

/** A query that cannot be answered: 400 with this text. */
export class BadQuery extends Error {}

/** Loki refuses to answer with more (max_entries_limit_per_query). */
const MAX_ENTRIES = 5000;
const DEFAULT_ENTRIES = 100;
const DEFAULT_RANGE_SECONDS = 3600;

interface Hit {
  stream: StoredStream;
  entry: StoredEntry;
}

/**
 * `/query_range` and `/query`: entries of the streams a query takes, newest first unless `direction` is `forward`, as
 * the `data` of Loki's answer. `range` looks at [start, end), by default the last hour; without it, at everything up to
 * `time`. Throws BadQuery, ParseError.
 */
export function queryLogs(store: ReceiverStore, params: URLSearchParams, range: boolean): unknown {
  if (store.mode === 'count') throw new BadQuery('this receiver counts lines and keeps none');
  const startedMs = performance.now();
  const query = parseLogQuery(params.get('query') ?? '');
  const backward = direction(params) === 'backward';
  const limit = readLimit(params);
  const [start, end] = range ? readRange(params) : [null, readInstant(params.get('time'))];
  const streams = store.streams().filter((stream) => query.labels(stream.labels));
  const hits = streams.flatMap((stream) => newestOrOldest(stream, query, start, end, limit, backward));
  const order = backward ? -1 : 1;
  hits.sort((a, b) => order * (a.entry.seconds - b.entry.seconds || a.entry.nanos - b.entry.nanos));
  const returned = hits.slice(0, limit);
  return { resultType: 'streams', result: group(returned), stats: stats(streams, returned.length, startedMs) };
}

/** `/labels`: the names of all labels. Throws BadQuery, ParseError. */
export function labelNames(store: ReceiverStore, params: URLSearchParams): string[] {
  return distinct(select(store, params).flatMap((stream) => stream.labels.map(([name]) => name)));
}

/** `/label/<name>/values`. Throws BadQuery, ParseError. */
export function labelValues(store: ReceiverStore, name: string, params: URLSearchParams): string[] {
  return distinct(select(store, params).flatMap((stream) => stream.label(name) ?? []));
}

/** `/series`: the labels of the streams that one of the `match[]` selectors takes. Throws BadQuery, ParseError. */
export function series(store: ReceiverStore, params: URLSearchParams): Record<string, string>[] {
  const matches = [...params.getAll('match[]'), ...params.getAll('match')].map(parseSelector);
  const found = select(store, params).filter(
    (stream) => matches.length === 0 || matches.some((match) => match(stream.labels)),
  );
  return found.map((stream) => Object.fromEntries(stream.labels));
}

/** Streams with entries that `query`, `start` and `end` take; those that are absent take all. */
function select(store: ReceiverStore, params: URLSearchParams): StoredStream[] {
  const query = params.get('query');
  const matches: LabelMatch = query === null || query === '' ? () => true : parseSelector(query);
  const start = params.get('start');
  const end = params.get('end');
  return store.streams().filter((stream) => {
    if (stream.newest === null || stream.oldest === null || !matches(stream.labels)) return false;
    if (start !== null && nsBetween(readInstant(start), stream.newest) < 0) return false;
    return end === null || nsBetween(stream.oldest, readInstant(end)) >= 0;
  });
}

/** The first `limit` hits of a stream, from the end that the direction begins with. */
function newestOrOldest(
  stream: StoredStream,
  query: LogQuery,
  start: Instant | null,
  end: Instant,
  limit: number,
  backward: boolean,
): Hit[] {
  const { kept } = stream;
  const before = (instant: Instant) => stream.firstAfter({ seconds: instant.seconds, nanos: instant.nanos - 1 });
  const from = start === null ? 0 : before(start);
  const to = before(end);
  const hits: Hit[] = [];
  for (let n = 0; n < to - from && hits.length < limit; n++) {
    const entry = kept[backward ? to - 1 - n : from + n]!;
    if (query.lines.every((takes) => takes(entry.line))) hits.push({ stream, entry });
  }
  return hits;
}

/** One result for each set of labels, structured metadata counted among them as Loki does. */
function group(hits: Hit[]): { stream: Record<string, string>; values: [string, string][] }[] {
  const results = new Map<string, { stream: Record<string, string>; values: [string, string][] }>();
  for (const { stream, entry } of hits) {
    const labels = merge(stream, entry.metadata);
    const key = JSON.stringify(labels);
    const result = results.get(key) ?? { stream: Object.fromEntries(labels), values: [] };
    result.values.push([String(entry.ns), entry.text]);
    results.set(key, result);
  }
  return [...results.values()];
}

function merge(stream: StoredStream, metadata: Pair[]): Pair[] {
  const extra = metadata.map(([name, value]): Pair => {
    return [stream.label(name) === undefined ? name : `${name}_extracted`, value];
  });
  return [...stream.labels, ...extra].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function stats(streams: StoredStream[], returned: number, startedMs: number): unknown {
  const sum = (value: (stream: StoredStream) => number) => streams.reduce((total, stream) => total + value(stream), 0);
  return {
    summary: {
      totalBytesProcessed: sum((stream) => stream.lineBytes),
      totalLinesProcessed: sum((stream) => stream.entries),
      totalEntriesReturned: returned,
      execTime: (performance.now() - startedMs) / 1000,
    },
  };
}

function direction(params: URLSearchParams): 'forward' | 'backward' {
  const text = params.get('direction')?.toLowerCase() ?? 'backward';
  if (text !== 'forward' && text !== 'backward') throw new BadQuery(`invalid direction '${text}'`);
  return text;
}

function readLimit(params: URLSearchParams): number {
  const text = params.get('limit') ?? String(DEFAULT_ENTRIES);
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit === 0) throw new BadQuery('limit must be a positive value');
  if (limit > MAX_ENTRIES) {
    throw new BadQuery(
      `max entries limit per query exceeded, limit > max_entries_limit_per_query (${limit} > ${MAX_ENTRIES})`,
    );
  }
  return limit;
}

function readRange(params: URLSearchParams): [Instant, Instant] {
  const end = readInstant(params.get('end'));
  const text = params.get('start');
  const start = text === null ? back(end, params.get('since')) : readInstant(text);
  if (nsBetween(start, end) < 0) throw new BadQuery('end timestamp must not be before or equal to start time');
  return [start, end];
}

function back(end: Instant, since: string | null): Instant {
  const seconds = since === null || since === '' ? DEFAULT_RANGE_SECONDS : asBadQuery(() => parseDuration(since));
  return { seconds: end.seconds - seconds, nanos: end.nanos };
}

function readInstant(text: string | null): Instant {
  return text === null || text === '' ? fromMs(Date.now()) : asBadQuery(() => parseTime(text));
}

function asBadQuery<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RangeError ? new BadQuery(error.message) : error;
  }
}

function distinct(values: string[]): string[] {
  return [...new Set(values)].sort();
}
