import { fstatSync } from 'node:fs';
import type { ContainerLog } from './container-log.js';
import { Generation, type GzipFile } from './generation.js';
import { isOf } from './identify.js';
import { sightPath } from './identity.js';
import { compareSuffixes, type GenerationName, isTime } from './name.js';

/** A path that is the name of a generation. */
export interface FoundName extends GenerationName {
  path: string;
  /** The file that its log's path leads to, where that is a link: it is rotated there. */
  target?: string;
}

/** A file that bears the name of a generation, and its identity. */
export interface FoundFile extends FoundName {
  dev: string;
  ino: string;
  size: number;
  /** See `Sighting`. */
  birthMs: number;
}

/**
 * Looks at the files of these names; those that are gone or no regular files are left out.
 *
 * @param onFailure told of those that cannot be looked at, which are left out as well
 */
export function findFiles(
  names: readonly FoundName[],
  onFailure: (path: string, code: string) => void = () => {},
): FoundFile[] {
  const files: FoundFile[] = [];
  for (const name of names) {
    const seen = sightPath(name.path, (code) => onFailure(name.path, code));
    if (seen?.isFile) files.push({ ...name, dev: seen.dev, ino: seen.ino, size: seen.size, birthMs: seen.birthMs });
  }
  return files;
}

/** What came of holding a chain against the files that are there now. */
export interface ListingChange {
  /** Newly seen; to be opened at once, because an open file outlives its deletion. */
  added: Generation[];
  /** May be known already under another name, in a chain that is known: to be identified before they are read. */
  unidentified: Generation[];
  /** Lost their last name and were not open: what was unsettled is gone. */
  gone: Generation[];
}

/**
 * Holds a chain against the files that bear its names now: follows renames by inode, ties a `.gz` to the generation it
 * was made from by its stem, takes in new generations at the end, and notices those without a name.
 *
 * @param files all files of this chain's names in its folder; none if the folder is gone
 * @param isWhole behind each name that was listed there was a file
 */
export function updateListing(
  log: ContainerLog,
  files: readonly FoundFile[],
  nowMs: number,
  isWhole = true,
): ListingChange {
  if (log.resting !== null && isAsKnown(log, files)) {
    for (const generation of log.generations) noteListed(generation, isWhole);
    return NOTHING_NEW;
  }
  log.resting = null;
  const change: ListingChange = { added: [], unidentified: [], gone: [] };
  const ordered = [...files].sort((a, b) => compareSuffixes(a.suffix, b.suffix) || Number(a.gzip) - Number(b.gzip));
  const plainSuffixes = new Set(ordered.filter((file) => !file.gzip).map((file) => file.suffix));
  const known = log.generations.length > 0;
  const fresh: Generation[] = [];
  const named = new Map<Generation, { path: string | null; gzip: GzipFile | null }>();

  for (const file of ordered) {
    // The kubelet removes a plain file that has a finished .gz beside it at its next rotation; until then both are one.
    const twin = file.gzip && plainSuffixes.has(file.suffix);
    const generation = file.gzip ? byGzip(log, named, file) : byInode(log, named, file);
    if (generation !== null) {
      const names = named.get(generation) ?? { path: null, gzip: null };
      if (file.gzip) names.gzip = { path: file.path, dev: file.dev, ino: file.ino, birthMs: file.birthMs };
      else names.path = file.path;
      named.set(generation, names);
      generation.suffix = file.suffix;
      if (file.gzip) continue;
      if (isUntouched(generation)) {
        // It was renamed before it could be opened.
        generation.path = file.path;
        change.added.push(generation);
      }
      grow(generation, file, nowMs);
      continue;
    }
    if (twin) continue;
    const added = new Generation(log, file, nowMs);
    added.unidentified = known && (file.suffix !== '' || sharesInode(log, file));
    if (known) fresh.push(added);
    log.generations.push(added);
    named.set(added, { path: added.path, gzip: added.gzip });
    change.added.push(added);
    if (added.unidentified) change.unidentified.push(added);
  }

  notePlaces(named, ordered);
  const isAsked = log.generations.some(({ unknown }) => unknown);
  for (const generation of log.generations) {
    const names = named.get(generation);
    noteListed(generation, isWhole && names !== undefined);
    const hadName = !generation.deleted;
    // Nobody renames one that is compressed and has a time in its name.
    const hadLastName = generation.gzip !== null && isTime(generation.suffix);
    // Renamed while it was closed, it may be one of those that are asked what they are.
    const { fd, head, copyOf, done } = generation;
    const mayBeThere = isAsked && fd === null && head !== null && copyOf === null && !done && !hadLastName;
    if (names !== undefined) generation.missedLooks = 0;
    else if (hadName || generation.missedLooks > 0) generation.missedLooks += 1;
    // A new name of it may only show in the next listing.
    if (generation.missedLooks === 1) log.folderTimeMs = 0;
    if (names === undefined && hadName && (mayBeThere || !isUnnamed(generation))) {
      log.folderTimeMs = 0;
      continue;
    }
    const wasPlain = generation.path !== null;
    generation.path = names?.path ?? null;
    generation.gzip = names?.gzip ?? null;
    // It may have grown after its size was last seen; only reading to the end will tell.
    if (wasPlain && generation.frozen && !generation.done) {
      generation.size = Number.POSITIVE_INFINITY;
      change.added.push(generation);
    }
    if (names !== undefined || !hadName || generation.done) continue;
    // A copy is of no more use where the original stays.
    const isSpare = generation.copyOf !== null && named.has(generation.copyOf);
    if (!isSpare && (generation.fd !== null || generation.spool !== null)) continue;
    // In whatever place: until it is missed twice, it has that of the current one.
    const mayBe = log.generations.some(({ gzip, seenAtMs }) => gzip !== null && seenAtMs >= generation.seenAtMs);
    if (isUntouched(generation) && mayBe && !hadLastName) {
      // Renamed and compressed before it could be opened: it is one of those that came after it.
      generation.done = true;
      log.moved = true;
    } else change.gone.push(generation);
  }
  log.dropSpent();
  sortNamed(log);
  noteEnds(log, nowMs);
  for (const generation of fresh) generation.freshFor = FRESH_LISTINGS;
  if (log.generations.some(({ freshFor }) => freshFor > 0)) log.folderTimeMs = 0;
  return change;
}

/**
 * A listing that crosses a rotation may show a generation later than its successor: it is put before that, and all others
 * stay where they are, also those without a name, unless it is known where these belong.
 */
export function sortNamed(log: ContainerLog): void {
  const sorted: Generation[] = [];
  let newest: Generation | null = null;
  for (const generation of log.generations) {
    const isLast = !isPlaced(generation) || newest === null || inOrder(newest, generation) <= 0;
    const isNewer = (it: Generation) => isPlaced(it) && inOrder(it, generation) > 0;
    if (isLast) sorted.push(generation);
    else sorted.splice(sorted.findIndex(isNewer), 0, generation);
    if (isLast && isPlaced(generation)) newest = generation;
  }
  log.generations = sorted;
}

function isPlaced({ deleted, place }: Generation): boolean {
  return !deleted || place !== null;
}

function inOrder(a: Generation, b: Generation): number {
  const nameOf = ({ deleted, place, suffix }: Generation) => (deleted ? (place ?? suffix) : suffix);
  const isBehind = ({ deleted, suffix }: Generation) => Number(deleted && suffix === '');
  return compareSuffixes(nameOf(a), nameOf(b)) || isBehind(a) - isBehind(b);
}

function notePlaces(named: ReadonlyMap<Generation, unknown>, ordered: readonly FoundFile[]): void {
  const newest = ordered.findLast(({ suffix }) => suffix !== '')?.suffix ?? '';
  for (const generation of named.keys()) {
    const place = generation.suffix === '' ? newest : generation.suffix;
    generation.place = isTime(place) ? place : null;
  }
}

/**
 * A new generation is held back for at most so many. Most often the next one shows it again; but a file may lose its name,
 * and a link that leads nowhere is always a name without a file.
 */
export const FRESH_LISTINGS = 3;

function noteListed(generation: Generation, isShown: boolean): void {
  generation.freshFor = isShown ? 0 : Math.max(0, generation.freshFor - 1);
}

const NOTHING_NEW: ListingChange = { added: [], unidentified: [], gone: [] };

/** Whether the files are those that are known, under the names they have; a scan of a quiet node goes no further. */
function isAsKnown({ generations }: ContainerLog, files: readonly FoundFile[]): boolean {
  if (files.length !== generations.length) return false;
  return files.every(({ path, ino, dev, gzip, size }) =>
    generations.some((generation) => {
      if (gzip) return generation.gzip?.path === path && isFileOf(generation, { ino, dev });
      if (generation.path !== path || generation.ino !== ino || generation.dev !== dev) return false;
      return !generation.done || size <= generation.settled.offset;
    }),
  );
}

/**
 * A listing and a rotation can cross: a file is then missing under its old name, and not yet listed under its new one.
 * An open file tells by its link count; for others a second look must agree.
 */
function isUnnamed(generation: Generation): boolean {
  if (generation.fd !== null && generation.fileNamed) {
    const { nlink, size } = fstatSync(generation.fd);
    // What was written last is not seen by a poll yet, and an unread file must not be taken for an empty one.
    if (nlink === 0 && !generation.packed) generation.size = Math.max(generation.size, size);
    return nlink === 0;
  }
  return generation.missedLooks > 1;
}

function byInode(log: ContainerLog, others: ReadonlyMap<Generation, unknown>, file: FoundFile): Generation | null {
  const same = log.generations.filter((generation) => isOf(file, generation));
  // While it is open, its inode cannot be given to another file.
  const open = same.find((generation) => generation.fd !== null && !generation.packed);
  if (open !== undefined) return open;
  // Otherwise the inode may be that of a new file, unless the name is the same as well.
  const named = same.findLast((generation) => generation.path === file.path);
  if (named !== undefined) return named.done && file.size < named.settled.offset ? null : named;
  // Renamed while it was closed. A file that was given its inode is younger.
  const renamed = same.find(({ fd, done, head, birthMs, settled }) => {
    const isKnown = fd === null && (done || head !== null) && file.size >= settled.offset;
    return isKnown && birthMs > 0 && birthMs === file.birthMs;
  });
  if (renamed !== undefined) return renamed;
  // What has been found under its gzipped name is not the file that has its inode now.
  const isFree = (generation: Generation) => isUntouched(generation) && !others.has(generation);
  return same.find((generation) => isFree(generation) && file.size >= generation.size) ?? null;
}

/** Neither open nor read: whatever has its inode is read from its start anyway. */
function isUntouched({ fd, spool, head, read, readers, done }: Generation): boolean {
  return fd === null && spool === null && head === null && read.offset === 0 && readers === 0 && !done;
}

/** Whether a generation that is not open had this inode: it may have been renamed. */
function sharesInode(log: ContainerLog, file: FoundFile): boolean {
  return log.generations.some((generation) => generation.path !== null && isOf(file, generation));
}

function byGzip(
  log: ContainerLog,
  named: ReadonlyMap<Generation, { path: string | null }>,
  file: FoundFile,
): Generation | null {
  const open = log.generations.find((it) => it.fd !== null && it.packed && isFileOf(it, file));
  if (open !== undefined) return open;
  // Without a time in it, its name may have been that of another file: then it is another generation.
  if (!isTime(file.suffix)) {
    const isIt = (it: Generation) => isFileOf(it, file) && it.gzip?.birthMs === file.birthMs;
    const isTwin = (it: Generation) => it.suffix === file.suffix && named.get(it)?.path != null;
    return log.generations.find(isIt) ?? log.generations.find(isTwin) ?? null;
  }
  for (const generation of log.generations) {
    if (generation.gzip?.path === file.path) return generation;
    if (generation.suffix === file.suffix && !(named.has(generation) && generation.path === null)) return generation;
  }
  return null;
}

function isFileOf({ gzip }: Generation, { dev, ino }: { dev: string; ino: string }): boolean {
  return gzip?.ino === ino && gzip.dev === dev;
}

function grow(generation: Generation, file: FoundFile, nowMs: number): void {
  if (generation.done) {
    if (file.size <= generation.settled.offset) return;
    generation.done = false;
  }
  if (file.size > generation.size) generation.grownAtMs = nowMs;
  // Of an open file only growth is noted, so that none is taken for empty and passed over; the rest is for the poll.
  if (generation.fd === null || file.size > generation.size) generation.size = file.size;
}

function noteEnds(log: ContainerLog, nowMs: number): void {
  for (const generation of log.generations) {
    if (generation.path !== null && generation.suffix === '') generation.endedAtMs = null;
    else generation.endedAtMs ??= nowMs;
  }
}
