import { Chains } from './chain/chains.js';
import type { ChainSettings, ContainerLog } from './chain/container-log.js';
import type { Descriptors } from './chain/descriptors.js';
import type { Generation } from './chain/generation.js';
import { identifyNewcomers, unreadOriginal } from './chain/identify.js';
import { modifiedMs } from './chain/identity.js';
import { Keeper } from './chain/keeper.js';
import { Losses } from './chain/losses.js';
import { isSurelyDone } from './chain/place.js';
import { type PollResult, pollGeneration, pollLog } from './chain/poll.js';
import { Recorder } from './chain/recorder.js';
import { Sleep } from './chain/sleep.js';
import { Spool } from './chain/spool.js';
import { takeUp } from './chain/take-up.js';
import { type Stall, Watchdog } from './chain/watchdog.js';
import type { Positions } from './checkpoint/lane-positions.js';
import type { PositionRecord } from './checkpoint/record.js';
import { compressedMatcherOf, type Matcher, matcherOf } from './discover/match.js';
import { readPodPath } from './discover/pod-path.js';
import { type Found, Scanner } from './discover/scan.js';
import { FolderWatch } from './discover/watch.js';
import { errnoOf } from './errors.js';
import type { Lane } from './lane.js';
import { Jobs } from './plan/jobs.js';
import { Planner } from './plan/planner.js';
import type { Budget } from './plan/sizing.js';
import type { Workers } from './plan/workers.js';
import type { Sender } from './push/sender.js';
import { snapshotOf } from './snapshot.js';
import type { CollectorEvents } from './telemetry/events.js';
import type { Snapshot } from './telemetry/metrics.js';
import { whyStalled } from './why-stalled.js';

export interface CollectorOptions {
  lane: Lane;
  budget: Budget;
  workers: Workers;
  sender: Sender;
  positions: Positions;
  /** A folder of its own for copies, and how many bytes they may take; 0: none are made. */
  spool: { folder: string; limitBytes: number };
  descriptors: Descriptors;
  events: CollectorEvents;
  /** How long an ended generation is looked at for late writes, in milliseconds. */
  graceMs?: number;
  /** How long nobody writes to a log before it is watched rather than looked at, in milliseconds. */
  quietMs?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** The kubelet renames first and asks the runtime to reopen then; what is written between goes to the old file. */
const GRACE_MS = 2_000;
/** How long an endpoint that is given up may take to answer what it was sent. */
const SWITCH_MS = 5_000;
/** For unlinked files that are held open while the spool is turned off. */
const HELD_WITHOUT_SPOOL_BYTES = 1024 ** 3;

/**
 * Discovers, plans, and moves positions. Everything it knows of a file's bytes are offsets: reading them is the
 * workers' part.
 */
export class Collector {
  readonly #options: CollectorOptions;
  #lane: Lane;
  #sender: Sender;
  readonly #now: () => number;
  #scanner: Scanner;
  readonly #chains: Chains;
  readonly #planner: Planner;
  readonly #jobs: Jobs;
  readonly #spool: Spool;
  readonly #keeper: Keeper;
  readonly #losses: Losses;
  readonly #recorder: Recorder;
  readonly #watchdog: Watchdog;
  readonly #sleep: Sleep;
  #watch: FolderWatch | null = null;
  #scanning: Promise<void> | null = null;
  /** While the stored positions are being taken up. */
  #placing = false;
  /** The positions of an earlier run, until they are taken up. */
  #stored: ReadonlyMap<string, PositionRecord> = new Map();
  #stopping = false;
  readonly #identifying = new Set<ContainerLog>();
  #onIdle: (() => void) | null = null;
  /** Files that could not be opened, so that each is reported once. */
  readonly #unopened = new Set<string>();

  constructor(options: CollectorOptions) {
    const { lane, budget, workers, descriptors, events, positions, spool } = options;
    this.#options = options;
    this.#lane = lane;
    this.#sender = options.sender;
    this.#now = options.now ?? Date.now;
    const matcher = matcherOfLane(lane);
    this.#scanner = new Scanner(lane.files.globs, matcher);
    this.#chains = new Chains({
      matcher,
      settings: this.#chainSettings(lane),
      labelsOf: (path) => this.#lane.files.labelsOf(path),
      isStale: (path, nowMs) => this.#isStale(path, nowMs),
      onFound: ({ path }) => events.logFound(path),
      onForgotten: ({ path }) => {
        positions.forget(path);
        events.logForgotten(path);
      },
      onAdded: (generation) => {
        const delayMs = this.#lane.files.compressed?.initialDelayMs ?? 0;
        if (delayMs > 0) generation.blockedUntilMs = generation.seenAtMs + delayMs;
        const { path } = generation.log;
        if (this.#placing && isSurelyDone(generation, this.#stored.get(path)?.cursors ?? [])) return true;
        return this.#open(generation);
      },
      onChanged: (log) => this.#keeper.notice(log.generations),
      onUnidentified: (log) => {
        const original = unreadOriginal(log);
        if (original !== null) this.#takeBack(original);
        void this.#identify(log);
      },
      onGone: (generation) => this.#losses.lose(generation, generation.wasOpen ? 'deleted' : 'unopened', null),
      onVanished: (path, files, bytes) => {
        // What an earlier run knew of is told by its positions.
        if (this.#stored.has(path)) return;
        events.bytesLost({ reason: 'unopened', ...readPodPath(path), bytes, lines: 0, files });
      },
      onHidden: (path, code) => this.#tellUnopened(path, code),
    });
    this.#sleep = new Sleep(this.#chains, options.quietMs);
    this.#spool = new Spool({
      ...spool,
      workers,
      onChanged: (generation) => this.#losses.changed(generation),
      onProblem: (problem) => events.problemFound(problem),
    });
    this.#keeper = new Keeper({
      spool: this.#spool,
      descriptors,
      workers,
      graceMs: options.graceMs ?? GRACE_MS,
      heldLimitBytes: spool.limitBytes || HELD_WITHOUT_SPOOL_BYTES,
      onLost: (generation, reason, from, counted) => {
        if (generation.spool?.end === from) this.#losses.loseRest(generation, reason, counted);
        else this.#losses.lose(generation, reason, counted);
      },
    });
    this.#losses = new Losses({
      descriptors,
      spool: this.#spool,
      abandon: (generation) => this.#jobs.abandon(generation),
      look: (folder) => this.#chains.look(folder, this.#now()),
      onLost: (loss) => events.bytesLost(loss),
      now: this.#now,
    });
    this.#recorder = new Recorder({
      chains: this.#chains,
      positions,
      spool: this.#spool,
      onStored: (stored) => events.positionsStored(stored),
      onReady: () => {
        if (!this.#stopping) this.#store();
      },
    });
    this.#watchdog = new Watchdog((generation) => whyStalled(generation, this.#jobs, this.#sender));
    const maxRunning = budget.workers * 2;
    this.#planner = new Planner(lane.batchBytes, Math.max(1, Math.floor(descriptors.max / (maxRunning + 1))));
    this.#jobs = new Jobs({
      collect: (job) => workers.collect(job),
      release: (push) => workers.release(push),
      sender: { submit: (parcel) => this.#sender.submit(parcel) },
      spec: lane.spec,
      descriptors,
      events,
      maxRunning,
      budgetBytes: budget.pushBudgetBytes,
      batchBytes: lane.batchBytes,
      now: this.#now,
      onProgress: (log) => this.#onProgress(log),
      onChanged: (generation) => this.#losses.changed(generation),
      onCounted: (delta) => events.stagesCounted(delta),
      onRest: (waitMs) => this.#rest(waitMs),
      onMissing: (generation, reason, bytes, lines) => this.#losses.count(generation, reason, bytes, lines),
      onBroken: (generation) => this.#losses.lose(generation, 'damaged', null),
    });
  }

  /** Finds everything there is, takes up the stored positions, and watches for what is new. */
  async start(): Promise<void> {
    const { positions, descriptors, workers, events } = this.#options;
    const nowMs = this.#now();
    this.#stored = positions.records();
    const found = await this.#scanAll();
    this.#placing = true;
    this.#chains.begin(found, nowMs, (folder) => this.#scanner.timeOf(folder));
    // Files may be deleted while a worker starts that looks into copies: these do not vanish.
    this.#chains.restore(await this.#spool.load(), nowMs);
    const gone = await takeUp({
      chains: this.#chains,
      records: this.#stored,
      fromEnd: positions.recovery.firstStart && this.#lane.start === 'end',
      descriptors,
      identify: (job) => workers.identify(job),
      matchCopies: (log) => this.#identifyIn(log),
      isWanted: (path) => this.#lane.files.labelsOf(path) !== null,
      onForgotten: (path) => positions.forget(path),
      now: this.#now,
    });
    this.#placing = false;
    this.#stored = new Map();
    if (gone.length > 0) {
      events.goneWhileDown(gone);
      // Before anything is read: a life that is over by then would find the same once more.
      await this.#recorder.storeAll();
    }
    this.#store();
    this.#watch = this.#startWatch();
  }

  #startWatch(): FolderWatch {
    const { events } = this.#options;
    return new FolderWatch({
      paths: this.#lane.files.globs,
      isKnown: (folder) => this.#chains.hasFolder(folder),
      onFolder: (folder, name) => {
        if (this.#stopping) return;
        this.#chains.look(folder, this.#now(), name === null ? null : `${folder}/${name}`);
      },
      onShort: () => this.#sleep.end(),
      onFailure: (code) =>
        events.problemFound({
          code: 'WATCH_FAILED',
          message: `Folders cannot be watched (${code}); new logs are found by a scan every second instead`,
          advice: 'Raise fs.inotify.max_user_instances and fs.inotify.max_user_watches on the node.',
        }),
    });
  }

  /**
   * Stops reading, lets what has been read reach Loki for at most `withinMs`, and stores the positions. What was not
   * answered by then is read again after the next start; what only an open file keeps alive goes to the spool.
   */
  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    const deadlineMs = this.#now() + withinMs;
    this.#watch?.close();
    this.#sleep.end();
    await this.#scanning;
    await this.#workersIdle(deadlineMs);
    await this.#sender.stop(Math.max(0, deadlineMs - this.#now()));
    this.#jobs.recall();
    const nowMs = this.#now();
    const folders = new Set<string>();
    for (const log of this.#chains) {
      this.#poll(log, nowMs);
      this.#losses.giveUpFlights(log);
      // That a .gz is gone does not show in the open file it was made from.
      folders.add(log.folder);
    }
    // Only a second look is sure that a name is gone.
    for (const folder of [...folders, ...folders]) this.#chains.look(folder, nowMs);
    await this.#keeper.saveAll();
    await this.#keeper.giveUpRest();
    for (const log of [...this.#chains]) this.#finish(log, nowMs);
    await this.#recorder.storeAll();
  }

  /** Looks at every open file, and hands out everything unread. To be called at the pace of the batch wait. */
  tick(): void {
    const nowMs = this.#now();
    const folders = new Set<string>();
    for (const log of this.#chains.awake) if (this.#poll(log, nowMs).look) folders.add(log.folder);
    for (const folder of folders) this.#chains.look(folder, nowMs);
    for (const log of [...this.#chains.awake]) {
      // Nothing to hand out, to finish or to ask: on a quiet node that is nearly all of them.
      if (log.resting !== null) continue;
      if (log.generations.some(({ unknown }) => unknown)) void this.#identify(log);
      if (log.wantsTurn(nowMs)) this.#planner.add(log);
      this.#finish(log, nowMs);
      log.rest();
    }
    this.#sleep.tend(nowMs);
    this.#keeper.tend(nowMs);
    this.#guard(nowMs);
    this.#jobs.resume(nowMs);
    this.#plan(nowMs);
    this.#store();
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

  /** Container logs that make no progress though there is something to read. */
  get stalls(): readonly Stall[] {
    return this.#watchdog.stalls;
  }

  get logCount(): number {
    return this.#chains.size;
  }

  snapshot(): Snapshot {
    const { descriptors, budget, positions, workers } = this.#options;
    return {
      ...snapshotOf(this.#chains, this.#now()),
      containerLogs: this.#chains.size,
      entriesPending: this.#jobs.pendingEntries,
      generationsOpen: descriptors.openCount,
      memoryBudgetBytes: budget.pushBudgetBytes,
      memoryBudgetUsedBytes: this.#jobs.heldBytes,
      pushesInFlight: this.#sender.figures.inFlight,
      workers: workers.size,
      journalDirty: positions.unsynced > 0,
      spoolBytes: this.#spool.usedBytes,
      inotifyFallback: this.#watch?.failed === true,
    };
  }

  // Another configuration

  /**
   * Goes on with another configuration: new jobs are made by it, and what is under way is finished by the old one. No
   * file is closed that is still wanted.
   *
   * @param sender of another endpoint; what the old one does not settle within `SWITCH_MS` is read again for it
   */
  async change(lane: Lane, sender: Sender | null): Promise<void> {
    this.#placing = true;
    await this.#scanning;
    if (sender !== null) {
      await this.#workersIdle(this.#now() + SWITCH_MS);
      await this.#sender.stop(SWITCH_MS);
      this.#jobs.recall();
      for (const log of this.#chains) {
        this.#losses.giveUpFlights(log);
        for (const generation of log.generations) this.#takeBack(generation);
      }
      this.#sender = sender;
    }
    this.#lane = lane;
    this.#jobs.change(lane.spec, lane.batchBytes);
    this.#planner.batchBytes = lane.batchBytes;
    const matcher = matcherOfLane(lane);
    this.#scanner = new Scanner(lane.files.globs, matcher);
    this.#chains.change(matcher, this.#chainSettings(lane));
    for (const log of [...this.#chains]) if (lane.files.labelsOf(log.path) === null) this.#giveUp(log);
    this.#watch?.close();
    this.#watch = this.#startWatch();
    this.#placing = false;
    if (this.#stopping) return;
    await this.rescan();
    this.tick();
  }

  /** It is wanted no more: nothing of it is lost, for nobody asks for it. */
  #giveUp(log: ContainerLog): void {
    for (const generation of log.generations) {
      this.#takeBack(generation);
      generation.done = true;
      this.#options.descriptors.close(generation);
      this.#spool.release(generation);
    }
    log.generations = [];
    this.#chains.prune(log);
  }

  /** What was handed out and is not settled is to be read again. */
  #takeBack(generation: Generation): void {
    generation.rewind();
    this.#jobs.abandon(generation);
  }

  #chainSettings({ format, batchBytes, carryFlushMs }: Lane): ChainSettings {
    const graceMs = this.#options.graceMs ?? GRACE_MS;
    return { format, batchBytes, graceMs, carryFlushMs, sideBySide: this.#options.budget.workers * 2 };
  }

  // Reading

  /** A limit of the pipeline asks for a pause, which may be shorter than that between two ticks. */
  #rest(waitMs: number): void {
    setTimeout(() => {
      if (!this.#stopping) this.tick();
    }, waitMs).unref();
  }

  #plan(nowMs: number): void {
    if (this.#stopping || this.#placing) return;
    while (this.#jobs.mayLaunch) {
      const flights = this.#planner.nextJob(nowMs, {
        mayTake: (log) => this.#jobs.mayTake(log),
        isApart: (log) => this.#sender.isStuck(log.path),
      });
      if (flights === null) return;
      this.#jobs.launch(flights);
    }
  }

  #onProgress(log: ContainerLog): void {
    const nowMs = this.#now();
    if (!this.#stopping) {
      // Else there is enough to go on with.
      if (!log.behind) for (const generation of log.generations) this.#heed(pollGeneration(generation, nowMs));
      if (log.generations.some(({ unknown }) => unknown)) void this.#identify(log);
      if (log.behind) this.#planner.add(log);
      this.#plan(nowMs);
    }
    if (log.moved) this.#store();
    if (this.#jobs.running === 0) this.#onIdle?.();
  }

  #poll(log: ContainerLog, nowMs: number): PollResult {
    const result = pollLog(log, nowMs);
    this.#heed(result);
    return result;
  }

  #heed({ truncated }: PollResult): void {
    for (const { generation, size } of truncated) {
      this.#options.events.generationTruncated(generation.log.path);
      this.#losses.restart(generation, size, false);
    }
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
    const { events } = this.#options;
    const startedMs = performance.now();
    const found = await this.#scanner.scan();
    let files = 0;
    for (const list of found.values()) files += list.length;
    events.scanFinished({ files, ms: performance.now() - startedMs });
    return found;
  }

  async #rescan(): Promise<void> {
    const found = await this.#scanAll();
    if (this.#stopping) return;
    this.#watch?.refresh();
    this.#chains.take(found, this.#now(), (folder) => this.#scanner.timeOf(folder));
    this.#sleep.check();
    this.#recorder.noteGrowth();
  }

  /** What has been begun is read on, whatever its age. */
  #isStale(path: string, nowMs: number): boolean {
    const limitMs = this.#lane.files.ignoreOlderThanMs(path);
    if (limitMs === 0 || this.#stored.has(path)) return false;
    const timeMs = modifiedMs(path);
    return timeMs !== -1 && nowMs - timeMs > limitMs;
  }

  /** @returns false if the file is gone under the name it was seen with */
  #open(generation: Generation): boolean {
    const { descriptors, events } = this.#options;
    const path = generation.path ?? generation.gzip?.path;
    if (path === undefined) return false;
    try {
      const opening = generation.open(descriptors);
      if (opening === 'open') events.fileOpened(path);
      this.#unopened.delete(path);
      return opening !== 'gone' || generation.spool !== null;
    } catch (error) {
      const code = errnoOf(error);
      if (code === undefined) throw error;
      this.#tellUnopened(path, code);
      return true;
    }
  }

  #tellUnopened(path: string, code: string): void {
    if (this.#unopened.has(path)) return;
    this.#unopened.add(path);
    this.#options.events.problemFound({
      code: 'LOG_UNREADABLE',
      message: `Cannot open ${path}: ${code}`,
      advice: 'Run as a user who may read the files below /var/log/pods; it is tried again.',
    });
  }

  /** Asks which of a chain's new files are known already. What cannot be told yet is asked again with its progress. */
  async #identify(log: ContainerLog): Promise<void> {
    if (this.#placing || this.#identifying.has(log)) return;
    this.#identifying.add(log);
    try {
      await this.#identifyIn(log);
    } catch {
      // The worker has failed; the watchdog asks again.
    } finally {
      this.#identifying.delete(log);
    }
    this.#losses.countTruncated(log);
    this.#keeper.notice(log.generations);
    if (log.wantsTurn(this.#now())) this.#planner.add(log);
    this.#plan(this.#now());
  }

  async #identifyIn(log: ContainerLog): Promise<void> {
    const { descriptors, workers } = this.#options;
    const { merged, changed } = await identifyNewcomers(log, descriptors, (job) => workers.identify(job));
    if (changed !== null) this.#losses.changed(changed);
    this.#recorder.take(merged);
  }

  // Positions

  #finish(log: ContainerLog, nowMs: number): void {
    const finished = log.finish(nowMs);
    for (const generation of finished) this.#options.descriptors.close(generation);
    this.#recorder.take(finished);
    this.#chains.prune(log);
  }

  #store(): void {
    if (!this.#placing) this.#recorder.store();
  }

  // What goes wrong

  #guard(nowMs: number): void {
    const stalled = this.#watchdog.look(this.#chains.awake, nowMs);
    for (const generation of stalled) {
      generation.log.folderTimeMs = 0;
      if (generation.unknown) void this.#identify(generation.log);
      this.#planner.add(generation.log);
      if (generation.readers > 0 || generation.path === null || generation.flights.length > 0) continue;
      this.#options.descriptors.close(generation);
      this.#open(generation);
    }
    for (const { reason, logs, path, waitMs } of this.#watchdog.stalls) {
      this.#options.events.problemFound({
        code: 'LOG_STALLED',
        message: `${logs} logs with unread bytes make no progress, ${path} for ${Math.round(waitMs / 1000)} s: ${reason}`,
        advice: 'See what the reason names; nothing is lost while the files exist.',
      });
    }
  }
}

function matcherOfLane({ files }: Lane): Matcher {
  const isWanted = (path: string) => files.labelsOf(path) !== null;
  return files.compressed === null ? matcherOf(isWanted) : compressedMatcherOf(isWanted);
}
