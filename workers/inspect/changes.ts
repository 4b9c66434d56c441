import type { InspectedChanges, InspectedField } from '../../src/protocol.js';
import type { Entry, Metadata } from '../pipeline/entry.js';
import type { Value } from '../pipeline/values.js';

/** All of an entry that a stage can change. */
export interface Snapshot {
  line: string;
  timestamp: string;
  labels: ReadonlyMap<string, string>;
  extracted: ReadonlyMap<string, Value>;
  metadata: Metadata;
}

export function snapshotOf(entry: Entry): Snapshot {
  return {
    line: entry.line,
    timestamp: formatTimestamp(entry.seconds, entry.nanos),
    labels: entry.labels.labels,
    extracted: entry.extracted.all(),
    metadata: entry.metadata,
  };
}

/** RFC 3339 in UTC with nine digits; the bare numbers where the year has more than four. */
export function formatTimestamp(seconds: number, nanos: number): string {
  const fraction = String(nanos).padStart(9, '0');
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) return `${seconds}.${fraction}`;
  return `${date.toISOString().slice(0, 19)}.${fraction}Z`;
}

/** What is different in `after`. */
export function changesOf(before: Snapshot, after: Snapshot): InspectedChanges {
  const changes: InspectedChanges = {};
  if (before.line !== after.line) changes.line = { before: before.line, after: after.line };
  if (before.timestamp !== after.timestamp) {
    changes.timestamp = { before: before.timestamp, after: after.timestamp };
  }
  const labels = mapChanges(before.labels, after.labels);
  const extracted = mapChanges(before.extracted, after.extracted);
  const metadata = before.metadata === after.metadata ? [] : listChanges(before.metadata, after.metadata);
  if (labels.length > 0) changes.labels = labels;
  if (extracted.length > 0) changes.extracted = extracted;
  if (metadata.length > 0) changes.metadata = metadata;
  return changes;
}

function mapChanges(before: ReadonlyMap<string, Value>, after: ReadonlyMap<string, Value>): InspectedField[] {
  if (before === after) return [];
  const fields: InspectedField[] = [];
  for (const [name, value] of before) {
    const now = after.get(name);
    if (now === undefined) fields.push({ name, before: value });
    else if (now !== value) fields.push({ name, before: value, after: now });
  }
  for (const [name, value] of after) if (!before.has(name)) fields.push({ name, after: value });
  return fields;
}

/** A name may be there more than once. */
function listChanges(before: Metadata, after: Metadata): InspectedField[] {
  const isIn = (list: Metadata, [name, value]: Metadata[number]): boolean =>
    list.some(([otherName, otherValue]) => otherName === name && otherValue === value);
  return [
    ...before.filter((pair) => !isIn(after, pair)).map(([name, value]) => ({ name, before: value })),
    ...after.filter((pair) => !isIn(before, pair)).map(([name, value]) => ({ name, after: value })),
  ];
}
