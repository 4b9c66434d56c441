import { access, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { errnoOf } from '../errors.js';

/** An open journal file, as far as it is used here. */
export interface JournalFile {
  appendFile(data: Uint8Array): Promise<void>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  stat(): Promise<{ nlink: number }>;
  close(): Promise<void>;
}

/** The file system calls of the journal: what tests replace to inject faults and power cuts. */
export interface Files {
  access(path: string, mode: number): Promise<void>;
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<unknown>;
  open(path: string, flags: string, mode?: number): Promise<JournalFile>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string): Promise<Uint8Array>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

export const nodeFiles: Files = { access, mkdir, open, readdir, readFile, rename, unlink };

/** Makes what was written to a file last through a power cut; nothing if it is gone. */
export async function syncFile(files: Files, path: string): Promise<void> {
  const file = await files.open(path, 'r').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
  try {
    await file?.sync();
  } finally {
    await file?.close();
  }
}

/** What file systems say that cannot sync a folder. */
const CANNOT_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Makes renames and new names in a folder last through a power cut, where the file system has a way to. */
export async function syncFolder(files: Files, path: string): Promise<void> {
  const folder = await files.open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    if (!CANNOT_SYNC.has(errnoOf(error) ?? '')) throw error;
  } finally {
    await folder.close();
  }
}
