import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { errnoOf } from '../errors.js';

export interface WatchOptions {
  /** Globs of current generations, absolute. */
  paths: readonly string[];
  /** Whether a folder of log files is known already, so that there is no need to look into it when watching begins. */
  isKnown: (folder: string) => boolean;
  /** A folder that may hold logs has appeared or got a new name, if that is told: look into it. Repeats are possible. */
  onFolder: (folder: string, name: string | null) => void;
  /** The system has no more watches: gives back those that are for comfort, and returns whether there were any. */
  onShort?: () => boolean;
  /** Called once, when the system has no more watches or instances, or does not know inotify; the scan must do alone. */
  onFailure: (code: string) => void;
}

/**
 * Hints at new folders and first files through one inotify instance (libuv has one for each event loop). Only folders
 * above those of the log files are watched for good: a watch on the folder of a busy file would bring an event for
 * every write. The folder of a log file is watched only until its first file is there.
 */
export class FolderWatch {
  readonly #options: WatchOptions;
  readonly #roots: { base: string; depth: number }[];
  readonly #watchers = new Map<string, FSWatcher>();
  #failed = false;
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#roots = options.paths.map(watchRoot);
    this.refresh();
  }

  /** Whether the system has no more watches, or knows none. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether every root is there and watched, so that new folders are hinted at. */
  get working(): boolean {
    return !this.#failed && this.#roots.every(({ base }) => this.#watchers.has(base));
  }

  /** Watches the roots that were not there before. What a lost hint has left out, the scan finds. */
  refresh(): void {
    for (const { base, depth } of this.#roots) {
      if (!this.#watchers.has(base)) this.#enter(base, depth);
    }
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** @param depth folders between this one and the log files' own; 0 is the log files' own folder */
  #enter(folder: string, depth: number): void {
    if (this.#failed || this.#closed) return;
    if (depth === 0) {
      if (this.#options.isKnown(folder)) return;
      if (this.#hint(folder, null)) return;
    }
    if (!this.#watchers.has(folder) && !this.#watch(folder, depth)) return;
    if (depth === 0) {
      // The first file may have come between the look and the watch.
      if (listFiles(folder) === 0) return;
      this.#leave(folder);
      this.#options.onFolder(folder, null);
      return;
    }
    for (const name of listFolders(folder)) {
      this.#enter(`${folder}/${name}`, depth - 1);
    }
  }

  /**
   * Later names in a folder of log files are seen by its modification time, so it is watched no longer than it is empty.
   *
   * @returns whether it had a file before it was looked into; one that came after that may have been missed
   */
  #hint(folder: string, name: string | null): boolean {
    const hadFile = listFiles(folder) > 0;
    this.#options.onFolder(folder, name);
    return hadFile;
  }

  #watch(folder: string, depth: number): boolean {
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => this.#onEvent(folder, depth, event, name));
      watcher.on('error', (error) => this.#onError(folder, error));
      this.#watchers.set(folder, watcher);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOSPC' && this.#options.onShort?.()) return this.#watch(folder, depth);
      this.#onError(folder, error);
      return false;
    }
  }

  #onEvent(folder: string, depth: number, event: string, name: string | null): void {
    if (this.#closed || event !== 'rename') return;
    if (depth === 0) {
      if (this.#hint(folder, name)) this.#leave(folder);
      return;
    }
    if (name === null) return this.#enter(folder, depth);
    const child = `${folder}/${name}`;
    // What is watched under this name may be a folder that is gone.
    this.#forget(child);
    if (isFolder(child)) this.#enter(child, depth - 1);
  }

  #onError(folder: string, error: unknown): void {
    const code = errnoOf(error) ?? 'UNKNOWN';
    this.#leave(folder);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EPERM' || code === 'EACCES') return;
    if (this.#failed) return;
    this.#failed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#options.onFailure(code);
  }

  #leave(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #forget(folder: string): void {
    for (const path of [...this.#watchers.keys()]) {
      if (path === folder || path.startsWith(`${folder}/`)) this.#leave(path);
    }
  }
}

/** The part of a glob before its first wildcard, and how many folders lie between that and the files' own. */
export function watchRoot(pattern: string): { base: string; depth: number } {
  const segments = pattern.split('/');
  const wild = segments.findIndex((segment) => /[*?[{(!]/.test(segment));
  const end = wild === -1 ? segments.length - 1 : wild;
  const open = segments.slice(end, -1);
  const depth = open.includes('**') ? Math.max(1, open.indexOf('**')) : open.length;
  return { base: segments.slice(0, end).join('/') || '/', depth };
}

function listFolders(folder: string): string[] {
  return list(folder)
    .filter((entry) => !entry.isFile())
    .map((entry) => entry.name);
}

function listFiles(folder: string): number {
  return list(folder).filter((entry) => !entry.isDirectory()).length;
}

function list(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}
