import { type Dirent, readdirSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { modifiedMs } from '../chain/identity.js';

interface Read {
  timeMs: number;
  entries: Dirent[];
}

type Callback = (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void;

/** A folder's times have the resolution of the kernel's tick; a change in the same tick must not go unseen. */
export const SAME_TICK_MS = 50;
/** So many folders are answered without a pause; then others have their turn. */
const AT_ONCE = 64;

/**
 * Reads folders for the glob library, and again only those whose modification time has changed: a scan of a quiet node
 * is one `stat` for each folder. On the main thread itself, because handing 1,000 folders to the thread pool costs
 * several times what reading them does (bench/discover/scan.bench.ts).
 */
export class FolderCache {
  #known = new Map<string, Read>();
  /** Folders of the scan that runs now: what is not met again is gone. */
  #met = new Map<string, Read>();
  /** Paths of the links in them. */
  #links = new Set<string>();
  #answered = 0;
  /** Of the scan that runs now: whether times of folders alone will tell that nothing has changed since. */
  #certain = true;
  #settled = false;

  /** As `fs.readdir` with `withFileTypes`. */
  readonly readdir = (folder: string, _options: { withFileTypes: true }, callback: Callback): void => {
    let entries: Dirent[] = [];
    let failure: NodeJS.ErrnoException | null = null;
    try {
      entries = this.#read(folder);
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
      this.#certain = false;
    }
    for (const entry of entries) if (entry.isSymbolicLink()) this.#links.add(`${folder}/${entry.name}`);
    this.#answered += 1;
    if (this.#answered % AT_ONCE === 0) void setImmediate().then(() => callback(failure, entries));
    else callback(failure, entries);
  };

  /** Modification time of a folder at the last scan, in milliseconds; 0 if it is not certain that nothing came since. */
  timeOf(folder: string): number {
    return this.#known.get(folder)?.timeMs ?? 0;
  }

  /** Paths of the links that the scan has met which runs now. */
  get links(): ReadonlySet<string> {
    return this.#links;
  }

  /** A scan is over. */
  turn(): void {
    // What a link leads to comes and goes without its folder.
    if (this.#links.size > 0) this.#certain = false;
    this.#links = new Set();
    this.#known = this.#met;
    this.#met = new Map();
    this.#settled = this.#certain;
    this.#certain = true;
  }

  /** Whether a scan now would find what the last one has found: no folder has another time, and no link may lead elsewhere. */
  async isUnchanged(): Promise<boolean> {
    if (!this.#settled) return false;
    let asked = 0;
    for (const [folder, { timeMs }] of this.#known) {
      if (modifiedMs(folder) !== timeMs) return false;
      asked += 1;
      if (asked % AT_ONCE === 0) await setImmediate();
    }
    return true;
  }

  #read(folder: string): Dirent[] {
    // Before it is read: whatever changes it from then on has a later time, or one that is not trusted.
    const nowMs = Date.now();
    const timeMs = statSync(folder).mtimeMs;
    const known = this.#known.get(folder);
    if (known !== undefined && known.timeMs === timeMs) {
      this.#met.set(folder, known);
      return known.entries;
    }
    const entries = readdirSync(folder, { withFileTypes: true });
    if (nowMs - timeMs > SAME_TICK_MS) this.#met.set(folder, { timeMs, entries });
    else this.#certain = false;
    return entries;
  }
}
