import type { Config } from '../config/config.js';
import type { Limits } from './limits.js';

const MIB = 1024 * 1024;

/** Node with the dependencies loaded, before the first worker (measured, see the design). */
const BASE_BYTES = 65 * MIB;
/** One idle worker thread (measured, see the design). */
const WORKER_BYTES = 13 * MIB;
/**
 * What a worker touches for its jobs, in multiples of a batch with its longest line: windows, scratch and joins
 * (about 1), the push (1.5, see workers/memory.ts), and the compressed push (at worst 7/6 of that, snappy's bound).
 */
const WORKER_BUFFERS = 4;
/**
 * How much of the limit is planned for. The rest is for what is charged to the cgroup and is not ours to plan: page
 * cache that is being written, sockets, inodes and watches in the kernel, garbage not collected yet.
 */
const PLANNED_SHARE = 0.75;

/**
 * For each worker. Eight pushes of a third of a MiB are in flight at most; more only smooths, and where the receiver is
 * slower than we are, all of it is taken (peak RSS, bench:load --scenario corpus-256).
 */
const PUSH_BUDGET_BYTES_PER_WORKER = 4 * MIB;
const MAX_PUSH_BUDGET_BYTES = 64 * MIB;
/** With less, few jobs are under way at once, and a slow Loki makes a slow collector. */
const MIN_PUSH_BUDGET_BYTES = 8 * MIB;
/** One job that runs and one that is ready: with less a worker waits for the planner. */
const MIN_JOBS_PER_WORKER = 2;

/** Eight workers take more than 1 GB/s (140 MB a CPU second each, measured), beyond what the disks of a node write. */
const MAX_WORKERS = 8;

/**
 * Ceilings, not reservations: they make V8 collect early, and reaching one ends the thread, so they stay far above what
 * is used. Node itself takes 7 to 10 MiB of heap in a worker, and the plain path makes no garbage.
 */
const WORKER_OLD_SPACE = { part: 16, minMiB: 24, maxMiB: 64 };
/** With Node's default of 48 a worker that makes garbage lets 16 MiB of it pile up, with 4 it is 4 MiB (Node 20). */
const WORKER_YOUNG_MIB = 4;

/** How the collector is sized, from its settings and limits. */
export interface Budget {
  workers: number;
  /** For jobs in flight, carries, and finished pushes that wait, together. */
  pushBudgetBytes: number;
  /** For `resourceLimits` of a worker. */
  workerOldSpaceMiB: number;
  workerYoungMiB: number;
  /** The memory that all of it is derived from. */
  memoryBytes: number;
  /** The peak of RSS this budget plans for. */
  plannedBytes: number;
  /** By how much the least that works exceeds `memoryBytes`; 0 if it fits. */
  shortBytes: number;
  because: { workers: string; memoryBytes: string; pushBudgetBytes: string };
}

/** What of the configuration decides the sizes. */
export type SizingConfig = Pick<Config, 'workers' | 'memoryLimitBytes' | 'batchBytes' | 'maxLineBytes'>;

/** What the machine has, whatever the cgroup allows. */
export interface Host {
  cores: number;
  memoryBytes: number;
}

/**
 * Derives how many workers run and how much memory they and the pushes may take. Pure arithmetic. Where the memory does
 * not do for the least that works, that least is what comes out, and `shortBytes` says so.
 */
export function deriveBudget(config: SizingConfig, limits: Limits, host: Host): Budget {
  const memory = memoryOf(config, limits, host);
  const plannable = Math.floor(memory.value * PLANNED_SHARE);
  const jobBytes = config.batchBytes + config.maxLineBytes;
  const workerBytes = WORKER_BYTES + WORKER_BUFFERS * jobBytes;
  const leastPush = (workers: number) => Math.max(MIN_PUSH_BUDGET_BYTES, MIN_JOBS_PER_WORKER * workers * jobBytes);
  const least = (workers: number) => BASE_BYTES + workers * workerBytes + leastPush(workers);

  const byCpu = workersOf(config, limits, host);
  let workers = byCpu.value;
  // A number that was asked for is kept; a derived one gives way to memory.
  if (config.workers === null) while (workers > 1 && least(workers) > plannable) workers--;

  const fixedBytes = BASE_BYTES + workers * workerBytes;
  const most = Math.min(MAX_PUSH_BUDGET_BYTES, workers * PUSH_BUDGET_BYTES_PER_WORKER);
  const pushBudgetBytes = Math.max(leastPush(workers), Math.min(most, plannable - fixedBytes));
  const plannedBytes = fixedBytes + pushBudgetBytes;
  return {
    workers,
    pushBudgetBytes,
    workerOldSpaceMiB: ceilingIn(memory.value, WORKER_OLD_SPACE),
    workerYoungMiB: WORKER_YOUNG_MIB,
    memoryBytes: memory.value,
    plannedBytes,
    shortBytes: Math.max(0, plannedBytes - memory.value),
    because: {
      workers:
        workers < byCpu.value ? `memory has room for no more; ${byCpu.because} allows ${byCpu.value}` : byCpu.because,
      memoryBytes: memory.because,
      pushBudgetBytes: `${inMiB(plannable)} of memory are planned for, ${inMiB(fixedBytes)} of them for Node and ${workers} ${workers === 1 ? 'worker' : 'workers'}; at least ${inMiB(leastPush(workers))}, at most ${inMiB(Math.max(most, leastPush(workers)))}`,
    },
  };
}

/**
 * The budget as rows of name, value and reason, for people.
 *
 * @param mainHeapBytes the limit of the main thread's heap: Node derives it itself from the memory limit of the cgroup, when
 * the process starts
 */
export function explain(budget: Budget, mainHeapBytes: number): { name: string; value: string; because: string }[] {
  const { because } = budget;
  return [
    { name: 'workers', value: String(budget.workers), because: because.workers },
    { name: 'memory', value: inMiB(budget.memoryBytes), because: because.memoryBytes },
    { name: 'push budget', value: inMiB(budget.pushBudgetBytes), because: because.pushBudgetBytes },
    {
      name: 'planned peak',
      value: inMiB(budget.plannedBytes),
      because:
        budget.shortBytes > 0
          ? `the least that works; the memory is short of it by ${inMiB(budget.shortBytes)}`
          : 'Node, workers and push budget together',
    },
    {
      name: 'main heap',
      value: inMiB(mainHeapBytes),
      because: 'what Node allows itself of the memory at its start',
    },
    {
      name: 'worker heap',
      value: `${budget.workerOldSpaceMiB} MiB`,
      because: partOfMemory(WORKER_OLD_SPACE),
    },
  ];
}

interface Derived {
  value: number;
  because: string;
}

/**
 * Whole cores only: half a core more for a worker would be taken from the main thread, which needs a fifth of what a
 * worker does, and a thread that runs into the quota stops all of them until the next period.
 */
function workersOf(config: SizingConfig, limits: Limits, host: Host): Derived {
  if (config.workers !== null) return { value: config.workers, because: 'SLEIPNIR_WORKERS' };
  const limited = limits.cpus !== null && limits.cpus < host.cores;
  const cpus = limited ? limits.cpus! : host.cores;
  return {
    value: Math.max(1, Math.min(MAX_WORKERS, Math.floor(cpus))),
    because: limited ? `${cpus} cores by ${limits.because.cpus}` : `${cpus} cores of this machine`,
  };
}

/** The least of what was set, what the cgroup allows and what the machine has: more than that is never there. */
function memoryOf(config: SizingConfig, limits: Limits, host: Host): Derived {
  const sources: Derived[] = [{ value: host.memoryBytes, because: 'memory of this machine' }];
  if (limits.memoryBytes !== null) sources.push({ value: limits.memoryBytes, because: limits.because.memoryBytes });
  if (config.memoryLimitBytes !== null)
    sources.push({ value: config.memoryLimitBytes, because: 'SLEIPNIR_MEMORY_LIMIT' });
  return sources.reduce((least, source) => (source.value <= least.value ? source : least));
}

interface Ceiling {
  part: number;
  minMiB: number;
  maxMiB: number;
}

function ceilingIn(memoryBytes: number, { part, minMiB, maxMiB }: Ceiling): number {
  return Math.max(minMiB, Math.min(maxMiB, Math.floor(memoryBytes / part / MIB)));
}

function partOfMemory({ part, minMiB, maxMiB }: Ceiling): string {
  return `1/${part} of the memory, from ${minMiB} to ${maxMiB} MiB`;
}

function inMiB(bytes: number): string {
  return `${Math.round((bytes / MIB) * 10) / 10} MiB`;
}
