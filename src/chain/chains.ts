import { dirname } from 'node:path';
import type { Matcher } from '../discover/match.js';
import { type Found, scanFolder } from '../discover/scan.js';
import type { TargetLabels } from '../pipeline.js';
import { type ChainSettings, ContainerLog } from './container-log.js';
import type { Generation } from './generation.js';
import { isOf } from './identify.js';
import { isNamed, modifiedMs } from './identity.js';
import { type FoundFile, type FoundName, FRESH_LISTINGS, findFiles, updateListing } from './listing.js';
import { compareSuffixes, isTime } from './name.js';
import type { Leftover } from './spool.js';

export interface ChainsOptions {
  matcher: Matcher;
  settings: ChainSettings;
  /** What the target of a log brings. */
  labelsOf: (path: string) => TargetLabels | null;
  /** Whether a log that is not known yet is to be left alone for its age. */
  isStale: (path: string, nowMs: number) => boolean;
  onFound: (log: ContainerLog) => void;
  onForgotten: (log: ContainerLog) => void;
  /**
   * A new generation, to be opened at once: an open file outlives its deletion.
   * @returns false if its name was that of another file by now, or of none
   */
  onAdded: (generation: Generation) => boolean;
  /** Its names have changed. */
  onChanged: (log: ContainerLog) => void;
  /** To be identified before they are read. */
  onUnidentified: (log: ContainerLog) => void;
  /** Deleted while it was not open: what was unsettled is gone. */
  onGone: (generation: Generation) => void;
  /**
   * So many files of a log that a scan or a hint has named were gone before they could be opened; they had so many bytes,
   * as far as was seen.
   */
  onVanished: (path: string, files: number, bytes: number) => void;
  /** A name whose file cannot be looked at. May be repeated. */
  onHidden: (path: string, code: string) => void;
}

/** A rotation that goes on while a folder is listed is met again at most so often. */
const LIST_TRIES = 3;

/** The files of each log in a folder, and the time of the folder if nothing can have changed since, else 0. */
interface StillListing {
  files: Map<string, FoundFile[]>;
  timeMs: number;
}

/** All container logs that are known, and what is known of their files' names. */
export class Chains {
  #options: ChainsOptions;
  readonly #logs = new Map<string, ContainerLog>();
  readonly #folders = new Map<string, Set<ContainerLog>>();
  readonly #awake = new Set<ContainerLog>();
  readonly #asleep = new Set<ContainerLog>();
  /** Paths of logs that were there since the last scan, and are not any more: that one may still tell of them. */
  readonly #past = new Set<string>();

  constructor(options: ChainsOptions) {
    this.#options = options;
  }

  /** Goes on with other files and settings. */
  change(matcher: Matcher, settings: ChainSettings): void {
    this.#options = { ...this.#options, matcher, settings };
    for (const log of this.#logs.values()) log.change(settings, this.#options.labelsOf(log.path) ?? []);
  }

  get size(): number {
    return this.#logs.size;
  }

  [Symbol.iterator](): IterableIterator<ContainerLog> {
    return this.#logs.values();
  }

  /** Those that are looked at with every tick. */
  get awake(): ReadonlySet<ContainerLog> {
    return this.#awake;
  }

  /** Those that are not, because a change in their folder would be told of. */
  get asleep(): ReadonlySet<ContainerLog> {
    return this.#asleep;
  }

  sleep(folder: string): void {
    for (const log of this.logsIn(folder)) {
      this.#awake.delete(log);
      this.#asleep.add(log);
    }
  }

  /** Something has changed in a folder: the next look is at all of it. */
  wake(folder: string): void {
    for (const log of this.logsIn(folder)) {
      log.resting = null;
      this.#asleep.delete(log);
      this.#awake.add(log);
    }
  }

  hasFolder(folder: string): boolean {
    return this.#folders.has(folder);
  }

  logsIn(folder: string): Iterable<ContainerLog> {
    return this.#folders.get(folder) ?? [];
  }

  get(path: string): ContainerLog | undefined {
    return this.#logs.get(path);
  }

  /** The chain of this path, which becomes known by it. */
  getOrAdd(path: string): ContainerLog {
    const known = this.#logs.get(path);
    if (known !== undefined) return known;
    const { settings, labelsOf } = this.#options;
    const log = new ContainerLog(path, settings, labelsOf(path) ?? []);
    this.#logs.set(path, log);
    this.#awake.add(log);
    const folder = this.#folders.get(log.folder);
    if (folder === undefined) this.#folders.set(log.folder, new Set([log]));
    else folder.add(log);
    this.#options.onFound(log);
    return log;
  }

  /**
   * Takes in what the first scan has found. It took its time, and a rotation meanwhile makes files change names: by those
   * they could not be told from one another. So a folder that has changed since is listed anew, until it stands still and
   * all its files are open; whatever becomes of their names then, none of them is closed again.
   *
   * @param timeOf see `take`
   */
  begin(found: Found, nowMs: number, timeOf: (folder: string) => number): void {
    const folders = new Map<string, Map<string, readonly FoundName[]>>();
    for (const [path, names] of found) {
      const folder = dirname(path);
      const logs = folders.get(folder);
      if (logs === undefined) folders.set(folder, new Map([[path, names]]));
      else logs.set(path, names);
    }
    for (const [folder, names] of folders) {
      let listing = this.#listStill(folder, names, timeOf(folder));
      const unopened: Generation[] = [];
      for (let tries = 0; ; tries += 1) {
        const slipped = this.#admit(listing, nowMs);
        if (slipped.length === 0 || tries === LIST_TRIES) break;
        unopened.push(...slipped);
        // What could not be opened is as if it had not been seen: it is met again under the name it has now.
        for (const { log } of slipped) log.generations = log.generations.filter((it) => !slipped.includes(it));
        listing = this.#listStill(folder, scanFolder(folder, this.#options.matcher), 0);
      }
      for (const [path, own] of names) if (!this.#logs.has(path)) this.#vanish(path, own, nowMs);
      for (const generation of unopened) {
        if (!isMetAgain(generation)) this.#options.onVanished(generation.log.path, 1, generation.knownBytes);
      }
    }
    this.#past.clear();
  }

  /** Takes in copies that an earlier run has left, the oldest first. Files of their logs may be other names of theirs. */
  restore(leftovers: readonly Leftover[], nowMs: number): void {
    const copies = new Map<ContainerLog, Generation[]>();
    for (const leftover of leftovers) {
      const log = this.getOrAdd(leftover.log);
      const own = copies.get(log);
      const copy = leftover.restore(log, nowMs);
      if (own === undefined) copies.set(log, [copy]);
      else own.push(copy);
    }
    for (const [log, own] of copies) {
      for (const file of log.generations) file.unidentified = file.suffix !== '';
      log.generations.unshift(...own);
    }
  }

  /** @returns generations that were gone when they were to be opened */
  #admit({ files, timeMs }: StillListing, nowMs: number): Generation[] {
    const slipped: Generation[] = [];
    for (const [path, own] of files) {
      slipped.push(...this.#update(path, own, nowMs));
      const log = this.#logs.get(path);
      if (log === undefined) continue;
      log.folderTimeMs = timeMs;
      for (const generation of log.generations) generation.freshFor = timeMs === 0 ? FRESH_LISTINGS : 0;
    }
    return slipped;
  }

  #listStill(folder: string, found: Found, foundMs: number): StillListing {
    let [names, listedMs] = [found, foundMs];
    for (let tries = 0; ; tries += 1) {
      const files = new Map<string, FoundFile[]>();
      for (const [path, own] of names) files.set(path, this.#find(own));
      const timeMs = Math.max(modifiedMs(folder), ...homesOf(names).map(modifiedMs));
      // What came in the same tick as a new listing does not show: the first poll looks once more.
      if (timeMs === listedMs || tries === LIST_TRIES) return { files, timeMs: listedMs === foundMs ? foundMs : 0 };
      names = scanFolder(folder, this.#options.matcher);
      listedMs = timeMs;
    }
  }

  /**
   * Takes in what a scan has found. Logs it has not found are looked for once more in their folders.
   *
   * @param timeOf modification time of a folder when the scan listed it; 0 if that is not known
   */
  take(found: Found, nowMs: number, timeOf: (folder: string) => number): void {
    for (const [path, names] of found) {
      const known = this.#logs.get(path);
      // Nothing has changed in its folder since it was last looked at.
      const isQuiet = known?.resting != null && known.home === null && known.folderTimeMs !== 0;
      if (isQuiet && known.folderTimeMs === timeOf(known.folder)) continue;
      this.#update(path, this.#find(names), nowMs, names);
      const log = this.#logs.get(path);
      if (known === undefined && log !== undefined) log.folderTimeMs = timeOf(log.folder);
    }
    const missed = new Set<string>();
    for (const [path, log] of this.#logs) if (!found.has(path)) missed.add(log.folder);
    for (const folder of missed) this.look(folder, nowMs);
    this.#past.clear();
  }

  /**
   * Holds the chains of one folder against the files in it now.
   *
   * @param hinted path of a file that has come or gone
   */
  look(folder: string, nowMs: number, hinted: string | null = null): void {
    const found = scanFolder(folder, this.#options.matcher);
    for (const log of [...(this.#folders.get(folder) ?? [])]) {
      if (!found.has(log.path)) this.#update(log.path, [], nowMs);
    }
    for (const [path, names] of found) this.#update(path, this.#find(names), nowMs, names);
    const name = hinted === null ? null : this.#options.matcher(hinted);
    if (hinted === null || name === null || this.#logs.has(name.log)) return;
    this.#vanish(name.log, [{ ...name, path: hinted }], nowMs);
  }

  /** Drops generations that are of no more use; and the chain, when none is left. */
  prune(log: ContainerLog): void {
    log.dropSpent();
    if (log.generations.length > 0) return;
    this.#logs.delete(log.path);
    this.#past.add(log.path);
    this.#awake.delete(log);
    this.#asleep.delete(log);
    const folder = this.#folders.get(log.folder);
    folder?.delete(log);
    if (folder?.size === 0) this.#folders.delete(log.folder);
    this.#options.onForgotten(log);
  }

  /** A log that is not known was named, and no file of these names was there. */
  #vanish(path: string, names: readonly FoundName[], nowMs: number): void {
    // A link that leads nowhere is still there.
    if (names.length === 0 || this.#past.has(path) || names.some((name) => isNamed(name.path))) return;
    // It may have been rotated since.
    const files = this.#find(scanFolder(dirname(path), this.#options.matcher).get(path) ?? []);
    if (files.length > 0) {
      this.#update(path, files, nowMs);
      return;
    }
    this.#past.add(path);
    this.#options.onVanished(path, new Set(names.map(({ suffix }) => suffix)).size, 0);
  }

  #find(names: readonly FoundName[]): FoundFile[] {
    return findFiles(names, this.#options.onHidden);
  }

  /** @returns new generations that were gone when they were to be opened */
  #update(path: string, files: readonly FoundFile[], nowMs: number, names: readonly FoundName[] = []): Generation[] {
    if (!this.#logs.has(path)) {
      if (files.length === 0) this.#vanish(path, names, nowMs);
      if (files.length === 0 || this.#options.isStale(path, nowMs)) return [];
    }
    const log = this.getOrAdd(path);
    if (this.#asleep.has(log)) this.wake(log.folder);
    if (files.length > 0) log.home = homeOf(files);
    const change = updateListing(log, files, nowMs, files.length >= names.length);
    const slipped = change.added.filter((generation) => !this.#options.onAdded(generation));
    for (const generation of change.gone) this.#options.onGone(generation);
    this.#options.onChanged(log);
    if (change.unidentified.length > 0) this.#options.onUnidentified(log);
    return slipped;
  }
}

/** The folder where a log is rotated whose path is a link. */
function homeOf([name]: readonly FoundName[]): string | null {
  return name?.target === undefined ? null : dirname(name.target);
}

function homesOf(found: Found): string[] {
  return [...found.values()].flatMap((names) => homeOf(names) ?? []);
}

/**
 * A time in a name is never used again, but a rename may have been undone, and what was not compressed be so by now under a
 * later time; without a time, under any.
 */
function isMetAgain(generation: Generation): boolean {
  const { suffix, path, log } = generation;
  const isTimed = isTime(suffix);
  const mayBeIt = (it: Generation) =>
    (isTimed && it.suffix === suffix) ||
    (path !== null && it.gzip !== null && (!isTimed || compareSuffixes(it.suffix, suffix) > 0));
  return log.generations.some((it) => isOf(generation, it) || mayBeIt(it));
}
