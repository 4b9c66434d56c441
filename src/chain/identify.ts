import type { Cursor } from '../checkpoint/record.js';
import type { IdentifyJob, IdentifyResult, Place } from '../protocol.js';
import type { ContainerLog } from './container-log.js';
import type { Descriptors } from './descriptors.js';
import type { Generation } from './generation.js';

/** Asks a worker which remembered places are in which files. */
export type Identify = (job: IdentifyJob) => Promise<IdentifyResult>;

/**
 * Tells files seen for the first time under a rotated name from other names of generations that are known: a `.gz`
 * whose plain file was rotated and compressed between two looks, or a copy. The known one takes over the name. Those
 * that may be a generation of which nothing is read yet stay unidentified; they have to wait for that one anyway.
 */
export async function identifyNewcomers(
  log: ContainerLog,
  descriptors: Descriptors,
  identify: Identify,
): Promise<void> {
  const unread = log.generations.findIndex(
    ({ deleted, head, size, done }) => deleted && head === null && size > 0 && !done,
  );
  const newcomers = log.generations.filter(
    (generation, index) => generation.unidentified && (unread === -1 || index < unread),
  );
  const known = log.generations.filter((generation) => !generation.unidentified && generation.head !== null);
  const places = known.map(({ read, head }) => ({ offset: read.offset, head, tail: read.tail }));
  const asked = await ask(newcomers, () => places, descriptors, identify);
  for (const [newcomer, matches] of asked) {
    newcomer.unidentified = false;
    const twin = known.find((_, index) => matches[index] === true);
    if (twin !== undefined) merge(twin, newcomer, descriptors);
  }
}

/** The newcomer is another name of a known generation, or a copy of it. */
function merge(known: Generation, newcomer: Generation, descriptors: Descriptors): void {
  const { log } = known;
  const renamed = newcomer.gzipPath === null && newcomer.ino === known.ino && newcomer.dev === known.dev;
  const { path, gzipPath, suffix } = newcomer;
  skip(newcomer, descriptors);
  if (!renamed && gzipPath === null) return;
  known.suffix = suffix;
  known.gzipPath = gzipPath ?? known.gzipPath;
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
 * Puts the generations found at start where the journal says they were left: those before the oldest cursor are done,
 * those with a cursor go on there, the others begin at 0.
 *
 * @returns the cursors whose generation is nowhere to be found
 */
export async function placeAtCursors(
  log: ContainerLog,
  cursors: readonly Cursor[],
  descriptors: Descriptors,
  identify: Identify,
): Promise<Cursor[]> {
  const candidates = log.generations.filter((generation) => generation.spool === null);
  const placesOf = (): Place[] => cursors.map(({ offset, head, tail }) => ({ offset, head, tail }));
  const asked = await ask(candidates, placesOf, descriptors, identify);
  const taken = new Set<Generation>();
  const missing: Cursor[] = [];
  let oldest = Number.POSITIVE_INFINITY;
  for (const [index, cursor] of cursors.entries()) {
    const generation = choose(cursor, log.generations, taken, (candidate) => asked.get(candidate)?.[index]);
    if (generation === undefined) {
      // One of which nothing was read cannot be told from those that begin anew.
      const mayBeThere = cursor.head === null && candidates.some((candidate) => !taken.has(candidate));
      if (!mayBeThere) missing.push(cursor);
      continue;
    }
    taken.add(generation);
    oldest = Math.min(oldest, log.generations.indexOf(generation));
    const { offset, tail, carry, head, format } = cursor;
    // A spool copy made after the cursor was stored begins later, and knows what was open there.
    if (generation.spool === null || offset >= generation.spool.start) {
      generation.startAt({ offset, tail, carry }, head, format);
    }
  }
  for (const [index, generation] of log.generations.entries()) {
    if (index < oldest && Number.isFinite(oldest) && generation.spool === null && !taken.has(generation)) {
      skip(generation, descriptors);
    }
  }
  return missing;
}

function choose(
  cursor: Cursor,
  generations: readonly Generation[],
  taken: ReadonlySet<Generation>,
  matches: (candidate: Generation) => boolean | undefined,
): Generation | undefined {
  const free = generations.filter((generation) => !taken.has(generation));
  const same = (generation: Generation) => generation.dev === cursor.dev && generation.ino === cursor.ino;
  const byInode = free.find(
    (generation) => same(generation) && (generation.spool !== null || matches(generation) !== false),
  );
  if (byInode !== undefined) return byInode;
  // Without a fingerprint anything would match.
  if (cursor.head === null) return undefined;
  return free.find((generation) => generation.spool === null && matches(generation) === true);
}

/** Those that cannot be opened or read now are not in the answer. */
async function ask(
  generations: readonly Generation[],
  placesOf: (generation: Generation) => Place[],
  descriptors: Descriptors,
  identify: Identify,
): Promise<Map<Generation, boolean[]>> {
  const asked: Generation[] = [];
  const candidates: IdentifyJob['candidates'] = [];
  for (const generation of generations) {
    try {
      if (generation.path !== null) {
        descriptors.open(generation, generation.path, generation.dev, generation.ino);
      }
    } catch {
      // Not to be read now; asked again at the next scan, or read from its start.
    }
    const source = generation.source(0);
    if (source === null) continue;
    generation.readers += 1;
    asked.push(generation);
    candidates.push({ source, places: placesOf(generation) });
  }
  if (asked.length === 0) return new Map();
  try {
    const { matches } = await identify({ candidates });
    return new Map(asked.map((generation, index) => [generation, matches[index] as boolean[]]));
  } finally {
    for (const generation of asked) generation.readers -= 1;
  }
}

/** Only what is written from now on: the current generation from its end, at the next start of a line. */
export function placeAtEnd(log: ContainerLog, descriptors: Descriptors): void {
  for (const generation of log.generations) {
    if (generation.path !== log.path) skip(generation, descriptors);
    else generation.startAt({ offset: generation.size, tail: null, carry: null }, null, null, false);
  }
}
