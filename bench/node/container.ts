import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type PodClock, wallClockMs } from './clock.js';
import type { Cursor, LinePool } from './lines.js';
import { type ContainerName, type PodName, podFolder } from './names.js';

/** The kubelet keeps one dead container beside the running one (`MaxPerPodContainerCount`). */
const DEAD_CONTAINERS_KEPT = 1;

/** What one container has written so far, exactly. Numbers run from 1 to `lines`, over rotations and restarts. */
export interface Written {
  namespace: string;
  pod: string;
  uid: string;
  container: string;
  /** Full lines: a line in parts counts once. */
  lines: number;
  /** The running number of the last line; equal to `lines`. */
  lastSeq: number;
  /** CRI lines: each part counts. */
  physicalLines: number;
  /** Bytes of the lines without CRI heads and newlines. */
  contentBytes: number;
  /** Bytes written to files. */
  fileBytes: number;
  rotations: number;
  restarts: number;
  /** The pod is gone, and its folder with it. */
  deleted: boolean;
  /** In the order in which they were begun. */
  files: FileLife[];
}

/** What became of one file. Times are milliseconds since the epoch. */
export interface FileLife {
  /** `0.log`, or `0.log.<time>` once it was rotated, compressed or not. */
  name: string;
  /** The running numbers of the lines that begin in it. */
  firstLine: number;
  lastLine: number;
  bytes: number;
  bornMs: number;
  rotatedMs: number | null;
  gzippedMs: number | null;
  deletedMs: number | null;
}

/** The log of one container and the runtime that writes it: one descriptor, opened for append. */
export class ContainerLog {
  readonly pod: PodName;
  readonly name: ContainerName;
  readonly clock: PodClock;
  /** Bytes in the live file. */
  liveBytes = 0;
  fileBytes = 0;
  rotations = 0;
  restarts = 0;
  deleted = false;
  readonly #files: FileLife[] = [];
  /** Seconds of the newest rotated file's name. */
  stampSeconds = 0;
  /** The rotation that runs or waits for its turn. */
  rotating: Promise<void> | null = null;
  readonly #folder: string;
  readonly #pool: LinePool;
  readonly #cursor: Cursor;
  #fd: number | null;
  #live: FileLife;

  /** Makes the folder and opens `0.log`. `clock` is shared by the containers of the pod. */
  constructor(root: string, pod: PodName, name: ContainerName, clock: PodClock, pool: LinePool) {
    this.pod = pod;
    this.name = name;
    this.clock = clock;
    this.#pool = pool;
    this.#cursor = pool.cursor(`${pod.namespace}/${pod.pod}/${name.container}`, name.style);
    this.#folder = join(root, podFolder(pod), name.container);
    mkdirSync(this.#folder, { recursive: true });
    this.#fd = openLog(this.path);
    this.#live = this.#begin();
  }

  /** The live file. */
  get path(): string {
    return join(this.#folder, `${this.restarts}.log`);
  }

  get running(): boolean {
    return this.#fd !== null;
  }

  /** Whether the last line written belongs together with the next. */
  get isOpen(): boolean {
    return this.#pool.isOpen(this.#cursor);
  }

  /** Lines so far. */
  get lines(): number {
    return this.#cursor.lines;
  }

  /** Writes up to `maxLines` CRI lines with one system call; returns their bytes. */
  write(maxLines: number): number {
    this.clock.advanceTo(wallClockMs());
    const { buffer, blockStart } = this.#pool;
    const end = this.#pool.render(this.#cursor, this.clock, maxLines);
    for (let at = blockStart; at < end; ) at += writeSync(this.#fd!, buffer, at, end - at);
    const bytes = end - blockStart;
    this.liveBytes += bytes;
    this.fileBytes += bytes;
    this.#live.bytes += bytes;
    this.#live.lastLine = this.#cursor.lines;
    return bytes;
  }

  /** Writes what still belongs to the last line, so that none stays unfinished; returns its bytes. */
  finish(): number {
    let bytes = 0;
    while (this.isOpen) bytes += this.write(1);
    return bytes;
  }

  /**
   * What the runtime does when it is asked to reopen: writes go to a new file at `path` from here on, and the one before
   * is at `rotated`.
   */
  reopen(rotated: string): void {
    const fd = openLog(this.path);
    closeSync(this.#fd!);
    this.#fd = fd;
    this.#rotated(rotated);
  }

  /** Empties the live file in place; writes begin at its start again. What was in it is at `copy`. */
  truncate(copy: string): void {
    ftruncateSync(this.#fd!, 0);
    this.#rotated(copy);
  }

  /** A rotated file was compressed. */
  gzipped(path: string): void {
    this.#note(path, (file) => {
      file.gzippedMs = Date.now();
    });
  }

  /** A rotated file was deleted. */
  unlinked(path: string): void {
    this.#note(path, (file) => {
      file.deletedMs = Date.now();
    });
  }

  /** The folder was deleted. */
  wiped(): void {
    this.deleted = true;
    for (const file of this.#files) file.deletedMs ??= Date.now();
  }

  #begin(): FileLife {
    const firstLine = this.#cursor.lines + 1;
    const file: FileLife = {
      name: basename(this.path),
      firstLine,
      lastLine: firstLine - 1,
      bytes: 0,
      bornMs: Date.now(),
      rotatedMs: null,
      gzippedMs: null,
      deletedMs: null,
    };
    this.#files.push(file);
    return file;
  }

  #rotated(path: string): void {
    this.#live.name = basename(path);
    this.#live.rotatedMs = Date.now();
    this.#live = this.#begin();
    this.liveBytes = 0;
    this.rotations++;
  }

  #note(path: string, note: (file: FileLife) => void): void {
    const name = basename(path, '.gz');
    const file = this.#files.findLast((each) => each.name === name);
    if (file !== undefined) note(file);
  }

  /** The container ends and starts again, with the next number; logs of containers dead for longer are cleaned up. */
  restart(): void {
    this.close();
    this.restarts++;
    this.#fd = openLog(this.path);
    this.#live = this.#begin();
    this.liveBytes = 0;
    const oldest = `${this.restarts - DEAD_CONTAINERS_KEPT - 1}.log`;
    for (const name of readdirSync(this.#folder)) {
      if (name !== oldest && !name.startsWith(`${oldest}.`)) continue;
      rmSync(join(this.#folder, name));
      this.unlinked(name);
    }
  }

  /** The container ends: its last line is finished, its file stays. */
  close(): void {
    if (this.#fd === null) return;
    this.finish();
    closeSync(this.#fd);
    this.#fd = null;
  }

  written(): Written {
    const { namespace, pod, uid } = this.pod;
    const { lines, physicalLines, contentBytes } = this.#cursor;
    const { fileBytes, rotations, restarts, deleted } = this;
    const container = this.name.container;
    const counts = { lines, lastSeq: lines, physicalLines, contentBytes, fileBytes };
    return { namespace, pod, uid, container, ...counts, rotations, restarts, deleted, files: this.#files };
  }
}

/** With the mode containerd gives a log. */
function openLog(path: string): number {
  return openSync(path, 'a', 0o640);
}
