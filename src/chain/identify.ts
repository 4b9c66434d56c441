import type { Cursor } from '../checkpoint/record.js';
import type { IdentifyJob, IdentifyResult, Mark, Place } from '../protocol.js';
import type { ContainerLog } from './container-log.js';
import type { Descriptors } from './descriptors.js';
import type { Generation } from './generation.js';
import { readGenerationName } from './name.js';

/** Asks a worker which remembered places are in which files. */
export type Identify = (job: IdentifyJob) => Promise<IdentifyResult>;

/**
 * Tells files seen for the first time under a rotated name from other names of generations that are known: a `.gz`
 * whose plain file was rotated and compressed between two looks, or a copy. The known one takes over the name. Those
 * that may be a generation which is not read to its end yet stay unidentified: the more is read of it, the less can
 * another file be taken for it, and they have to wait for it anyway.
 */
export async function identifyNewcomers(
  log: ContainerLog,
  descriptors: Descriptors,
  identify: Identify,
): Promise<void> {
  const unread = log.generations.findIndex(
    ({ deleted, read, size, done, unidentified }) => deleted && read.offset < size && !done && !unidentified,
  );
  const newcomers = log.generations.filter(
    (generation, index) => generation.unidentified && (unread === -1 || index < unread),
  );
  const known = log.generations.filter((generation) => !generation.unidentified && generation.head !== null);
  const places = known.map(({ read, head }) => ({ offset: read.offset, head, tail: read.tail }));
  const asked = await ask(newcomers, () => places, descriptors, identify);
  for (const [newcomer, { matches }] of asked) {
    newcomer.unidentified = false;
    const twin = known.find((_, index) => matches[index] === true);
    if (twin !== undefined) merge(twin, newcomer, descriptors);
  }
}

/** The newcomer is another name of a known generation, or a copy of it. */
function merge(known: Generation, newcomer: Generation, descriptors: Descriptors): void {
  const { log } = known;
  const renamed = newcomer.gzip === null && newcomer.ino === known.ino && newcomer.dev === known.dev;
  const { path, gzip, suffix } = newcomer;
  if (!renamed && gzip === null) {
    // The original may be truncated now, with what was not read of it.
    newcomer.startAt({ ...known.read, carry: null }, known.head, known.format);
    return;
  }
  skip(newcomer, descriptors);
  known.suffix = suffix;
  known.gzip = gzip ?? known.gzip;
  if (renamed) known.path = path;
  log.generations = log.generations.filter((generation) => generation !== newcomer);
}

/** Nothing of it is to be read. */
function skip(generation: Generation, descriptors: Descriptors): void {
  const offset = Number.isFinite(generation.size) ? generation.size : 0;
  generation.startAt({ offset, tail: null, carry: null }, null, null);
  generation.done = true;
  descriptors.close(generation);
}

/**
 * Puts the generations found at start where the journal says they were left: those before the first cursor are done,
 * those with a cursor go on there, the others begin at 0. When the generation of the first cursor is gone, those before
 * the next are done only if nothing of the first was left to be read.
 *
 * @returns the cursors whose generation is nowhere to be found
 */
export async function placeAtCursors(
  log: ContainerLog,
  cursors: readonly Cursor[],
  descriptors: Descriptors,
  identify: Identify,
): Promise<Cursor[]> {
  const placesOf = (): Place[] => cursors.map(({ offset, head, tail }) => ({ offset, head, tail }));
  const asked = await ask(log.generations, placesOf, descriptors, identify);
  const taken = new Set<Generation>();
  const missing: Cursor[] = [];
  /** Places of generations in the chain, as far as the cursors tell. */
  const ranks = new Map<Generation, number>();
  /** All before this index are done. */
  let doneBefore = 0;
  let unbroken = true;
  for (const [index, cursor] of cursors.entries()) {
    if (cursor.head === null && cursor.offset === 0) {
      // Nothing of it was read, so it begins at 0 wherever it is; its inode alone would not say that it is this one.
      const there = log.generations.find((generation) => isPlaceOf(cursor, generation));
      if (there !== undefined) ranks.set(there, index);
      else if (taken.size === log.generations.length) missing.push(cursor);
      unbroken = false;
      continue;
    }
    const generation = choose(cursor, log.generations, taken, (candidate) => asked.get(candidate)?.matches[index]);
    if (generation === undefined) {
      missing.push(cursor);
    } else {
      taken.add(generation);
      ranks.set(generation, index);
      if (unbroken && generation.spool === null) doneBefore = log.generations.indexOf(generation);
      const { offset, tail, carry, head, format } = cursor;
      // A spool copy made after the cursor was stored begins later, and knows what was open there.
      if (generation.spool === null || offset >= generation.spool.start) {
        // One that is imported has no fingerprint yet.
        generation.startAt({ offset, tail, carry }, head ?? asked.get(generation)?.heads[index] ?? null, format);
      }
    }
    unbroken &&= cursor.offset === cursor.size && cursor.carry === null;
  }
  for (const generation of log.generations.slice(0, doneBefore)) {
    if (generation.spool !== null || taken.has(generation)) continue;
    skip(generation, descriptors);
    ranks.set(generation, -1);
  }
  // Copies in the spool come without a name that would tell their place among the others.
  const rankOf = (generation: Generation) =>
    ranks.get(generation) ?? cursors.length + (generation.spool === null ? 1 : 0);
  log.generations.sort((a, b) => rankOf(a) - rankOf(b));
  return missing;
}

/** Whether a copy in the spool is of the generation a cursor stands in; its inode may be used again meanwhile. */
function isCopy({ offset, head }: Cursor, { spool, head: ownHead }: Generation, matched: boolean | undefined): boolean {
  if (spool !== null && offset >= spool.start) return matched === true;
  return head === null || ownHead === null || head.bytes !== ownHead.bytes || head.hash === ownHead.hash;
}

/** Whether an unread generation is likely to be here: good enough for its place among the others. */
function isPlaceOf(cursor: Cursor, generation: Generation): boolean {
  if (generation.spool !== null) return isOf(cursor, generation);
  const { suffix } = readGenerationName(cursor.name);
  // A time is never used again as a suffix; a number is, and so is none.
  return suffix.includes('-') && suffix === generation.suffix;
}

function isOf(cursor: Cursor, { dev, ino }: Generation): boolean {
  return dev === cursor.dev && ino === cursor.ino;
}

function choose(
  cursor: Cursor,
  generations: readonly Generation[],
  taken: ReadonlySet<Generation>,
  matches: (candidate: Generation) => boolean | undefined,
): Generation | undefined {
  const free = generations.filter((generation) => !taken.has(generation));
  const byInode = free.find((generation) => {
    if (!isOf(cursor, generation)) return false;
    return generation.spool === null ? matches(generation) !== false : isCopy(cursor, generation, matches(generation));
  });
  if (byInode !== undefined) return byInode;
  // Without a fingerprint anything would match.
  if (cursor.head === null) return undefined;
  return free.find((generation) => generation.spool === null && matches(generation) === true);
}

/** What is said of one generation, for each place. */
interface Answer {
  matches: boolean[];
  heads: (Mark | null)[];
}

/** Those that cannot be opened or read now are not in the answer. */
async function ask(
  generations: readonly Generation[],
  placesOf: (generation: Generation) => Place[],
  descriptors: Descriptors,
  identify: Identify,
): Promise<Map<Generation, Answer>> {
  const asked: Generation[] = [];
  const candidates: IdentifyJob['candidates'] = [];
  for (const generation of generations) {
    try {
      generation.open(descriptors);
    } catch {
      // Not to be read now; asked again at the next scan, or read from its start.
    }
    const source = generation.source(generation.spool?.start ?? 0);
    if (source === null) continue;
    generation.readers += 1;
    asked.push(generation);
    candidates.push({ source, places: placesOf(generation) });
  }
  if (asked.length === 0) return new Map();
  try {
    const { matches, heads } = await identify({ candidates });
    return new Map(asked.map((generation, index) => [generation, { matches: matches[index]!, heads: heads[index]! }]));
  } finally {
    for (const generation of asked) generation.readers -= 1;
  }
}

/** Only what is written from now on: the current generation from its end, at the next start of a line. */
export async function placeAtEnd(log: ContainerLog, descriptors: Descriptors, identify: Identify): Promise<void> {
  const current = log.generations.filter((generation) => generation.path === log.path);
  const placesOf = ({ size }: Generation): Place[] => [{ offset: size, head: null, tail: null }];
  const asked = await ask(current, placesOf, descriptors, identify);
  for (const generation of log.generations) {
    if (!current.includes(generation)) {
      skip(generation, descriptors);
      continue;
    }
    const point = { offset: generation.size, tail: null, carry: null };
    generation.startAt(point, asked.get(generation)?.heads[0] ?? null, null, false);
  }
}
