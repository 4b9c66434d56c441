import { formatLabels } from './labels.js';
import type { DecodedEntry, Pair } from './payload.js';

/** What Loki refuses; the defaults are those of Loki 3.4. Null turns a limit off. */
export interface Limits {
  /** max_line_size */
  maxLineBytes: number | null;
  /** How far an entry may lie behind the newest of its stream: half of max_chunk_age. */
  maxBehindMs: number | null;
  /** How far an entry may lie ahead of now: creation_grace_period. */
  maxAheadMs: number | null;
  /** How old an entry may be: reject_old_samples_max_age. Off, other than in Loki (a week), for corpora with fixed timestamps. */
  maxAgeMs: number | null;
  /** max_label_names_per_series, `service_name` not counted. */
  maxLabels: number | null;
  maxLabelNameBytes: number | null;
  maxLabelValueBytes: number | null;
  /** allow_structured_metadata */
  allowMetadata: boolean;
  /** max_structured_metadata_size */
  maxMetadataBytes: number | null;
  /** max_structured_metadata_entries_count */
  maxMetadataCount: number | null;
  /** Requests with a longer body, as it is on the wire, are answered with 413. */
  maxBodyBytes: number | null;
}

const MINUTE_MS = 60_000;

export const LOKI_LIMITS: Limits = {
  maxLineBytes: 262_144,
  maxBehindMs: 60 * MINUTE_MS,
  maxAheadMs: 10 * MINUTE_MS,
  maxAgeMs: null,
  maxLabels: 15,
  maxLabelNameBytes: 1024,
  maxLabelValueBytes: 2048,
  allowMetadata: true,
  maxMetadataBytes: 65_536,
  maxMetadataCount: 128,
  maxBodyBytes: 100 * 1024 * 1024,
};

/** Why entries were refused, under the names Loki counts them by. */
export type Reason =
  | 'line_too_long'
  | 'too_far_behind'
  | 'too_far_in_future'
  | 'greater_than_max_sample_age'
  | 'invalid_labels'
  | 'missing_labels'
  | 'max_label_names_per_series'
  | 'label_name_too_long'
  | 'label_value_too_long'
  | 'duplicate_label_names'
  | 'disallowed_structured_metadata'
  | 'structured_metadata_too_large'
  | 'structured_metadata_too_many'
  | 'per_stream_rate_limit'
  | 'fault';

/** What was refused, and the sentence Loki has for it. */
export interface Refusal {
  reason: Reason;
  text: string;
}

/** A point in time: whole seconds since the epoch and nanoseconds on top. */
export interface Instant {
  readonly seconds: number;
  readonly nanos: number;
}

/** Checks the labels of a stream; they must be in the order of their names. */
export function checkLabels(labels: readonly Pair[], limits: Limits): Refusal | null {
  if (labels.length === 0) {
    return { reason: 'missing_labels', text: 'error at least one label pair is required per stream' };
  }
  const counted = labels.filter(([name]) => name !== 'service_name').length;
  if (limits.maxLabels !== null && counted > limits.maxLabels) {
    const text = `entry for stream '${formatLabels(labels)}' has ${counted} label names; limit ${limits.maxLabels}`;
    return { reason: 'max_label_names_per_series', text };
  }
  let last = '';
  for (const [name, value] of labels) {
    if (over(Buffer.byteLength(name), limits.maxLabelNameBytes)) {
      return {
        reason: 'label_name_too_long',
        text: `stream '${formatLabels(labels)}' has label name too long: '${name}'`,
      };
    }
    if (over(Buffer.byteLength(value), limits.maxLabelValueBytes)) {
      return {
        reason: 'label_value_too_long',
        text: `stream '${formatLabels(labels)}' has label value too long: '${value}'`,
      };
    }
    if (name === last) {
      return {
        reason: 'duplicate_label_names',
        text: `stream '${formatLabels(labels)}' has duplicate label name: '${name}'`,
      };
    }
    last = name;
  }
  return null;
}

/** Checks what Loki checks of an entry without knowing its stream. `stream` gives the labels as Loki shows them. */
export function checkEntry(entry: DecodedEntry, stream: string, now: Instant, limits: Limits): Refusal | null {
  const lineBytes = entry.to - entry.from;
  const aheadNs = nsBetween(now, entry);
  if (limits.maxAgeMs !== null && -aheadNs > limits.maxAgeMs * 1e6) {
    const oldest = goSeconds(plusMs(now, -limits.maxAgeMs));
    const text = `entry for stream '${stream}' has timestamp too old: ${goSeconds(entry)}, oldest acceptable timestamp is: ${oldest}`;
    return { reason: 'greater_than_max_sample_age', text };
  }
  if (limits.maxAheadMs !== null && aheadNs > limits.maxAheadMs * 1e6) {
    const text = `entry for stream '${stream}' has timestamp too new: ${goSeconds(entry)}`;
    return { reason: 'too_far_in_future', text };
  }
  if (limits.maxLineBytes !== null && lineBytes > limits.maxLineBytes) {
    const text = `Max entry size '${limits.maxLineBytes}' bytes exceeded for stream '${stream}' while adding an entry with length '${lineBytes}' bytes`;
    return { reason: 'line_too_long', text };
  }
  if (over(entry.metadataBytes, limits.maxMetadataBytes)) {
    const text = `stream '${stream}' has structured metadata too large: '${entry.metadataBytes}' bytes, limit: '${limits.maxMetadataBytes}' bytes. Please see \`limits_config.max_structured_metadata_size\` or contact your Loki administrator to increase it.`;
    return { reason: 'structured_metadata_too_large', text };
  }
  if (over(entry.metadataCount, limits.maxMetadataCount)) {
    const text = `stream '${stream}' has too many structured metadata labels: '${entry.metadataCount}', limit: '${limits.maxMetadataCount}'. Please see \`limits_config.max_structured_metadata_entries_count\` or contact your Loki administrator to increase it.`;
    return { reason: 'structured_metadata_too_many', text };
  }
  return null;
}

/** Whether an entry lies too far behind the newest of its stream; if so, the sentence Loki has for it. */
export function checkBehind(entry: Instant, newest: Instant, limits: Limits): string | null {
  if (limits.maxBehindMs === null || nsBetween(entry, newest) <= limits.maxBehindMs * 1e6) return null;
  const oldest = goSeconds(plusMs(newest, -limits.maxBehindMs));
  return `entry too far behind, entry timestamp is: ${goSeconds(entry)}, oldest acceptable timestamp is: ${oldest}`;
}

export function metadataDisallowed(stream: string): string {
  return `stream '${stream}' includes structured metadata, but this feature is disallowed. Please see \`limits_config.allow_structured_metadata\` or contact your Loki administrator to enable it.`;
}

/** Nanoseconds from `a` to `b`: exact within a hundred days, more than enough for every limit. */
export function nsBetween(a: Instant, b: Instant): number {
  return (b.seconds - a.seconds) * 1e9 + (b.nanos - a.nanos);
}

/** As Go prints a time in UTC: `2026-01-02 03:04:05.678 +0000 UTC`. */
export function goTime(instant: Instant): string {
  const fraction = instant.nanos === 0 ? '' : `.${String(instant.nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${goSeconds(instant).replace('T', ' ').replace('Z', '')}${fraction} +0000 UTC`;
}

/** RFC 3339 in UTC without a fraction. */
function goSeconds(instant: Instant): string {
  const date = new Date(instant.seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${instant.seconds}s` : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

function plusMs(instant: Instant, ms: number): Instant {
  return { seconds: instant.seconds + Math.floor(ms / 1000), nanos: instant.nanos };
}

function over(value: number, limit: number | null): boolean {
  return limit !== null && value > limit;
}
