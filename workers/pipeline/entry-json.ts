import { Entry, type Metadata } from './entry.js';
import type { LabelSets } from './labels.js';
import type { Json } from './stage.js';
import type { Value } from './values.js';

/** An entry as a carry keeps it. */
export function entryToJson(entry: Entry): Json {
  return [
    [entry.seconds, entry.nanos, entry.offset, entry.part],
    [...entry.labels.labels].map(([name, value]) => [name, value]),
    [...entry.extracted.all()].map(([name, value]) => [name, value]),
    entry.metadata.map(([name, value]) => [name, value]),
    entry.line,
  ];
}

/** The entry that `entryToJson` has written. The carry is our own, and was checked as a whole. */
export function entryFromJson(json: Json, labels: LabelSets): Entry {
  const [numbers, pairs, values, metadata, line] = json as [
    [number, number, number, number],
    [string, string][],
    [string, Value][],
    Metadata,
    string,
  ];
  const entry = new Entry(labels.of(new Map(pairs)));
  [entry.seconds, entry.nanos, entry.offset, entry.part] = numbers;
  entry.extracted.begin(new Map(values));
  entry.metadata = metadata;
  entry.line = line;
  return entry;
}

/** The entry that `entryToJson` has written, with another line. */
export function withLine(json: Json, line: string): Json {
  const [numbers, labels, values, metadata] = json as Json[];
  return [numbers!, labels!, values!, metadata!, line];
}
