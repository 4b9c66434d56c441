import {
  accessSync,
  appendFileSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import type { Files, JournalFile } from '../../src/checkpoint/files.js';

/** Files on the real disk whose calls are through when they return, so that a run is the same each time. Not synced. */
export class SyncFiles implements Files {
  readonly #open = new Set<number>();

  /** What the end of a process does. */
  closeAll(): void {
    for (const fd of this.#open) closeSync(fd);
    this.#open.clear();
  }

  async access(path: string, mode: number): Promise<void> {
    accessSync(path, mode);
  }

  async mkdir(path: string, options: { recursive: true; mode: number }): Promise<unknown> {
    return mkdirSync(path, options);
  }

  async open(path: string, flags: string, mode?: number): Promise<JournalFile> {
    const fd = openSync(path, flags, mode);
    this.#open.add(fd);
    return {
      appendFile: async (data) => appendFileSync(fd, data),
      datasync: async () => {},
      sync: async () => {},
      stat: async () => fstatSync(fd),
      close: async () => {
        if (this.#open.delete(fd)) closeSync(fd);
      },
    };
  }

  async readdir(path: string): Promise<string[]> {
    return readdirSync(path);
  }

  async readFile(path: string): Promise<Uint8Array> {
    return readFileSync(path);
  }

  async rename(from: string, to: string): Promise<void> {
    renameSync(from, to);
  }

  async unlink(path: string): Promise<void> {
    unlinkSync(path);
  }
}
