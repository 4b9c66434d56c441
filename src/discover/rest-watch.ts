import { type FSWatcher, statfsSync, watch } from 'node:fs';

/**
 * File systems of this kernel alone, where every write is one of its own and is told of: ext, XFS, Btrfs, tmpfs, F2FS,
 * ZFS, bcachefs (`f_type` of statfs(2), linux/magic.h). On others (NFS, 9p, FUSE, overlayfs) some writes are not.
 */
const TELLING = [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0xf2f52010, 0x2fc12fc1, 0xca451a4e];

/** Waits for the first change in each of some folders, of a name or of a file's content. */
export class RestWatch {
  readonly #onStir: (folder: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #failed = false;

  /** @param onStir something has changed in a folder, which is not watched any more */
  constructor(onStir: (folder: string) => void) {
    this.#onStir = onStir;
  }

  /** Whether no watches are to be had, so that there is no need to try. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Watches a folder from now on; false if that cannot be relied on. */
  begin(folder: string): boolean {
    if (this.#watchers.has(folder)) return true;
    if (this.#failed) return false;
    let watcher: FSWatcher;
    try {
      if (!TELLING.includes(statfsSync(folder).type)) return false;
      watcher = watch(folder, { persistent: false });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.#failed = code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES';
      return false;
    }
    const onStir = (): void => {
      // A folder that is watched anew has another watcher.
      if (this.#watchers.get(folder) !== watcher) return;
      this.end(folder);
      this.#onStir(folder);
    };
    watcher.on('change', onStir);
    watcher.on('error', onStir);
    this.#watchers.set(folder, watcher);
    return true;
  }

  end(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  /** Gives all watches back, and takes no more. Returns whether there were any. */
  giveUp(): boolean {
    this.#failed = true;
    const had = this.#watchers.size > 0;
    for (const folder of [...this.#watchers.keys()]) {
      this.end(folder);
      this.#onStir(folder);
    }
    return had;
  }
}
