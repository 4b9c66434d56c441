import type { Cursor, PositionRecord } from '../checkpoint/record.js';
import { readPodPath } from '../discover/pod-path.js';
import type { Loss } from '../telemetry/events.js';
import type { Chains } from './chains.js';
import type { ContainerLog } from './container-log.js';
import type { Descriptors } from './descriptors.js';
import { gapIn } from './generation.js';
import type { Identify } from './identify.js';
import { mayBeCopyOf, placeAtCursors, placeAtEnd } from './place.js';

export interface TakeUpOptions {
  /** With all files that were found, and all copies of the spool. */
  chains: Chains;
  /** The positions of the earlier run, by path of the container log. */
  records: ReadonlyMap<string, PositionRecord>;
  /** Logs without a position begin at their end. */
  fromEnd: boolean;
  descriptors: Descriptors;
  identify: Identify;
  /** Finds out which generations of the log its copies were made from. */
  matchCopies: (log: ContainerLog) => Promise<void>;
  isWanted: (path: string) => boolean;
  /** Nothing is left of a container log, and its position is not needed any more. */
  onForgotten: (path: string) => void;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Chains that ask workers at the same time where they were left. */
const PLACED_AT_ONCE = 16;

/**
 * Goes on where an earlier run has stopped: puts each chain at its stored position.
 *
 * @returns what the positions tell of and is nowhere to be found
 */
export async function takeUp(options: TakeUpOptions): Promise<Loss[]> {
  const { chains, records, onForgotten } = options;
  const gone: Loss[] = [];
  const waiting = [...chains];
  const next = async (): Promise<void> => {
    for (let log = waiting.pop(); log !== undefined; log = waiting.pop()) {
      for (const cursor of await place(log, options)) gone.push(...lossOf(log.path, cursor));
    }
  };
  await Promise.all(Array.from({ length: PLACED_AT_ONCE }, next));
  for (const [path, { cursors }] of records) {
    if (chains.get(path) !== undefined) continue;
    for (const cursor of cursors) gone.push(...lossOf(path, cursor));
    if (!takeOpen(path, cursors, options)) onForgotten(path);
  }
  return gone;
}

/** @returns the cursors whose generation is nowhere to be found, gaps included */
async function place(log: ContainerLog, options: TakeUpOptions): Promise<readonly Cursor[]> {
  const { records, fromEnd, descriptors, identify, matchCopies, now } = options;
  const record = records.get(log.path);
  const missing = record?.cursors.filter(({ gap }) => gap === true) ?? [];
  log.moved = true;
  if (record === undefined && fromEnd) await placeAtEnd(log, descriptors, identify);
  else missing.push(...(await placeAtCursors(log, record ?? { cursors: [] }, descriptors, identify, now())));
  const copies = log.generations.filter(({ spool }) => spool !== null);
  const begun = log.generations.findIndex(({ head, done }) => head !== null && !done);
  for (const [index, generation] of log.generations.entries()) {
    const { done, gap, head, spool } = generation;
    // Not done, and older than what was read: a copy of that, of which it is not known what was read.
    const isCopy = index < begun && !done && !gap && head === null && spool === null;
    generation.unidentified &&= copies.some((copy) => mayBeCopyOf(copy, generation));
    generation.unidentified ||= isCopy;
  }
  if (copies.length > 0) await matchCopies(log);
  return missing;
}

/** What a container that is gone has left open is sent as it is: of its files nothing is needed for that. */
function takeOpen(path: string, cursors: readonly Cursor[], { chains, isWanted, now }: TakeUpOptions): boolean {
  const open = cursors.filter(({ carry }) => carry !== null);
  if (open.length === 0 || !isWanted(path)) return false;
  const log = chains.getOrAdd(path);
  for (const cursor of open) log.generations.push(gapIn(log, cursor, now()));
  log.moved = true;
  return true;
}

function lossOf(path: string, { size, offset }: Cursor): Loss[] {
  const bytes = size - offset;
  return bytes > 0 ? [{ reason: 'gone_while_down', ...readPodPath(path), bytes, lines: 0, files: 0 }] : [];
}
