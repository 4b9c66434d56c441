import { type Dirent, readdirSync, statSync } from 'node:fs';

type Callback = (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void;

/** A folder's times have the resolution of the kernel's tick; a change in the same tick must not go unseen. */
const SAME_TICK_MS = 50;
/** So many folders are answered without a pause; then others have their turn. */
const AT_ONCE = 64;

/**
 * Reads folders for the glob library, and again only those whose modification time has changed: a scan of a quiet node
 * is one `stat` for each folder. On the main thread itself, because handing 1,000 folders to the thread pool costs
 * several times what reading them does (bench/discover/scan.bench.ts).
 */
export class FolderCache {
  #known = new Map<string, { timeMs: number; entries: Dirent[] }>();
  /** Folders of the scan that runs now: what is not met again is gone. */
  #met = new Map<string, { timeMs: number; entries: Dirent[] }>();
  #answered = 0;

  /** As `fs.readdir` with `withFileTypes`. */
  readonly readdir = (folder: string, _options: { withFileTypes: true }, callback: Callback): void => {
    let entries: Dirent[] = [];
    let failure: NodeJS.ErrnoException | null = null;
    try {
      entries = this.#read(folder);
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
    this.#answered += 1;
    if (this.#answered % AT_ONCE === 0) setImmediate(callback, failure, entries);
    else callback(failure, entries);
  };

  /** Modification time of a folder at the last scan, in milliseconds; 0 if it is not certain that nothing came since. */
  timeOf(folder: string): number {
    return this.#known.get(folder)?.timeMs ?? 0;
  }

  /** A scan is over. */
  turn(): void {
    this.#known = this.#met;
    this.#met = new Map();
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
    return entries;
  }
}
