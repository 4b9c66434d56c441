import { join } from 'node:path';
import { Conditions, NOT_COMPACTED, NOT_WRITTEN } from './conditions.js';
import { type Files, type JournalFile, nodeFiles, syncFolder } from './files.js';
import type { OnProblem } from './problem.js';
import type { PositionRecord } from './record.js';
import { generationName, generationNumbers, type Recovered, recover } from './recover.js';
import { makeStateDir, unusable } from './state-dir.js';
import { type Batch, changes, snapshot, writeEntries } from './write.js';

export interface JournalOptions {
  onProblem: OnProblem;
  files?: Files;
  /** A file is replaced by a fresh snapshot once it is over this size in bytes, and over four times its own snapshot. */
  compactBytes?: number;
}

/** What opening found. */
export interface Recovery {
  /** Container logs with a stored position. */
  records: number;
  /** Lines that were skipped; one may be the write that a crash cut short. */
  damagedLines: number;
  /** The newest file could not be read, or had no whole snapshot, so an older one was read. */
  usedPrevious: boolean;
  /** Nothing at all was found: also true when everything is damaged. */
  startedEmpty: boolean;
  /** There has never been a journal here. Only then may old lines be passed over. */
  firstStart: boolean;
  /** Files that could not be read and now bear another name. */
  setAside: string[];
}

const COMPACT_BYTES = 4 * 1024 * 1024;
const SNAPSHOT_TIMES = 4;
const UNREADABLE = {
  code: 'JOURNAL_UNREADABLE',
  advice:
    'Check the disk and the permissions of the state directory. Positions are taken from the other journal file; some lines may be sent again.',
};

/**
 * Opens the journal of a state directory, which is created if missing. The caller holds the lock of the directory.
 * Damage is survived and reported in `recovery`; nothing is written before the first `sync`.
 * @throws SleipnirError `STATE_DIR_UNUSABLE`
 */
export async function openJournal(stateDir: string, options: JournalOptions): Promise<Journal> {
  const files = options.files ?? nodeFiles;
  await makeStateDir(stateDir, files);
  let recovered: Recovered;
  try {
    for (const name of await files.readdir(stateDir)) {
      if (/^journal\.\d+\.tmp$/.test(name)) await files.unlink(join(stateDir, name)).catch(ignore);
    }
    recovered = await recover(files, stateDir);
  } catch (cause) {
    throw unusable(stateDir, cause);
  }
  for (const { name, cause } of recovered.unreadable) {
    const path = join(stateDir, name);
    // Nothing depends on the new name: numbers are never used twice, and a newer file makes this one count for nothing.
    await files.rename(path, `${path}.unreadable`).catch(ignore);
    const reason = cause instanceof Error ? cause.message : String(cause);
    options.onProblem({ ...UNREADABLE, message: `${path} cannot be read: ${reason}`, resolved: false });
  }
  return new Journal(stateDir, recovered, options);
}

/**
 * The stored positions of all container logs. `put` and `forget` take effect in memory; `sync` makes them last.
 *
 * On disk: `journal.<n>`, text, one entry a line (`line.ts`). A file begins with a snapshot of everything, written
 * under another name and renamed when it is on disk, and is then appended to. The file before it is kept.
 */
export class Journal {
  readonly recovery: Recovery;
  readonly #stateDir: string;
  readonly #files: Files;
  readonly #compactBytes: number;
  readonly #conditions: Conditions;
  readonly #records: Map<string, PositionRecord>;
  /** Not known to be on disk. */
  #dirty: Batch = new Map();
  #file: JournalFile | null = null;
  /** Of the newest file that was begun here, else 0. */
  #number = 0;
  #fileBytes = 0;
  /** Size in bytes from which a fresh snapshot is due. */
  #compactAt = 0;
  #folderSynced = true;
  /** The highest number that was ever tried. */
  #lastNumber: number;
  /** Number of the newest whole file before that of `#number`; the same once older ones are gone. */
  #fallback: number;
  #running: Promise<void> = Promise.resolve();
  #queued: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  /** For `openJournal` only. */
  constructor(stateDir: string, recovered: Recovered, options: JournalOptions) {
    this.#stateDir = stateDir;
    this.#files = options.files ?? nodeFiles;
    this.#compactBytes = options.compactBytes ?? COMPACT_BYTES;
    this.#conditions = new Conditions(options.onProblem);
    this.#records = recovered.records;
    this.#lastNumber = recovered.lastNumber;
    this.#fallback = recovered.fallback;
    this.recovery = {
      records: recovered.records.size,
      damagedLines: recovered.damagedLines,
      usedPrevious: recovered.usedPrevious,
      startedEmpty: recovered.startedEmpty,
      firstStart: recovered.firstStart,
      setAside: recovered.unreadable.map(({ name }) => `${name}.unreadable`),
    };
  }

  /** What was recovered, with every `put` and `forget` since. */
  get records(): ReadonlyMap<string, PositionRecord> {
    return this.#records;
  }

  /** Container logs whose newest position is not known to be on disk; those of a running `sync` do not count. */
  get unsynced(): number {
    return this.#dirty.size;
  }

  /** Replaces the position of a container log. The record is kept and encoded later: it must not be changed. */
  put(record: PositionRecord): void {
    this.#records.set(record.log, record);
    this.#dirty.set(record.log, record);
  }

  /** Removes the position of a container log that is gone. */
  forget(log: string): void {
    if (this.#records.delete(log)) this.#dirty.set(log, null);
  }

  /**
   * Writes everything that was put or forgotten before the call, and waits for the disk. One write runs at a time, and
   * calls made meanwhile share the next. Never rejects: what could not be stored is reported, counted in `unsynced`,
   * and tried again by the next call.
   */
  sync(): Promise<void> {
    if (this.#closing !== null) return this.#closing;
    this.#queued ??= this.#running.then(() => {
      this.#queued = null;
      this.#running = this.#write();
      return this.#running;
    });
    return this.#queued;
  }

  /** Syncs a last time and closes the file. */
  close(): Promise<void> {
    this.#closing ??= this.sync().then(() => this.#closeFile());
    return this.#closing;
  }

  async #write(): Promise<void> {
    if (this.#dirty.size === 0 && this.#folderSynced) return;
    const batch = this.#dirty;
    this.#dirty = new Map();
    try {
      // Somebody has deleted the file: what is appended to it would be gone with us.
      if (this.#file !== null && (await this.#file.stat()).nlink === 0) await this.#closeFile();
      if (this.#file === null) await this.#begin(batch);
      else if (this.#fileBytes < this.#compactAt || !(await this.#compact(batch))) await this.#append(batch);
      if (!this.#folderSynced) await syncFolder(this.#files, this.#stateDir);
      this.#folderSynced = true;
      this.#conditions.clear(NOT_WRITTEN);
    } catch (cause) {
      for (const [log, record] of this.#dirty) batch.set(log, record);
      this.#dirty = batch;
      this.#conditions.raise(NOT_WRITTEN, cause);
      return;
    }
    await this.#removeOlder();
  }

  /** Replaces a file that has grown. False if that failed in a way that still allows appending to it. */
  async #compact(batch: Batch): Promise<boolean> {
    try {
      await this.#begin(batch);
      this.#conditions.clear(NOT_COMPACTED);
      return true;
    } catch (cause) {
      if (this.#file === null) throw cause;
      this.#compactAt = this.#fileBytes + this.#compactBytes;
      this.#conditions.raise(NOT_COMPACTED, cause);
      return false;
    }
  }

  /** Starts the next file with a snapshot of everything. `batch` is in it. */
  async #begin(batch: Batch): Promise<void> {
    await makeStateDir(this.#stateDir, this.#files);
    // A number of its own for each attempt: nothing that an earlier one left behind is met again.
    const number = ++this.#lastNumber;
    const path = join(this.#stateDir, generationName(number));
    const temporary = `${path}.tmp`;
    const file = await this.#files.open(temporary, 'ax', 0o600);
    try {
      const bytes = await writeEntries(file, snapshot([...this.#records.values()], batch));
      await file.sync();
      // From here on the new file may exist and win over the old one, so nothing may be added to the old one.
      await this.#closeFile();
      await this.#files.rename(temporary, path);
      this.#file = file;
      this.#number = number;
      this.#fileBytes = bytes;
      this.#compactAt = Math.max(this.#compactBytes, SNAPSHOT_TIMES * bytes);
      this.#folderSynced = false;
    } catch (cause) {
      await file.close().catch(ignore);
      await this.#files.unlink(temporary).catch(ignore);
      throw cause;
    }
  }

  async #append(batch: Batch): Promise<void> {
    if (this.#file === null || batch.size === 0) return;
    this.#fileBytes += await writeEntries(this.#file, changes(batch));
    try {
      await this.#file.datasync();
    } catch (cause) {
      // The system may have dropped the pages and will not say so twice: this file is not to be trusted any more.
      await this.#closeFile();
      throw cause;
    }
  }

  /** Keeps the newest file and what follows on the one to fall back to. */
  async #removeOlder(): Promise<void> {
    if (this.#fallback === this.#number) return;
    const numbers = await this.#files.readdir(this.#stateDir).then(generationNumbers, () => []);
    for (const number of numbers) {
      // One that cannot be deleted does no harm: it is never read while a newer one is whole.
      if (number < this.#fallback) await this.#files.unlink(join(this.#stateDir, generationName(number))).catch(ignore);
    }
    this.#fallback = this.#number;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close().catch(ignore);
  }
}

function ignore(): void {}
