/** Lines, or a whole stream, that Loki refused for what they are while it stored the rest of the push. */
export interface Refusal {
  /** The name Loki's own metric `loki_discarded_samples_total` uses. */
  reason: string;
  /** How many lines the answer proves refused; 1 for a stream, whose lines it does not count. */
  lines: number;
  /** Whether single entries were refused or a stream with all its entries. */
  unit: 'entry' | 'stream';
  /** The labels of the stream, as Loki writes them, if the answer names it. */
  stream: string | null;
}

interface Row {
  text: RegExp;
  reason: string;
  unit: 'entry' | 'stream';
}

// Texts and reason names: grafana/loki pkg/validation/validate.go and pkg/chunkenc/interface.go, in their wording since 2.4.
const ROWS: Row[] = [
  { text: /max entry size '\d+' bytes exceeded/i, reason: 'line_too_long', unit: 'entry' },
  { text: /entry too far behind/, reason: 'too_far_behind', unit: 'entry' },
  { text: /entry out of order/, reason: 'out_of_order', unit: 'entry' },
  { text: /has timestamp too old/, reason: 'greater_than_max_sample_age', unit: 'entry' },
  { text: /has timestamp too new/, reason: 'too_far_in_future', unit: 'entry' },
  { text: /has structured metadata too large/, reason: 'structured_metadata_too_large', unit: 'entry' },
  { text: /has too many structured metadata labels/, reason: 'structured_metadata_too_many', unit: 'entry' },
  { text: /has \d+ label names; limit \d+/, reason: 'max_label_names_per_series', unit: 'stream' },
  { text: /has label name too long/, reason: 'label_name_too_long', unit: 'stream' },
  { text: /has label value too long/, reason: 'label_value_too_long', unit: 'stream' },
  { text: /has duplicate label name/, reason: 'duplicate_label_names', unit: 'stream' },
  { text: /at least one label pair is required per stream/, reason: 'missing_labels', unit: 'stream' },
  { text: /error parsing labels '.*' with error/, reason: 'invalid_labels', unit: 'stream' },
  { text: /missing required labels '/, reason: 'missing_enforced_labels', unit: 'stream' },
];

/** A set of labels as Loki prints it: `{app="a", job="b"}`. */
const LABELS = /\{(?:[\w.:]+="(?:[^"\\]|\\.)*"(?:, ?)?)+\}/g;

/** The messages of a grouped error, up to a `; ` that is not within labels and before the next message. */
const MESSAGES = new RegExp(`(?:${LABELS.source}|;(?! \\d+ errors like: )|[^;])+`, 'g');

/**
 * Reads what was refused out of the body of a 400. Empty if the body tells of nothing known. The counts are the least
 * the body proves: Loki names at most one failing stream for each of its ingesters.
 *
 * Two forms exist. The distributor groups equal messages, `3 errors like: <message>; <message>; ...`
 * (pkg/util/errors GroupedErrors). The ingester lists at most ten entries of one stream and then tells the total,
 * `entry with timestamp ... ignored, reason: '<message>',` and `total ignored: 12 out of 40` (pkg/ingester/stream.go).
 */
export function refusalsIn(body: string): Refusal[] {
  const total = /total ignored: (\d+) out of \d+(?: for stream: (\{.*\}))?/.exec(body);
  const found = merge(total === null && !/ignored, reason: '/.test(body) ? grouped(body) : listed(body));
  const last = found.at(-1);
  if (total !== null && last !== undefined) {
    // The list stops at ten, the total does not; the rest is like the last one listed.
    last.lines += Math.max(0, Number(total[1]) - found.reduce((sum, refusal) => sum + refusal.lines, 0));
    for (const refusal of found) refusal.stream ??= total[2] ?? null;
  }
  return found;
}

function grouped(body: string): Refusal[] {
  return (body.match(MESSAGES) ?? []).flatMap((message) => {
    const count = /^\s*(\d+) errors like: /.exec(message);
    return refusal(message, count === null ? 1 : Number(count[1]));
  });
}

function listed(body: string): Refusal[] {
  return body.split('\n').flatMap((line) => (line.includes("ignored, reason: '") ? refusal(line, 1) : []));
}

function refusal(message: string, lines: number): Refusal[] {
  // Label values may say anything, so they are taken out before the message is read.
  const row = ROWS.find(({ text }) => text.test(message.replaceAll(LABELS, '{}')));
  if (row === undefined) return [];
  return [{ reason: row.reason, lines, unit: row.unit, stream: streamIn(message) }];
}

function merge(refusals: Refusal[]): Refusal[] {
  const merged = new Map<string, Refusal>();
  for (const refusal of refusals) {
    const key = `${refusal.reason} ${refusal.stream ?? ''}`;
    const known = merged.get(key);
    if (known === undefined) merged.set(key, refusal);
    else known.lines += refusal.lines;
  }
  return [...merged.values()];
}

/** The labels of a stream quoted in a message of Loki, `{...}` as it writes them, or null. */
export function streamIn(message: string): string | null {
  return message.match(LABELS)?.[0] ?? null;
}

const MAX_DETAIL_LENGTH = 300;

/**
 * The first line of a body, short and safe for our own log: no control characters, and long quoted passages that are
 * not labels are left out, since a server may quote what it could not read.
 */
export function firstLine(body: string): string {
  const line = body.split('\n').find((candidate) => candidate.trim() !== '') ?? '';
  const safe = line
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replace(/(["'`])(?!\{)(?:(?!\1).){48,}(?:\1|$)/g, '$1…$1')
    .trim();
  return safe.length > MAX_DETAIL_LENGTH ? `${safe.slice(0, MAX_DETAIL_LENGTH)}…` : safe;
}
