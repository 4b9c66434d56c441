import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rotationStamp } from '../../bench/node/rotate.js';
import type { Books, Entry, LogFile, Part, Stream } from './books.js';

/** Files a container may have in all, the live one included. */
export const KEEP_FILES = 4;

/** One container, its files, and the runtime that writes them. */
class Container {
  readonly labels: string;
  readonly folder: string;
  readonly open = new Map<Stream, Entry>();
  number = 0;
  files: LogFile[] = [];
  current: LogFile | null = null;
  fd: number | null = null;
  /** Renamed, and the runtime has not been asked to reopen yet. */
  rotating = false;
  half: { part: Part; rest: string } | null = null;
  /** Deleted in the middle of an entry. */
  torn = false;
  stamp = 1_700_000_000;
  /** Truncated, and not looked at since. A log that is truncated in place is not rotated by renaming as well. */
  rewritten = false;
  /** Entries that were open when it was copied and truncated, till that is looked at. */
  unseen: Entry[] = [];
  /** Entries that were open when it was truncated without a copy, till that is looked at. */
  unseenWithoutCopy: Entry[] = [];
  readonly truncates: boolean;

  constructor(root: string, index: number) {
    const namespace = index === 0 ? 'a' : 'b';
    this.truncates = index === 2;
    this.labels = `app ${namespace} p${index}`;
    this.folder = join(root, `${namespace}_p${index}_u${index}`, 'app');
  }

  get path(): string {
    return join(this.folder, `${this.number}.log`);
  }

  rotated(): LogFile[] {
    return this.files.filter((file) => file !== this.current && inChain(file, this.path));
  }
}

function inChain(file: LogFile, path: string): boolean {
  return (file.plain ?? file.gzip ?? '').startsWith(`${path}.`);
}

/** The node of the model: real files, and a ledger of what is in them. */
export class ModelNode {
  readonly containers: Container[];
  /** Of each file that a container has begun, and of each copy and compressed one. */
  readonly inodes: string[] = [];
  readonly #books: Books;
  readonly #root: string;
  #changes = 0;
  readonly #keepFiles: number;
  readonly #nowMs: () => number;
  /** Told of a file that has lost its last name. */
  readonly #onUnnamed: (file: LogFile) => void;

  constructor(
    root: string,
    books: Books,
    nowMs: () => number,
    onUnnamed: (file: LogFile) => void,
    containers: number,
    keepFiles: number,
  ) {
    this.#keepFiles = keepFiles;
    this.#root = root;
    this.#books = books;
    this.#nowMs = nowMs;
    this.#onUnnamed = onUnnamed;
    mkdirSync(root);
    this.containers = Array.from({ length: containers }, (_, index) => new Container(root, index));
    for (const container of this.containers) this.create(container);
  }

  get files(): LogFile[] {
    return this.containers.flatMap((container) => container.files);
  }

  close(): void {
    for (const { fd } of this.containers) if (fd !== null) closeSync(fd);
  }

  create(container: Container): void {
    if (container.current !== null || container.torn) return;
    mkdirSync(container.folder, { recursive: true });
    container.number = 0;
    this.#reopen(container);
    this.#stampFolders(container);
  }

  /** The container dies and starts again: its next log. */
  restart(container: Container): void {
    if (container.current === null) return;
    this.finishRotation(container);
    this.#endEntries(container);
    container.number += 1;
    this.#reopen(container);
    this.#stampFolders(container);
  }

  write(container: Container, stream: Stream, fillerBytes: number, tag: 'P' | 'F'): void {
    if (container.current === null) return;
    this.#writeHalf(container, stream, fillerBytes, tag, 1);
    this.#completeHalf(container);
  }

  /** Writes the beginning of a line; the rest follows with the next write. */
  writeHalf(container: Container, stream: Stream, fillerBytes: number, share: number): void {
    if (container.current === null || container.open.has(stream)) return;
    this.#writeHalf(container, stream, fillerBytes, 'F', share);
  }

  /** Rotates as the kubelet does: clean up, compress, rename; the runtime has not reopened yet. */
  beginRotation(container: Container): void {
    if (container.current === null || container.rotating || container.truncates) return;
    this.#completeHalf(container);
    // The kubelet rotates by size.
    if (container.current.parts.every((part) => part.gone)) return;
    for (const file of container.rotated()) {
      this.#removeTemporary(file);
      if (file.plain !== null && file.gzip !== null) this.#unlinkPlain(file);
    }
    const rotated = container.rotated();
    const excess = Math.max(0, rotated.length - (this.#keepFiles - 2));
    for (const file of rotated.slice(0, excess)) this.#unlinkAll(file);
    for (const file of rotated.slice(excess)) while (this.compressStep(file)) {}
    container.stamp += 1;
    const to = `${container.path}.${rotationStamp(container.stamp)}`;
    renameSync(container.path, to);
    container.current.plain = to;
    container.rotating = true;
    this.#stampFolders(container);
  }

  finishRotation(container: Container): void {
    if (!container.rotating) return;
    container.rotating = false;
    this.#completeHalf(container);
    this.#reopen(container);
    this.#stampFolders(container);
  }

  finishRotations(): void {
    for (const container of this.containers) this.finishRotation(container);
  }

  undoRotation(container: Container): void {
    if (!container.rotating || container.current?.plain == null) return;
    container.rotating = false;
    renameSync(container.current.plain, container.path);
    container.current.plain = container.path;
    container.current.undone = true;
    this.#stampFolders(container);
  }

  /** One step of the compression of the oldest plain rotated file: write, rename, unlink. */
  compressOldest(container: Container): void {
    const file = container.rotated().find(({ plain }) => plain !== null);
    if (file === undefined || (container.rotating && file === container.current)) return;
    this.compressStep(file);
    this.#stampFolders(container);
  }

  compressStep(file: LogFile): boolean {
    const { plain } = file;
    if (plain === null) return false;
    if (file.gzip !== null) {
      this.#unlinkPlain(file);
    } else if (file.temporary !== null) {
      renameSync(file.temporary, `${plain}.gz`);
      file.temporary = null;
      file.gzip = `${plain}.gz`;
      file.gzipIno = String(statSync(file.gzip, { bigint: true }).ino);
      this.inodes.push(file.gzipIno);
    } else {
      writeFileSync(`${plain}.tmp`, gzipSync(readFileSync(plain)));
      file.temporary = `${plain}.tmp`;
    }
    return true;
  }

  deleteOldest(container: Container): void {
    const [oldest] = container.rotated();
    if (oldest !== undefined) this.deleteFile(container, oldest);
  }

  deleteFile(container: Container, file: LogFile): void {
    this.#unlinkAll(file);
    this.#stampFolders(container);
  }

  truncate(container: Container): void {
    if (container.current === null || container.fd === null || !container.truncates) return;
    ftruncateSync(container.fd, 0);
    container.half = null;
    container.rewritten = true;
    container.unseenWithoutCopy.push(...container.open.values());
    for (const part of container.current.parts) part.gone = true;
  }

  /** As logrotate does it; its copy has the time as a suffix, like any rotated file here. */
  copyTruncate(container: Container): void {
    const { current } = container;
    if (current === null || container.fd === null || !container.truncates) return;
    this.#completeHalf(container);
    if (current.parts.length === 0) return;
    container.stamp += 1;
    const to = `${container.path}.${rotationStamp(container.stamp)}`;
    copyFileSync(container.path, to);
    const ino = String(statSync(to, { bigint: true }).ino);
    this.inodes.push(ino);
    const parts = current.parts.splice(0).filter((part) => !part.gone);
    const copy: LogFile = {
      ino,
      gzipIno: null,
      parts,
      plain: to,
      gzip: null,
      temporary: null,
      openedIn: 0,
      undone: false,
      journaled: false,
    };
    for (const part of parts) part.file = copy;
    container.files.splice(-1, 0, copy);
    ftruncateSync(container.fd, 0);
    container.unseen.push(...container.open.values());
    this.#stampFolders(container);
  }

  /** Truncated and written to the very size it had, a file looks as it did, until it grows. */
  growTruncated(): void {
    for (const container of this.containers) {
      if (container.truncates && !container.open.has('stdout')) this.write(container, 'stdout', 0, 'F');
    }
  }

  /** A worker reads whatever is there. */
  noteRead(): void {
    for (const { unseen } of this.containers) for (const entry of unseen) entry.torn = true;
  }

  /**
   * A collector starts: what was open in a file that it finds with other content ends there. It may as well be a new file
   * that was given the inode of one that is gone, with the end of the entry, and a wrong join is worse than none.
   */
  noteStart(): void {
    for (const { unseenWithoutCopy } of this.containers) for (const entry of unseenWithoutCopy) entry.torn = true;
    this.noteLook();
  }

  /** The collector looks at all files. */
  noteLook(): void {
    for (const container of this.containers) {
      container.unseen = [];
      container.unseenWithoutCopy = [];
    }
  }

  /** Deletes the pod with its folder; `orderly` lets its container end its entries. */
  delete(container: Container, orderly: boolean): void {
    if (container.current === null || container.rewritten) return;
    if (orderly) this.#endEntries(container);
    else container.torn = container.open.size > 0 || container.half !== null;
    container.open.clear();
    container.half = null;
    container.rotating = false;
    if (container.fd !== null) closeSync(container.fd);
    container.fd = null;
    container.current = null;
    rmSync(join(container.folder, '..'), { recursive: true });
    for (const file of container.files) {
      if (file.plain === null && file.gzip === null) continue;
      file.plain = null;
      file.gzip = null;
      file.temporary = null;
      this.#onUnnamed(file);
    }
    container.files = [];
    this.#stampFolders(container);
  }

  #writeHalf(container: Container, stream: Stream, fillerBytes: number, tag: 'P' | 'F', share: number): void {
    this.#completeHalf(container);
    const entry = container.open.get(stream) ?? {
      labels: container.labels,
      stream,
      parts: [],
      open: true,
      torn: false,
    };
    const part = this.#books.add(entry, container.current as LogFile, tag, fillerBytes);
    if (tag === 'P') container.open.set(stream, entry);
    else container.open.delete(stream);
    const at = Math.max(1, Math.min(part.text.length - 1, Math.floor(part.text.length * share)));
    writeSync(container.fd as number, part.text.slice(0, at));
    container.half = { part, rest: part.text.slice(at) };
  }

  #completeHalf(container: Container): void {
    if (container.half === null) return;
    writeSync(container.fd as number, container.half.rest);
    container.half.part.whole = true;
    container.half = null;
  }

  /** What the runtime does when its container ends: what is open gets its last part. */
  #endEntries(container: Container): void {
    this.#completeHalf(container);
    for (const stream of [...container.open.keys()]) this.write(container, stream, 0, 'F');
  }

  #reopen(container: Container): void {
    const fd = openSync(container.path, 'a');
    if (container.fd !== null) closeSync(container.fd);
    container.fd = fd;
    const ino = String(statSync(container.path, { bigint: true }).ino);
    this.inodes.push(ino);
    container.current = {
      ino,
      gzipIno: null,
      parts: [],
      plain: container.path,
      gzip: null,
      temporary: null,
      openedIn: 0,
      undone: false,
      journaled: false,
    };
    container.files.push(container.current);
  }

  #removeTemporary(file: LogFile): void {
    if (file.temporary !== null) unlinkSync(file.temporary);
    file.temporary = null;
  }

  #unlinkPlain(file: LogFile): void {
    if (file.plain === null) return;
    unlinkSync(file.plain);
    file.plain = null;
    this.#check(file);
  }

  #unlinkAll(file: LogFile): void {
    this.#removeTemporary(file);
    if (file.gzip !== null) {
      unlinkSync(file.gzip);
      file.gzip = null;
    }
    this.#unlinkPlain(file);
    this.#check(file);
  }

  #check(file: LogFile): void {
    if (file.plain !== null || file.gzip !== null) return;
    for (const container of this.containers) {
      container.files = container.files.filter((each) => each !== file);
    }
    this.#onUnnamed(file);
  }

  /** Folders get the time of the model: the collector compares the two. */
  #stampFolders(container: Container): void {
    // No two changes fall into the same moment: that is for the kernel's clock, not for this one.
    this.#changes += 1;
    const seconds = this.#nowMs() / 1000 + this.#changes * 1e-5;
    for (const folder of [container.folder, this.#root]) if (existsSync(folder)) utimesSync(folder, seconds, seconds);
  }
}

export type { Container };
