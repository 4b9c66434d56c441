import { type Dirent, type readdir, readdirSync } from 'node:fs';
import fastGlob from 'fast-glob';
import type { FoundName } from '../chain/listing.js';
import { errnoOf } from '../errors.js';
import { FolderCache } from './folder-cache.js';
import { rotatedBeside, targetOf } from './links.js';
import type { Matcher } from './match.js';

/** The names there are, by the container log they belong to. */
export type Found = ReadonlyMap<string, readonly FoundName[]>;

/** Finds every generation of every wanted log, without help of any hint. */
export class Scanner {
  readonly #patterns: string[];
  readonly #matcher: Matcher;
  readonly #folders = new FolderCache();
  #last: Found | null = null;

  /** @param paths globs of current generations; rotated ones are found by what rotation appends to their names */
  constructor(paths: readonly string[], matcher: Matcher) {
    this.#patterns = paths.flatMap((path) => [path, `${path}.*`]);
    this.#matcher = matcher;
  }

  /** See `FolderCache.timeOf`. */
  timeOf(folder: string): number {
    return this.#folders.timeOf(folder);
  }

  /** One scan at a time. Where nothing has changed, the answer is the same as before, and the patterns rest. */
  async scan(): Promise<Found> {
    if (this.#last !== null && (await this.#folders.isUnchanged())) return this.#last;
    const names = await fastGlob(this.#patterns, {
      dot: true,
      suppressErrors: true,
      followSymbolicLinks: true,
      // The library calls it in this form only; the type allows for others.
      fs: { readdir: this.#folders.readdir as typeof readdir },
    });
    const { links } = this.#folders;
    this.#folders.turn();
    this.#last = gather(names, this.#matcher, links);
    return this.#last;
  }
}

/** Finds the generations in one folder. A folder that is gone or may not be read has none. */
export function scanFolder(folder: string, matcher: Matcher): Found {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return new Map();
  }
  const pathOf = ({ name }: Dirent) => `${folder}/${name}`;
  const links = new Set(entries.filter((entry) => entry.isSymbolicLink()).map(pathOf));
  return gather(entries.map(pathOf), matcher, links);
}

function gather(paths: readonly string[], matcher: Matcher, links: ReadonlySet<string>): Found {
  const found = new Map<string, FoundName[]>();
  for (const path of paths) {
    const name = matcher(path);
    if (name === null) continue;
    const names = found.get(name.log);
    if (names === undefined) found.set(name.log, [{ ...name, path }]);
    else names.push({ ...name, path });
  }
  for (const link of links) {
    const names = found.get(link);
    // What is compressed as a whole is not rotated.
    if (names !== undefined && !names.some(({ suffix, gzip }) => suffix === '' && gzip)) follow(link, names);
  }
  return found;
}

/** Adds the rotated files of the one that the path of a log leads to. */
function follow(log: string, names: FoundName[]): void {
  const target = targetOf(log);
  if (target === null) return;
  for (const rotated of rotatedBeside(target)) names.push({ ...rotated, log });
  for (const name of names) name.target = target;
}
