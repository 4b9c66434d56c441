import { readFile, stat } from 'node:fs/promises';
import { readGenerationName } from '../chain/name.js';
import { errnoOf, SleipnirError } from '../errors.js';
import type { ForeignPosition } from './import-parse.js';
import {
  type Candidate,
  candidatesOf,
  lineStartBefore,
  nameOf,
  offsetOfLine,
  plainSize,
  startsLineAt,
  wholeOf,
} from './import-place.js';
import type { Cursor, PositionRecord } from './record.js';

export interface ImportOptions {
  /** When the file was saved, milliseconds since the epoch: what was born later cannot be meant. Null: not known. */
  savedAtMs?: number | null;
  /** What a file is read from whose position is no number (`on_positions_file_error`). Default `restart_from_beginning`. */
  onInvalid?: 'skip' | 'restart_from_end' | 'restart_from_beginning';
  /** Whether the log of this path is collected at all; positions of others are left out. */
  wanted?: (path: string) => boolean;
  /** Each file is the compressed whole of a log, whatever its name says of rotation. Default false. */
  compressed?: boolean;
  onUnwanted?: (path: string) => void;
  onNote?: (note: ImportNote) => void;
}

/** Something about one position that whoever moves should know. */
export interface ImportNote {
  path: string;
  message: string;
}

/** What is looked for: an offset in plain bytes, or in lines of a compressed file; null: behind the last whole line. */
interface Wanted {
  offset: number | null;
}

/**
 * Turns the positions of Alloy or Promtail into ours, one record for each container log. The stored offset says nothing
 * about which file it was counted in: it is looked for in the current file and in the rotated ones, from the newest to
 * the oldest, and is where a line begins. The older files are done then, and the newer ones unread. A log whose offset is
 * nowhere to be found gets no record, and is read from its oldest file on: a repeat does less harm than a gap.
 * @param text what is in the positions file
 * @throws SleipnirError `POSITIONS_UNREADABLE`
 */
export async function importPositions(text: string, options: ImportOptions = {}): Promise<PositionRecord[]> {
  // Most starts import nothing.
  const { parsePositions } = await import('./import-parse.js');
  const positions = parsePositions(text);
  const byLog = new Map<string, ForeignPosition[]>();
  for (const position of positions) {
    const log = options.compressed ? position.path : readGenerationName(position.path).log;
    if (options.wanted?.(log) === false) {
      options.onUnwanted?.(position.path);
      continue;
    }
    byLog.set(log, [...(byLog.get(log) ?? []), position]);
  }
  const records: PositionRecord[] = [];
  for (const [log, stored] of byLog) {
    const record = await recordOf(log, stored, options);
    if (record !== null) records.push(record);
  }
  return records;
}

/**
 * The same for a file on disk, whose time of change is taken for `savedAtMs`.
 * @throws SleipnirError `POSITIONS_MISSING`, `POSITIONS_FILE` if it cannot be read, `POSITIONS_UNREADABLE` for what is in it
 */
export async function importPositionsFile(path: string, options: ImportOptions = {}): Promise<PositionRecord[]> {
  const { text, savedAtMs } = await read(path);
  return importPositions(text, { savedAtMs, ...options });
}

async function read(path: string): Promise<{ text: string; savedAtMs: number }> {
  try {
    const { mtimeMs: savedAtMs } = await stat(path);
    return { text: await readFile(path, 'utf8'), savedAtMs };
  } catch (cause) {
    const code = errnoOf(cause);
    throw code === 'ENOENT'
      ? new SleipnirError('POSITIONS_MISSING', `there is no positions file ${path}`, WHERE, { cause })
      : new SleipnirError('POSITIONS_FILE', `the positions file ${path} cannot be read: ${code}`, READABLE, { cause });
  }
}

const WHERE =
  "Alloy keeps it in its storage path, below the component's name; Promtail where positions.filename says. Without it, logs are read from their beginning.";
const READABLE = 'Mount it, and let the user that this runs as read it.';

async function recordOf(
  log: string,
  stored: readonly ForeignPosition[],
  options: ImportOptions,
): Promise<PositionRecord | null> {
  const candidates = options.compressed ? wholeOf(log) : await candidatesOf(log);
  if (candidates.length === 0) {
    options.onNote?.({ path: log, message: 'it is gone, so its position is left out' });
    return null;
  }
  /** By their place among the candidates. */
  const cursors = new Map<number, Cursor>();
  for (const [path, positions] of groupByPath(stored)) {
    const note = (message: string): void => options.onNote?.({ path, message });
    const wanted = wantedOf(positions, options, note);
    if (wanted === null) continue;
    const isCurrent = path === log && !options.compressed;
    const found = isCurrent
      ? await findCurrent(candidates, wanted, options, note)
      : await findNamed(candidates, options.compressed ? '' : readGenerationName(path).suffix, wanted);
    if (found === null) {
      note(`no file of it has a line that begins at ${wanted.offset}, so all of them are read`);
      continue;
    }
    const place = await placeOf(candidates, found);
    const known = cursors.get(place.index);
    // A file that was read under two names: what was read of it under either is settled.
    if (known === undefined || known.offset < place.cursor.offset) cursors.set(place.index, place.cursor);
  }
  if (cursors.size === 0) return null;
  return { log, cursors: [...cursors].sort(([a], [b]) => a - b).map(([, cursor]) => cursor) };
}

function groupByPath(stored: readonly ForeignPosition[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const { path, value } of stored) values.set(path, [...(values.get(path) ?? []), value]);
  return values;
}

/** One position for all that are stored for a path: the least, since a repeat does less harm than a gap. */
function wantedOf(
  values: readonly string[],
  { onInvalid = 'restart_from_beginning' }: ImportOptions,
  note: (message: string) => void,
): Wanted | null {
  const offsets = values.map((value) => (/^\+?\d+$/.test(value) ? Number(value) : Number.NaN));
  const valid = offsets.filter((offset) => Number.isSafeInteger(offset));
  if (valid.length > 0) {
    const offset = Math.min(...valid);
    if (new Set(valid).size > 1)
      note(`it has ${valid.length} positions, of different labels; the least is taken: ${offset}`);
    return { offset };
  }
  const wrong = `its position is ${JSON.stringify(values[0])}, which is no whole number that can be an offset`;
  if (onInvalid === 'skip') {
    note(`${wrong}; it is left out`);
    return null;
  }
  note(`${wrong}; it is read from its ${onInvalid === 'restart_from_end' ? 'end' : 'beginning'}`);
  return { offset: onInvalid === 'restart_from_end' ? null : 0 };
}

interface Found {
  candidate: Candidate;
  /** In plain bytes. */
  offset: number;
}

/** Looks for the file that was the current one when its position was stored. */
async function findCurrent(
  candidates: readonly Candidate[],
  { offset }: Wanted,
  { savedAtMs = null }: ImportOptions,
  note: (message: string) => void,
): Promise<Found | null> {
  const newest = candidates.at(-1) as Candidate;
  if (offset === null) {
    const end = newest.gzip ? await plainSize(newest) : await lineStartBefore(newest, newest.size);
    return { candidate: newest, offset: end };
  }
  const possible = candidates.filter(({ bornMs }) => savedAtMs === null || bornMs === null || bornMs <= savedAtMs);
  for (const candidate of possible.toReversed()) {
    if (!(await startsLineAt(candidate, offset).catch(() => false))) continue;
    if (candidate !== newest) note(`it was rotated since; reading goes on in ${nameOf(candidate)}`);
    return { candidate, offset };
  }
  // The newest that was there is the one, if its time says so: only the offset is a little off.
  const last = possible.at(-1);
  if (savedAtMs === null || last === undefined || last.bornMs === null || last.size < offset) return null;
  const start = await lineStartBefore(last, offset);
  note(`no line begins at ${offset}; reading goes on where that line begins, at ${start}`);
  return { candidate: last, offset: start };
}

/** A file that was read under its rotated name: it still has it, or is gone. */
async function findNamed(candidates: readonly Candidate[], suffix: string, { offset }: Wanted): Promise<Found | null> {
  const candidate = candidates.find((each) => each.suffix === suffix);
  if (candidate === undefined) return null;
  if (offset === null) return { candidate, offset: await plainSize(candidate) };
  if (await startsLineAt(candidate, offset).catch(() => false)) return { candidate, offset };
  // Promtail, and Alloy for long, stored the number of lines for compressed files.
  const behind = candidate.gzip ? await offsetOfLine(candidate, offset) : null;
  return behind === null ? null : { candidate, offset: behind };
}

/** A cursor at the start of a file would not say that the older ones are done; one at the end of the file before does. */
async function placeOf(
  candidates: readonly Candidate[],
  { candidate, offset }: Found,
): Promise<{ index: number; cursor: Cursor }> {
  const index = candidates.indexOf(candidate);
  const before = candidates[index - 1];
  if (offset > 0 || before === undefined) return { index, cursor: cursorOf(candidate, offset) };
  return { index: index - 1, cursor: cursorOf(before, await plainSize(before)) };
}

function cursorOf(file: Candidate, offset: number): Cursor {
  const { dev, ino, gzip, size } = file;
  const known = { dev, ino, name: nameOf(file), offset, size: gzip ? offset : size };
  return { ...known, head: null, tail: null, format: null, carry: null };
}
