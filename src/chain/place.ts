import type { Cursor, PositionRecord } from '../checkpoint/record.js';
import type { ContainerLog } from './container-log.js';
import type { Descriptors } from './descriptors.js';
import { type Generation, gapIn } from './generation.js';
import { type Answer, ask, type Identify, isOf, skip } from './identify.js';
import { sortNamed } from './listing.js';
import { compareSuffixes, isTime, readGenerationName } from './name.js';

/**
 * Puts the generations found at start where the journal says they were left: those before the first cursor are done,
 * those with a cursor go on there, the others begin at 0. When the generation of the first cursor is gone, those before
 * the next are done only if nothing of the first was left to be read. What stands for a generation that is gone keeps its
 * place.
 *
 * @returns the cursors whose generation is nowhere to be found, or has a copy in the spool that lacks the end of it
 */
export async function placeAtCursors(
  log: ContainerLog,
  { cursors, doneThrough }: Pick<PositionRecord, 'cursors' | 'doneThrough'>,
  descriptors: Descriptors,
  identify: Identify,
  nowMs: number,
): Promise<Cursor[]> {
  log.doneThrough = doneThrough ?? null;
  const asked = await findAll(log, cursors, descriptors, identify);
  const taken = new Set<Generation>();
  /** Cursors whose generation goes on at them. */
  const placed = new Set<Cursor>();
  const missing: Cursor[] = [];
  /** What had no room in the spool. */
  const rests: Cursor[] = [];
  const noteRest = ({ spool }: Generation, index: number): void => {
    const cursor = cursors[index] as Cursor;
    if (spool === null || cursor.size <= spool.end) return;
    rests.push({ ...cursor, offset: Math.max(cursor.offset, spool.end) });
    const gap = gapIn(log, { carry: null, format: cursor.format }, nowMs);
    ranks.set(gap, index + 0.5);
    gaps.push(gap);
  };
  const gaps: Generation[] = [];
  /** Places of generations in the chain, as far as the cursors tell. */
  const ranks = new Map<Generation, number>();
  /** All before this index are done. */
  let doneBefore = 0;
  let unbroken = true;
  for (const [index, cursor] of cursors.entries()) {
    if (cursor.gap === true) continue;
    if (isUnread(cursor)) {
      // Nothing of it was read, so it begins at 0 wherever it is; its inode alone would not say that it is this one.
      const there = log.generations.find((generation) => !ranks.has(generation) && isPlaceOf(cursor, generation));
      if (there !== undefined) {
        ranks.set(there, index);
        noteRest(there, index);
      } else if (isSurelyGone(cursor, log, ranks)) missing.push(cursor);
      unbroken = false;
      continue;
    }
    const generation = choose(cursor, log.generations, taken, (candidate) => asked.get(candidate)?.[index]?.matches);
    if (generation === undefined) {
      missing.push(cursor);
    } else {
      taken.add(generation);
      placed.add(cursor);
      ranks.set(generation, index);
      noteRest(generation, index);
      // An inode that could not be asked about may be that of another file by now.
      const sure = asked.get(generation)?.[index]?.matches === true;
      if (unbroken && sure && generation.spool === null) doneBefore = log.generations.indexOf(generation);
      const { offset, tail, carry, head, format } = cursor;
      // A spool copy made after the cursor was stored begins later, and knows what was open there.
      if (generation.spool === null || offset >= generation.spool.start) {
        // One that is imported has no fingerprint yet.
        generation.startAt({ offset, tail, carry }, head ?? asked.get(generation)?.[index]?.head ?? null, format);
        // Compressed since it was read to its end: there is no need to inflate it to know that.
        if (generation.packed && offset > 0 && offset === generation.saidBytes) generation.size = offset;
      }
    }
    unbroken &&= cursor.offset === cursor.size && cursor.carry === null;
  }
  for (const generation of log.generations.slice(0, doneBefore)) {
    if (generation.spool !== null || taken.has(generation) || isSince(generation, doneThrough)) continue;
    skip(generation, descriptors);
    ranks.set(generation, -1);
  }
  const rankOf = (generation: Generation) => ranks.get(generation) ?? cursors.length;
  for (const [index, cursor] of cursors.entries()) {
    if (cursor.gap !== true && !missing.includes(cursor)) continue;
    const isOpen = log.generations.some((generation) => !generation.done && rankOf(generation) < index);
    if (cursor.carry === null && !isOpen) continue;
    const gap = gapIn(log, cursor, nowMs);
    ranks.set(gap, index);
    gaps.push(gap);
  }
  log.generations.push(...gaps);
  log.generations.sort((a, b) => rankOf(a) - rankOf(b) || compareUntold(a, b));
  for (const [index, cursor] of cursors.entries()) {
    if (cursor.carry === null || cursor.gap === true || placed.has(cursor) || missing.includes(cursor)) continue;
    // What was open when it was truncated goes on in what it is now.
    const next = log.generations.find((generation) => !generation.done && rankOf(generation) >= index);
    if (next === undefined || next.read.offset > 0) continue;
    next.read = { ...next.read, carry: cursor.carry };
    next.settled = next.read;
  }
  // One that no cursor tells of may be older than others by its name: compressed since, it is perhaps one of them.
  sortNamed(log);
  return [...missing, ...rests];
}

/** Where one belongs of which no cursor tells: a time in a name sorts as text, and what has none is the newest. */
function keyOf({ spool, suffix, after }: Generation): string {
  if (isTime(suffix)) return suffix;
  if (spool === null) return '~';
  return after === '' ? '' : `${after}~`;
}

function compareUntold(a: Generation, b: Generation): number {
  const [own, other] = [keyOf(a), keyOf(b)];
  return own < other ? -1 : own > other ? 1 : 0;
}

/**
 * Whether a copy in the spool may be of the generation that a file is, both placed: of the one with that time in its name;
 * without one, of any that came later, for it was rotated after it was copied.
 */
export function mayBeCopyOf(copy: Generation, file: Generation): boolean {
  if (isTime(copy.suffix)) return copy.suffix === file.suffix;
  const { generations } = copy.log;
  return copy.suffix !== '' || generations.indexOf(file) > generations.indexOf(copy);
}

/**
 * Whether the names alone tell that a generation will be found to be done: it is older than that of the first cursor, and
 * that is there.
 */
export function isSurelyDone({ log, suffix, spool }: Generation, cursors: readonly Cursor[]): boolean {
  const [first] = cursors;
  const stamp = first === undefined || isUnread(first) ? null : stampOf(first);
  if (stamp === null || spool !== null || !isTime(suffix) || compareSuffixes(suffix, stamp) >= 0) return false;
  return log.generations.some((generation) => generation.spool === null && generation.suffix === stamp);
}

/**
 * Which cursors are in which generations. A name with a time in it says so by itself, and reading there begins with a
 * look at the bytes before the position anyway. The others are looked for in files whose name does not say that: the
 * likely ones first, and no further than needed, for what is compressed has to be inflated.
 */
async function findAll(
  log: ContainerLog,
  cursors: readonly Cursor[],
  descriptors: Descriptors,
  identify: Identify,
): Promise<Map<Generation, (Answer | undefined)[]>> {
  const places = cursors.map(({ offset, head, tail }) => ({ offset, head, tail }));
  const named = new Map<number, Generation>();
  for (const [index, cursor] of cursors.entries()) {
    // A copy in the spool comes first: the file is told from it afterwards.
    if (isUnread(cursor) || log.generations.some((it) => it.spool !== null && isOf(cursor, it))) continue;
    const generation = log.generations.find(({ spool, suffix }) => spool === null && suffix === stampOf(cursor));
    if (generation !== undefined) named.set(index, generation);
  }
  const taken = new Set(named.values());
  const wanted = new Set(
    [...cursors.keys()].filter((index) => !named.has(index) && !isUnread(cursors[index] as Cursor)),
  );
  const mayBe = (generation: Generation, index: number) =>
    wanted.has(index) && isPossible(cursors[index] as Cursor, generation);
  const answers = new Map<Generation, (Answer | undefined)[]>();
  const isSure = (generation: Generation) =>
    generation.spool !== null || cursors.some((cursor) => isOf(cursor, generation));
  // Compressed or not, the file that was the current one is the next after those that had a time in their names by then.
  const before = named.get(Math.max(...named.keys())) ?? null;
  for (const wave of likelyFirst(log.generations, taken, isSure, before)) {
    if (wanted.size === 0) break;
    for (const [generation, answer] of await ask(wave, places, mayBe, descriptors, identify)) {
      answers.set(generation, answer);
      for (const [index, each] of answer.entries()) if (each?.matches === true) wanted.delete(index);
    }
  }
  for (const generation of log.generations) {
    const answer = answers.get(generation) ?? [];
    for (const [index, own] of named) answer[index] = { matches: own === generation, head: null };
    if (taken.has(generation)) for (const index of cursors.keys()) answer[index] ??= { matches: false, head: null };
    answers.set(generation, answer);
  }
  return answers;
}

/**
 * Generations to be asked, each time twice as many: the sure ones, those that came after `before`, then the older ones;
 * none of those that are `taken`.
 */
function* likelyFirst(
  generations: readonly Generation[],
  taken: ReadonlySet<Generation>,
  isSure: (generation: Generation) => boolean,
  before: Generation | null,
): Generator<Generation[]> {
  const from = before === null ? 0 : generations.indexOf(before);
  const free = [...generations.slice(from), ...generations.slice(0, from)].filter((it) => !taken.has(it));
  yield free.filter(isSure);
  const others = free.filter((generation) => !isSure(generation));
  for (let count = 1; others.length > 0; count *= 2) yield others.splice(0, count);
}

/** By its name it has come since the position was stored: a copy of what the current file was, of which nothing was read. */
function isSince({ suffix }: Generation, doneThrough: string | null | undefined): boolean {
  if (doneThrough === undefined || !isTime(suffix)) return false;
  return doneThrough === null || compareSuffixes(suffix, doneThrough) > 0;
}

/** Without times in them, files of the same bytes are nothing strange: only what can be the same file counts. */
function isPossible(cursor: Cursor, generation: Generation): boolean {
  if (isUnread(cursor)) return false;
  if (isOf(cursor, generation) || isCopyOf(cursor, generation)) return true;
  if (cursor.head === null || isKnownCopy(generation)) return false;
  if (cursor.format !== 'raw' || generation.path === null) return true;
  // The file system has another number since the restart; or it is a copy, and what it was made from goes on anew.
  if (generation.ino === cursor.ino) return true;
  return generation.log.generations.some((other) => isOf(cursor, other) && other.path === other.log.path);
}

/** Whether it is all that is left of a copy that was made of the file before that was truncated. */
function isCopyOf({ dev, ino }: Cursor, { was }: Generation): boolean {
  return was?.dev === dev && was.ino === ino;
}

/** A copy in the spool of what was not known to be no other name of another is compared like a file. */
function isKnownCopy({ spool, unidentified }: Generation): boolean {
  return spool !== null && !unidentified;
}

function isUnread({ head, offset }: Cursor): boolean {
  return head === null && offset === 0;
}

/** The time in the name of its file; null if there is none. A time is never used again, a number is, and so is none. */
function stampOf(cursor: Cursor): string | null {
  const { suffix } = readGenerationName(cursor.name);
  return isTime(suffix) ? suffix : null;
}

/**
 * Nothing bears its name, which no other gets, and nothing is its file: a compressed one has got its inode anew. The oldest
 * are deleted first: where there is an older one, this one has another name by now, because its rename was undone, which
 * nobody does with a compressed one. Without a time in its name it may be any but the `others`, and the current one
 * where that is another file, or a shorter one.
 */
function isSurelyGone(
  cursor: Cursor,
  { path, generations }: ContainerLog,
  others: ReadonlyMap<Generation, unknown>,
): boolean {
  const stamp = stampOf(cursor);
  const isOther = ({ path: own, dev, ino, size }: Generation) =>
    own === path && dev === cursor.dev && (ino !== cursor.ino || size < cursor.size);
  if (generations.every((it) => others.has(it) || (stamp === null && isOther(it)))) return true;
  if (stamp === null) return false;
  const { gzip } = readGenerationName(cursor.name);
  const isOlder = ({ spool, suffix }: Generation) =>
    spool === null && isTime(suffix) && compareSuffixes(suffix, stamp) < 0;
  const mayBeIt = ({ spool, path: own, size }: Generation) =>
    spool !== null || (!gzip && own !== null && size >= cursor.size);
  return !generations.some((it) => it.suffix === stamp || (isOf(cursor, it) && mayBeIt(it)) || (!gzip && isOlder(it)));
}

/** Whether an unread generation is likely to be here: good enough for its place among the others. */
function isPlaceOf(cursor: Cursor, generation: Generation): boolean {
  return generation.spool !== null ? isOf(cursor, generation) : generation.suffix === stampOf(cursor);
}

function choose(
  cursor: Cursor,
  generations: readonly Generation[],
  taken: ReadonlySet<Generation>,
  matches: (candidate: Generation) => boolean | undefined,
): Generation | undefined {
  const free = generations.filter((generation) => !taken.has(generation));
  const sameFile = free.filter((generation) => isOf(cursor, generation) || isCopyOf(cursor, generation));
  const isIt = (generation: Generation) => matches(generation) === true;
  const unasked = (generation: Generation) => generation.spool === null && matches(generation) === undefined;
  // Without a fingerprint anything would match.
  const others = cursor.head === null ? [] : free.filter((generation) => !isKnownCopy(generation));
  return sameFile.find(isIt) ?? others.find(isIt) ?? sameFile.find(unasked);
}

/** Only what is written from now on: the current generation from its end, at the next start of a line. */
export async function placeAtEnd(log: ContainerLog, descriptors: Descriptors, identify: Identify): Promise<void> {
  const current = log.generations.find((generation) => generation.path === log.path);
  for (const generation of log.generations) if (generation !== current) skip(generation, descriptors);
  if (current === undefined) return;
  const { size } = current;
  const answers = await ask([current], [{ offset: size, head: null, tail: null }], () => true, descriptors, identify);
  const head = answers.get(current)?.[0]?.head ?? null;
  current.startAt({ offset: size, tail: null, carry: null }, head, null, false);
}
