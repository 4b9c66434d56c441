import { basename } from 'node:path';
import { ContainerLog } from './chain/container-log.js';
import type { Descriptors } from './chain/descriptors.js';
import type { Generation } from './chain/generation.js';
import { identifyNewcomers, placeAtCursors } from './chain/identify.js';
import { type FoundFile, updateListing } from './chain/listing.js';
import { type PollResult, pollGeneration, pollLog } from './chain/poll.js';
import type { Journal } from './checkpoint/journal.js';
import type { Cursor } from './checkpoint/record.js';
import type { Config } from './config/config.js';
import { createMatcher, type Matcher } from './discover/match.js';
import { readPodPath } from './discover/pod-path.js';
import { type Found, scan, scanFolder } from './discover/scan.js';
import { FolderWatch } from './discover/watch.js';
import { errnoOf } from './errors.js';
import { Jobs } from './plan/jobs.js';
import { Planner } from './plan/planner.js';
import type { Budget } from './plan/sizing.js';
import type { Workers } from './plan/workers.js';
import type { PipelineSpec } from './protocol.js';
import type { Sender } from './push/sender.js';
import type { CollectorEvents } from './telemetry/events.js';
import type { Snapshot } from './telemetry/metrics.js';

export interface CollectorOptions {
  config: Config;
  budget: Budget;
  workers: Workers;
  sender: Sender;
  journal: Journal;
  descriptors: Descriptors;
  events: CollectorEvents;
  /** How long an ended generation is looked at for late writes, in milliseconds. */
  graceMs?: number;
  /** How long an open partial line waits for its end, in milliseconds. */
  carryFlushMs?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** The kubelet renames first and asks the runtime to reopen then; what is written between goes to the old file. */
const GRACE_MS = 2_000;
const CARRY_FLUSH_MS = 10_000;
/** Between two writes of the journal, so that a busy node does not spend its time in fsync. */
const JOURNAL_PAUSE_MS = 100;
const IDENTIFY_AT_ONCE = 16;

/**
 * Discovers, plans, and moves positions. Everything it knows of a file's bytes are offsets: reading them is the
 * workers' part.
 */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #matcher: Matcher;
  readonly #planner: Planner;
  readonly #jobs: Jobs;
  readonly #logs = new Map<string, ContainerLog>();
  readonly #folders = new Map<string, Set<ContainerLog>>();
  #watch: FolderWatch | null = null;
  #scanning: Promise<void> | null = null;
  #storing = false;
  #stopping = false;
  #onIdle: (() => void) | null = null;
  /** Files that could not be opened, so that each is reported once. */
  readonly #unopened = new Set<string>();
  readonly #now: () => number;

  constructor(options: CollectorOptions) {
    const { config, budget, workers } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#matcher = createMatcher(config.paths, config.exclude);
    this.#planner = new Planner(config.batchBytes);
    const spec: PipelineSpec = {
      revision: 1,
      labelRegex: config.labelRegex,
      staticLabels: config.labels,
      streamMode: config.stream,
      maxLineBytes: config.maxLineBytes,
    };
    this.#jobs = new Jobs({
      collect: (job) => workers.collect(job),
      sender: options.sender,
      spec,
      descriptors: options.descriptors,
      events: options.events,
      maxRunning: budget.workers * 2,
      budgetBytes: budget.pushBudgetBytes,
      batchBytes: config.batchBytes,
      now: this.#now,
      onProgress: (log) => this.#onProgress(log),
      onChanged: (generation) => this.#restart(generation, generation.size),
    });
  }

  /** Finds everything there is, takes up the stored positions, and begins to collect. */
  async start(): Promise<void> {
    const { config, journal, events } = this.#options;
    const found = await this.#scanAll();
    const fresh = journal.recovery.firstStart && config.start === 'end';
    const nowMs = this.#now();
    for (const [path, files] of found) this.#update(path, files, nowMs);
    await this.#resume(fresh);
    this.#watch = new FolderWatch({
      paths: config.paths,
      onFolder: (folder) => this.#look(folder),
      onFailure: (code) =>
        events.watchFailed({
          code: 'WATCH_FAILED',
          message: `Folders cannot be watched (${code}); new logs are found by a scan every second instead`,
          advice: 'Raise fs.inotify.max_user_instances and fs.inotify.max_user_watches on the node.',
        }),
    });
  }

  /**
   * Stops reading, lets what has been read reach Loki for at most `withinMs`, and stores the positions. What was not
   * answered by then is read again after the next start.
   */
  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    const deadlineMs = this.#now() + withinMs;
    this.#watch?.close();
    await this.#scanning;
    await this.#workersIdle(deadlineMs);
    await this.#options.sender.stop(Math.max(0, deadlineMs - this.#now()));
    for (const log of this.#logs.values()) this.#finish(log, this.#now());
    this.#putMoved();
    await this.#options.journal.sync();
  }

  snapshot(): Snapshot {
    const { sender, descriptors, budget, journal } = this.#options;
    let unreadBytes = 0;
    let behindMs = 0;
    const nowMs = this.#now();
    for (const log of this.#logs.values()) {
      for (const generation of log.generations) {
        const bytes = generation.unsettledBytes;
        if (bytes === 0) continue;
        unreadBytes += bytes;
        behindMs = Math.max(behindMs, nowMs - generation.settledTimeMs);
      }
    }
    return {
      containerLogs: this.#logs.size,
      generationsOpen: descriptors.openCount,
      unreadBytes,
      lagSeconds: behindMs / 1000,
      memoryBudgetBytes: budget.pushBudgetBytes,
      memoryBudgetUsedBytes: this.#jobs.heldBytes,
      pushesInFlight: sender.figures.inFlight,
      workers: budget.workers,
      journalDirty: journal.unsynced > 0,
    };
  }

  get logs(): ReadonlyMap<string, ContainerLog> {
    return this.#logs;
  }

  /** Looks at every open file, and hands out everything unread. To be called at the pace of the batch wait. */
  tick(): void {
    const nowMs = this.#now();
    for (const log of this.#logs.values()) {
      this.#heed(log, pollLog(log, nowMs), nowMs);
      if (log.wantsTurn(nowMs)) this.#planner.add(log);
      this.#finish(log, nowMs);
    }
    this.#jobs.resume(nowMs);
    this.#plan(nowMs);
    this.#store();
  }

  #heed(log: ContainerLog, result: PollResult, nowMs: number): void {
    for (const { generation, size } of result.truncated) this.#truncated(generation, size);
    if (result.look) this.#lookAt(log.folder, nowMs);
  }

  #plan(nowMs: number): void {
    if (this.#stopping) return;
    while (this.#jobs.mayLaunch) {
      const flights = this.#planner.nextJob(nowMs, {
        mayTake: (log) => this.#jobs.mayTake(log),
        isApart: (log) => this.#options.sender.isStuck(log.path),
      });
      if (flights === null) return;
      this.#jobs.launch(flights);
    }
  }

  #onProgress(log: ContainerLog): void {
    const nowMs = this.#now();
    if (!this.#stopping) {
      for (const generation of log.generations) this.#heed(log, pollGeneration(generation, nowMs), nowMs);
      if (log.behind) this.#planner.add(log);
      this.#plan(nowMs);
    }
    if (log.moved) this.#store();
    if (this.#jobs.running === 0) this.#onIdle?.();
  }

  #workersIdle(deadlineMs: number): Promise<void> {
    if (this.#jobs.running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, deadlineMs - this.#now()));
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  // Discovery

  async #scanAll(): Promise<Found> {
    const { config, events } = this.#options;
    const startedMs = performance.now();
    const found = await scan(config.paths, this.#matcher);
    let files = 0;
    for (const list of found.values()) files += list.length;
    events.scanFinished({ files, ms: performance.now() - startedMs });
    return found;
  }

  /** Whether new folders are hinted at, so that scans may be rare. */
  get hinted(): boolean {
    return this.#watch?.working === true;
  }

  /** Finds what no hint has told of. One scan runs at a time. */
  rescan(): Promise<void> {
    this.#scanning ??= this.#rescan().finally(() => {
      this.#scanning = null;
    });
    return this.#scanning;
  }

  async #rescan(): Promise<void> {
    const found = await this.#scanAll();
    if (this.#stopping) return;
    const nowMs = this.#now();
    this.#watch?.refresh();
    for (const [path, files] of found) this.#update(path, files, nowMs);
    for (const [path, log] of this.#logs) if (!found.has(path)) this.#lookAt(log.folder, nowMs);
  }

  /** A hint: something has happened in this folder. */
  #look(folder: string): void {
    if (!this.#stopping) this.#lookAt(folder, this.#now());
  }

  #lookAt(folder: string, nowMs: number): void {
    const found = scanFolder(folder, this.#matcher);
    for (const log of this.#folders.get(folder) ?? []) {
      if (!found.has(log.path)) this.#update(log.path, [], nowMs);
    }
    for (const [path, files] of found) this.#update(path, files, nowMs);
  }

  #update(path: string, files: readonly FoundFile[], nowMs: number): void {
    const log = this.#logs.get(path) ?? this.#add(path);
    const { descriptors, events } = this.#options;
    const change = updateListing(log, files, nowMs);
    for (const generation of change.added) {
      if (generation.path === null) continue;
      try {
        if (descriptors.open(generation, generation.path, generation.dev, generation.ino)) events.fileOpened(path);
      } catch (error) {
        this.#cannotOpen(generation.path, error);
      }
    }
    for (const generation of change.gone) this.#lose(generation, 'deleted');
    if (change.unidentified.length > 0) void this.#identify(log);
  }

  #add(path: string): ContainerLog {
    const { config, events } = this.#options;
    const log = new ContainerLog(path, {
      batchBytes: config.batchBytes,
      graceMs: this.#options.graceMs ?? GRACE_MS,
      carryFlushMs: this.#options.carryFlushMs ?? CARRY_FLUSH_MS,
      sideBySide: this.#options.budget.workers * 2,
    });
    this.#logs.set(path, log);
    const folder = this.#folders.get(log.folder);
    if (folder === undefined) this.#folders.set(log.folder, new Set([log]));
    else folder.add(log);
    events.logFound(path);
    return log;
  }

  #forget(log: ContainerLog): void {
    this.#logs.delete(log.path);
    const folder = this.#folders.get(log.folder);
    folder?.delete(log);
    if (folder?.size === 0) this.#folders.delete(log.folder);
    this.#options.journal.forget(log.path);
    this.#options.events.logForgotten(log.path);
  }

  async #identify(log: ContainerLog): Promise<void> {
    const { descriptors, workers } = this.#options;
    try {
      await identifyNewcomers(log, descriptors, (job) => workers.identify(job));
    } catch {
      // The worker failed; the next look asks again.
      log.folderTimeMs = 0;
    }
    this.#onProgress(log);
  }

  #cannotOpen(path: string, error: unknown): void {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    if (this.#unopened.has(path)) return;
    this.#unopened.add(path);
    this.#options.events.problemFound({
      code: 'LOG_UNREADABLE',
      message: `Cannot open ${path}: ${code}`,
      advice: 'Run as a user who may read the files below /var/log/pods; it is tried again.',
    });
  }

  // Positions

  async #resume(fresh: boolean): Promise<void> {
    const { journal } = this.#options;
    const waiting = [...this.#logs.values()];
    const next = async (): Promise<void> => {
      for (let log = waiting.pop(); log !== undefined; log = waiting.pop()) await this.#place(log, fresh);
    };
    await Promise.all(Array.from({ length: IDENTIFY_AT_ONCE }, next));
    for (const [path, record] of [...journal.records]) {
      if (this.#logs.has(path)) continue;
      for (const cursor of record.cursors) this.#missing(path, cursor);
      journal.forget(path);
    }
  }

  async #place(log: ContainerLog, fresh: boolean): Promise<void> {
    const { descriptors, workers, journal } = this.#options;
    const record = journal.records.get(log.path);
    for (const generation of log.generations) generation.unidentified = false;
    if (record === undefined) {
      if (fresh) startAtEnd(log, descriptors);
      log.moved = true;
      return;
    }
    const missing = await placeAtCursors(log, record.cursors, descriptors, (job) => workers.identify(job));
    for (const cursor of missing) this.#missing(log.path, cursor);
    log.moved = true;
  }

  #missing(path: string, cursor: Cursor): void {
    const bytes = cursor.size - cursor.offset;
    if (bytes > 0) this.#options.events.bytesLost({ reason: 'gone_while_down', ...readPodPath(path), bytes, lines: 0 });
  }

  #finish(log: ContainerLog, nowMs: number): void {
    for (const generation of log.finish(nowMs)) this.#options.descriptors.close(generation);
    const { generations } = log;
    if (generations.some((generation) => generation.done && !named(generation))) {
      log.generations = generations.filter((generation) => !generation.done || named(generation));
    }
    if (log.generations.length === 0) this.#forget(log);
  }

  #putMoved(): void {
    for (const log of this.#logs.values()) {
      if (!log.moved) continue;
      log.moved = false;
      this.#options.journal.put(log.record());
    }
  }

  /** Writes what has moved, again and again while something moves. */
  #store(): void {
    if (this.#storing) return;
    this.#putMoved();
    const { journal, events } = this.#options;
    if (journal.unsynced === 0) return;
    this.#storing = true;
    const startedMs = performance.now();
    void journal.sync().then(() => {
      if (journal.unsynced === 0) events.positionsStored({ ms: performance.now() - startedMs });
      setTimeout(() => {
        this.#storing = false;
        if (!this.#stopping) this.#store();
      }, JOURNAL_PAUSE_MS);
    });
  }

  // Loss

  #truncated(generation: Generation, size: number): void {
    this.#options.events.generationTruncated(generation.log.path);
    this.#restart(generation, size);
  }

  #restart(generation: Generation, size: number): void {
    const unread = Number.isFinite(generation.size) ? generation.size - generation.read.offset : 0;
    if (size < generation.size && unread > 0) this.#count(generation, 'truncated', unread);
    generation.restart(size);
    this.#jobs.abandon(generation);
    generation.log.moved = true;
  }

  #lose(generation: Generation, reason: string): void {
    const bytes = generation.unsettledBytes;
    if (bytes > 0) this.#count(generation, reason, bytes);
    generation.restart(0);
    generation.done = true;
    this.#jobs.abandon(generation);
    generation.log.moved = true;
  }

  #count(generation: Generation, reason: string, bytes: number): void {
    this.#options.events.bytesLost({ reason, ...generation.log.pod, bytes, lines: 0 });
  }
}

function named(generation: Generation): boolean {
  return generation.path !== null || generation.gzipPath !== null;
}

/** Only what is written from now on: the current generation from its end, at the next start of a line. */
function startAtEnd(log: ContainerLog, descriptors: Descriptors): void {
  for (const generation of log.generations) {
    const offset = Number.isFinite(generation.size) ? generation.size : 0;
    generation.startAt({ offset, tail: null, carry: null }, null, null, false);
    if (basename(generation.path ?? '') === basename(log.path)) continue;
    generation.done = true;
    descriptors.close(generation);
  }
}
