import { accessSync, constants } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { Descriptors, maxOpenFiles } from './chain/descriptors.js';
import type { Stall } from './chain/watchdog.js';
import { openJournal } from './checkpoint/journal.js';
import { type LegacyLane, takeOverPositions } from './checkpoint/legacy.js';
import { lockStateDir } from './checkpoint/lock.js';
import type { CheckpointProblem } from './checkpoint/problem.js';
import type { Config } from './config/config.js';
import { type LoadedLanes, loadLanes } from './config/lanes.js';
import type { EffectiveSetting } from './config/load.js';
import { watchRoot } from './discover/watch.js';
import { errnoOf } from './errors.js';
import { Fleet } from './fleet.js';
import type { Destination, Lane } from './lane.js';
import { readLimits } from './plan/limits.js';
import { compileLoops } from './plan/loops.js';
import { type Budget, deriveBudget } from './plan/sizing.js';
import { WORKER_FILE } from './plan/worker-file.js';
import { type Begin, startWorkers } from './plan/workers.js';
import type { CheckStagesJob, CheckStagesResult } from './protocol.js';
import type { PushEvents } from './push/figures.js';
import { keepWasmLight } from './push/light-wasm.js';
import { type Reloaded, Reloader } from './reload.js';
import { startRhythm } from './rhythm.js';
import type { Books } from './telemetry/books.js';
import type { CollectorEvents, Problem } from './telemetry/events.js';
import { startFigures } from './telemetry/figures.js';
import { createLog, type OwnLog } from './telemetry/log.js';
import { createMetrics, type Snapshot } from './telemetry/metrics.js';
import { ownLogPath } from './telemetry/own-log.js';
import { createTelemetry } from './telemetry/telemetry.js';
import { VERSION } from './version.js';
import { startWeb, type Trouble } from './web/server.js';

/** What a configuration file says of our own log. */
type OfLog = Pick<LoadedLanes, 'logLevel' | 'logFormat' | 'shipsOwnLog'>;

/** How the configuration was given. */
export interface Context {
  effective: readonly EffectiveSetting[];
  warnings: readonly string[];
  /** Leaves out components of a configuration file that have nothing to do with logs. */
  skipUnsupported: boolean;
}

/**
 * Runs a collector until SIGTERM or SIGINT: stops reading, drains, stores its positions. A second signal ends it at
 * once. SIGHUP has the configuration file read anew.
 *
 * @returns the exit code
 * @throws SleipnirError if it cannot start: state directory locked or unusable, address in use, ...
 */
export async function runCollector(config: Config, context: Context): Promise<number> {
  const ending = nextSignal();
  const log = await createLog(config);
  for (const warning of context.warnings) log.warn(warning);
  const limits = readLimits();
  const budget = deriveBudget(config, limits, { cores: availableParallelism(), memoryBytes: totalmem() });
  try {
    // With less than a core a worker would only be in the way of opening the files, which may be deleted by then.
    const begin = limits.cpus !== null && limits.cpus < 1 ? 'first job' : 'now';
    return await collect(config, context, { budget, begin }, log, ending);
  } finally {
    ending.stopListening();
  }
}

async function collect(
  config: Config,
  { effective, skipUnsupported }: Context,
  { budget, begin }: { budget: Budget; begin: Begin },
  log: OwnLog,
  ending: Ending,
): Promise<number> {
  /** Undone in the opposite order, also when starting fails half way. */
  const closers: (() => unknown)[] = [];
  let books: Books;
  const open = <T>(thing: T, close: (thing: T) => unknown): T => {
    closers.push(() => close(thing));
    return thing;
  };
  const onProblem = ({ code, advice, resolved, message }: CheckpointProblem): void => {
    if (resolved) log.info({ code }, message);
    else log.error({ code, advice }, message);
  };
  try {
    open(await lockStateDir(config.stateDir, { onProblem }), (lock) => lock.release());
    const journal = open(await openJournal(config.stateDir, { onProblem }), (it) => it.close());
    const { recovery } = journal;
    if (recovery.damagedLines > 0 || recovery.usedPrevious) {
      log.warn({ code: 'JOURNAL_DAMAGED', ...recovery }, 'the journal was damaged, positions were recovered');
    }

    let fleet: Fleet | null = null;
    let reloader: Reloader | null = null;
    const reload = (why: string): Promise<Reloaded> =>
      reloader?.reload(why) ?? Promise.resolve({ ok: false, message: 'starting' });
    let ready: { ok: boolean; why?: string } = { ok: false, why: 'starting' };
    const nothing = nothingYet(budget);
    const metrics = open(
      createMetrics(() => fleet?.snapshot() ?? nothing),
      (it) => it.stop(),
    );
    const events = createTelemetry(log, metrics);
    const setup = { batchBytes: config.batchBytes, maxLineBytes: config.maxLineBytes, loops: compileLoops() };
    // Here, so that a worker is always compiled under the same flags: only then its bytecode is good (src/compiled.ts).
    keepWasmLight();
    const backlogBytes = (): number => fleet?.snapshot()?.unreadBytes ?? 0;
    const workers = open(startWorkers(WORKER_FILE, setup, budget, { backlogBytes }, begin), (it) => it.close());
    const descriptors = open(new Descriptors(maxOpenFiles(), shortOfDescriptors(events)), (it) => it.closeAll());
    const askWorker = (job: CheckStagesJob): Promise<CheckStagesResult> => workers.checkStages(job);
    const load = () => loadLanes({ config, effective, env: process.env, skipUnsupported, askWorker });
    const useLog = async ({ logLevel, logFormat, shipsOwnLog }: OfLog): Promise<void> => {
      log.level = logLevel ?? config.logLevel;
      await log.setFormat(logFormat ?? config.logFormat);
      log.keepIn(shipsOwnLog ? ownLogPath(config.stateDir) : null);
    };
    const { lanes, warnings, files, http, ...ofLog } = await load();
    await useLog(ofLog);
    for (const warning of warnings) log.warn(warning);
    metrics.setConfigLoaded(true);
    // Not sooner: nothing is to be had without the password that the configuration asks for.
    const web = open(
      await startWeb({
        ...config.httpAddr,
        plan: http,
        registry: metrics.registry,
        probes: { ready: () => ready, healthy: () => healthOf(fleet?.stalls ?? []) },
        reload: () => reload('asked by HTTP'),
      }),
      (it) => it.close(),
    );
    const around = { config, budget, workers, journal, descriptors, events, pushEvents: pushEvents(events) };
    const running = new Fleet(lanes, around);
    fleet = running;
    if (budget.shortBytes > 0) events.problemFound(lowMemory(budget));
    checkFolders(lanes, events);
    if (recovery.firstStart) {
      await takeOverPositions(journal, lanes.map(legacyOf), {
        onNote: ({ path, message }) => log.info({ path }, message),
        onUnused: ({ code, advice, message }) => events.problemFound({ code, advice, message }),
      });
    }
    await fleet.start();
    const { scanIntervalMs } = config;
    const startBeat = () => startRhythm(running, { batchWaitMs: running.batchWaitMs, scanIntervalMs });
    let stopRhythm = startBeat();
    reloader = new Reloader(files, {
      load,
      async use(loaded) {
        await useLog(loaded);
        checkFolders(loaded.lanes, events);
        await running.change(loaded.lanes);
        stopRhythm();
        stopRhythm = startBeat();
        // Last: it ends connections, and one of them may wait to hear that all of this is done.
        await web.change(loaded.http);
      },
      onOutcome: (ok) => metrics.setConfigLoaded(ok),
      log,
      watch: config.configWatch,
    });
    ending.onHangUp(() => void reload('SIGHUP'));
    ready = { ok: true };
    const figures = startFigures(log, metrics, (everything) => events.flush(everything));
    log.info(
      {
        version: VERSION,
        http: web.url,
        push: lanes.map(({ destination }) => nameOf(destination)).join(' '),
        workers: budget.workers,
        logs: fleet.logCount,
      },
      'started',
    );

    const signal = await ending.signal;
    ready = { ok: false, why: 'ending' };
    log.info({ signal }, 'ending: what has been read is sent, positions are stored');
    await reloader.stop();
    stopRhythm();
    await fleet.stop(config.shutdownTimeoutMs);
    figures.stop();
    books = metrics.books();
  } finally {
    for (const close of closers.reverse()) await close();
  }
  log.info({ books }, 'ended');
  return 0;
}

function legacyOf({ id, legacyPositions, files }: Lane): LegacyLane {
  const compressed = files.compressed !== null;
  return { id, legacyPositions, compressed, wants: (path) => files.labelsOf(path) !== null };
}

function nameOf(destination: Destination): string {
  if (destination.kind === 'echo') return destination.component;
  // A user, a password or a query are left out: they may be secrets.
  const { origin, pathname } = destination.endpoint.url;
  return origin + pathname;
}

function pushEvents(events: CollectorEvents): PushEvents {
  return {
    pushed: (status, ms, bytes) => events.pushAnswered({ status, seconds: ms / 1000, bytes }),
    retried: (reason, message, waitMs) => events.pushRetried({ reason, message, waitMs }),
    refused: (kind, message) => events.pushRefused({ kind, message }),
  };
}

function shortOfDescriptors(events: CollectorEvents): (open: number) => void {
  return (open) =>
    events.problemFound({
      code: 'DESCRIPTORS_SHORT',
      message: `Only ${open} log files can be open at once; idle ones are closed and opened again`,
      advice: 'Raise the limit of open files (ulimit -n): a closed file that is deleted is gone with what was unread.',
    });
}

function lowMemory(budget: Budget): Problem {
  const miB = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  return {
    code: 'MEMORY_LIMIT_LOW',
    message: `The memory limit of ${miB(budget.memoryBytes)} is ${miB(budget.shortBytes)} short of the least that works`,
    advice: 'Raise the memory limit, or lower SLEIPNIR_WORKERS or SLEIPNIR_BATCH_BYTES.',
  };
}

/** A folder that is not there is the most common mistake of all: nothing is collected, and nothing fails. */
function checkFolders(lanes: readonly Lane[], events: CollectorEvents): void {
  const globs = lanes.flatMap(({ files }) => files.globs);
  for (const base of new Set(globs.map((path) => watchRoot(path).base))) {
    try {
      accessSync(base, constants.R_OK | constants.X_OK);
    } catch (error) {
      events.problemFound({
        code: 'LOGS_MISSING',
        message: `${base} cannot be read: ${errnoOf(error) ?? 'unknown'}`,
        advice: `Mount the node's ${base} read-only at the same path (hostPath), and run as a user who may read it; it is looked for all the time.`,
      });
    }
  }
}

/** Unread bytes that make no progress are the one thing that an operator must be told; everything else heals or is in the log. */
function healthOf(stalls: readonly Stall[]): { ok: boolean; troubles: Trouble[] } {
  const troubles = stalls.map(({ reason, logs, path, waitMs }) => ({
    code: 'LOG_STALLED',
    message: `${logs} logs make no progress, ${path} for ${Math.round(waitMs / 1000)} s: ${reason}`,
  }));
  return { ok: troubles.length === 0, troubles };
}

function nothingYet(budget: Budget): Snapshot {
  return {
    entriesPending: 0,
    containerLogs: 0,
    generationsOpen: 0,
    unreadBytes: 0,
    lagSeconds: 0,
    memoryBudgetBytes: budget.pushBudgetBytes,
    memoryBudgetUsedBytes: 0,
    pushesInFlight: 0,
    workers: 1,
    journalDirty: false,
    spoolBytes: 0,
    inotifyFallback: false,
  };
}

interface Ending {
  signal: Promise<NodeJS.Signals>;
  /** What SIGHUP does; nothing so far. */
  onHangUp(listener: () => void): void;
  stopListening(): void;
}

/** The first SIGTERM or SIGINT, whenever it comes. A second one ends the process as if nobody listened. */
function nextSignal(): Ending {
  let resolve: (signal: NodeJS.Signals) => void = () => {};
  const signal = new Promise<NodeJS.Signals>((settle) => {
    resolve = settle;
  });
  const onSignal = (name: NodeJS.Signals): void => {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
    resolve(name);
  };
  let hungUp = (): void => {};
  const onHangUp = (): void => hungUp();
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGHUP', onHangUp);
  return {
    signal,
    onHangUp(listener) {
      hungUp = listener;
    },
    stopListening() {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
      process.off('SIGHUP', onHangUp);
    },
  };
}
