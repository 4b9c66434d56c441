import { CUT_MARK } from '../../workers/encode/push.js';

/*
 * What the worker side should make of a whole file, written to be read: strings of one character per byte, objects,
 * regular expressions, no slices.
 */

export type Stream = '' | 'stdout' | 'stderr';

export interface Entry {
  stream: Stream;
  /** Nanoseconds since the epoch. */
  ns: bigint;
  /** One character per byte. */
  content: string;
  /** Whether the timestamp depends on the line before: malformed lines that follow a stamped one. */
  follows?: boolean;
}

export interface Expected {
  entries: Entry[];
  lines: number;
  malformedLines: number;
  cutEntries: number;
  cutBytes: number;
  /** Where an unfinished rest begins that was not consumed. */
  next: number;
  open: boolean;
}

export interface ReferenceOptions {
  format: 'cri' | 'docker' | 'raw';
  final: boolean;
  maxLineBytes: number;
  holdBytes: number;
  readTimeMs: number;
}

interface Parsed {
  stream: 'stdout' | 'stderr';
  ns: bigint;
  partial: boolean;
  content: string;
}

const STAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const CRI = /^([^ ]+) (stdout|stderr) ([PF])(?::[^ ]*)?(?: (.*)|\r?)$/s;

/** Nanoseconds since the epoch of an RFC 3339 timestamp, or null. */
export function parseStamp(text: string): bigint | null {
  const match = STAMP.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return null;
  const offset = (match[8] === '-' ? -60 : 60) * (offsetHours * 60 + offsetMinutes);
  const seconds = date.getTime() / 1000 - offset;
  if (seconds < 0 || seconds > 9_223_372_035) return null;
  return BigInt(seconds) * 1_000_000_000n + BigInt((match[7] ?? '').padEnd(9, '0'));
}

export function parseCri(line: string): Parsed | null {
  const match = CRI.exec(line);
  if (match === null) return null;
  const ns = parseStamp(match[1]!);
  if (ns === null) return null;
  const partial = match[3] === 'P';
  const content = match[4] ?? '';
  return { stream: match[2] as Parsed['stream'], ns, partial, content: partial ? content : content.replace(/\r$/, '') };
}

function parseDocker(line: string): Parsed | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { log, stream, time } = value as Record<string, unknown>;
  if (typeof log !== 'string' || typeof time !== 'string') return null;
  if (stream !== 'stdout' && stream !== 'stderr') return null;
  const ns = parseStamp(time);
  if (ns === null) return null;
  const partial = !log.endsWith('\n');
  const content = partial ? log : log.slice(0, -1).replace(/\r$/, '');
  return { stream, ns, partial, content: Buffer.from(content, 'utf8').toString('latin1') };
}

/** `content` cut so that with its mark it has at most `maxLineBytes` bytes, on a character boundary. */
export function cut(content: string, maxLineBytes: number): string {
  const most = maxLineBytes - CUT_MARK.length;
  const continues = (at: number) => (content.charCodeAt(at) & 0xc0) === 0x80;
  for (let keep = most; keep >= Math.max(0, most - 3); keep--) {
    if (!continues(keep)) return content.slice(0, keep) + CUT_MARK;
  }
  return content.slice(0, most) + CUT_MARK;
}

export function reference(file: Buffer, options: ReferenceOptions): Expected {
  const { format, maxLineBytes, holdBytes } = options;
  const text = file.toString('latin1');
  const result: Expected = {
    entries: [],
    lines: 0,
    malformedLines: 0,
    cutEntries: 0,
    cutBytes: 0,
    next: 0,
    open: false,
  };
  const open = new Map<Stream, string>();
  const skipped = new Set<Stream>();
  let last: bigint | null = null;

  const emit = (entry: Entry) => {
    if (entry.content.length <= maxLineBytes) {
      result.entries.push(entry);
      return;
    }
    const content = cut(entry.content, maxLineBytes);
    result.cutEntries++;
    result.cutBytes += entry.content.length - (content.length - CUT_MARK.length);
    result.entries.push({ ...entry, content });
  };
  const unstamped = (content: string, offset: number) => {
    if (last !== null) {
      last++;
      emit({ stream: '', ns: last, content, follows: true });
    } else emit({ stream: '', ns: BigInt(options.readTimeMs) * 1_000_000n + BigInt(offset), content });
  };
  const take = (line: string, offset: number) => {
    if (format === 'raw') {
      unstamped(line, offset);
      return;
    }
    const parsed = format === 'cri' ? parseCri(line) : parseDocker(line);
    if (parsed === null) {
      result.malformedLines++;
      unstamped(line, offset);
      return;
    }
    const { stream, ns, partial, content } = parsed;
    last = ns;
    if (skipped.has(stream)) {
      result.cutBytes += content.length;
      if (!partial) skipped.delete(stream);
      return;
    }
    const joined = (open.get(stream) ?? '') + content;
    if (partial && joined.length <= maxLineBytes) {
      open.set(stream, joined);
      return;
    }
    open.delete(stream);
    emit({ stream, ns, content: joined });
    if (partial) skipped.add(stream);
  };

  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const tooLong = end - at > holdBytes;
    if (newline < 0 && !options.final && !tooLong) break;
    result.lines++;
    take(text.slice(at, Math.min(end, at + holdBytes)), at);
    if (tooLong) result.cutBytes += end - at - holdBytes;
    result.open = tooLong && newline < 0 && !options.final;
    at = newline < 0 ? end : newline + 1;
  }
  result.next = at;
  result.open ||= open.size > 0 || skipped.size > 0;
  return result;
}
