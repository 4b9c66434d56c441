import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, SleipnirError } from '../../src/errors.js';

/** In cores and bytes; null where there is no limit. */
export interface CgroupLimits {
  cpus: number | null;
  memoryBytes: number | null;
  /** What each thread gets at most: like a machine of more, but slower cores. */
  threadCpus: number | null;
}

export const UNLIMITED: CgroupLimits = { cpus: null, memoryBytes: null, threadCpus: null };

/** How the limits bit. */
export interface CgroupFigures {
  /** Periods in which the group ran, in how many of them it was stopped, and for how long altogether. */
  periods: number;
  throttledPeriods: number;
  throttledSeconds: number;
  oomKills: number;
}

/** A cgroup made for one measurement. */
export interface Cgroup {
  /** The files a process writes its id to in order to be in it. */
  readonly procs: string[];
  figures(): CgroupFigures;
  /** Limits the threads that a process in the group has by now. */
  limitThreads(pid: number): void;
  /** Deletes it once its processes have ended. */
  remove(): Promise<void>;
}

const PERIOD_US = 100_000;
/** Threads wait for each other: they are stopped often, and briefly. */
const THREAD_PERIOD_US = 10_000;

/**
 * Makes a cgroup below the one this process is in (version 1), or beside or below it (version 2).
 * Throws SleipnirError BENCH_CGROUP where that cannot be done: no root, no controllers, another system.
 *
 * Formats: kernel Documentation/admin-guide/cgroup-v1/ and cgroup-v2.rst.
 */
export function makeCgroup(limits: CgroupLimits): Cgroup {
  const name = `sleipnir-bench-${process.pid}-${counter++}`;
  try {
    const own = memberships();
    return own.has('cpu') && own.has('memory') ? new Version1(own, name, limits) : new Version2(own, name, limits);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SleipnirError(
      'BENCH_CGROUP',
      `no cgroup can be made here: ${why}`,
      'Run it as root, outside a container.',
    );
  }
}

let counter = 0;
const ROOT = '/sys/fs/cgroup';

/** The cgroup this process is in, for each controller of version 1; that of version 2 under the name ''. */
function memberships(): Map<string, string> {
  const own = new Map<string, string>();
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')) {
    const [, controllers = '', path = '/'] = line.split(':');
    for (const controller of controllers.split(',')) own.set(controller, path);
  }
  return own;
}

class Version1 implements Cgroup {
  readonly procs: string[];
  readonly #cpu: string;
  readonly #memory: string;
  readonly #threadCpus: number | null;
  readonly #threads = new Map<string, string>();

  constructor(own: Map<string, string>, name: string, { cpus, memoryBytes, threadCpus }: CgroupLimits) {
    this.#threadCpus = threadCpus;
    this.#cpu = join(ROOT, 'cpu', own.get('cpu')!, name);
    this.#memory = join(ROOT, 'memory', own.get('memory')!, name);
    mkdirSync(this.#cpu);
    mkdirSync(this.#memory);
    if (cpus !== null) setQuota(this.#cpu, cpus, PERIOD_US);
    if (memoryBytes !== null) writeFileSync(join(this.#memory, 'memory.limit_in_bytes'), String(memoryBytes));
    this.procs = [this.#cpu, this.#memory].map((folder) => join(folder, 'cgroup.procs'));
  }

  figures(): CgroupFigures {
    const cpu = valuesIn(join(this.#cpu, 'cpu.stat'));
    return {
      periods: cpu('nr_periods'),
      throttledPeriods: cpu('nr_throttled'),
      throttledSeconds: cpu('throttled_time') / 1e9,
      oomKills: valuesIn(join(this.#memory, 'memory.oom_control'))('oom_kill'),
    };
  }

  limitThreads(pid: number): void {
    if (this.#threadCpus === null) return;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      if (this.#threads.has(thread)) continue;
      const folder = join(this.#cpu, `thread-${thread}`);
      mkdirSync(folder);
      this.#threads.set(thread, folder);
      setQuota(folder, this.#threadCpus, THREAD_PERIOD_US);
      try {
        writeFileSync(join(folder, 'tasks'), thread);
      } catch (error) {
        // It has ended since.
        if (errnoOf(error) !== 'ESRCH') throw error;
      }
    }
  }

  async remove(): Promise<void> {
    for (const folder of this.#threads.values()) await removeFolder(folder);
    await removeFolder(this.#cpu);
    await removeFolder(this.#memory);
  }
}

function setQuota(folder: string, cpus: number, periodUs: number): void {
  writeFileSync(join(folder, 'cpu.cfs_period_us'), String(periodUs));
  writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(Math.round(cpus * periodUs)));
}

class Version2 implements Cgroup {
  readonly procs: string[];
  readonly #folder: string;

  constructor(own: Map<string, string>, name: string, { cpus, memoryBytes, threadCpus }: CgroupLimits) {
    if (threadCpus !== null) throw new Error('threads are limited one by one only with version 1');
    this.#folder = join(delegating(join(ROOT, own.get('') ?? '/')), name);
    mkdirSync(this.#folder);
    if (cpus !== null) {
      writeFileSync(join(this.#folder, 'cpu.max'), `${Math.round(cpus * PERIOD_US)} ${PERIOD_US}`);
    }
    if (memoryBytes !== null) {
      writeFileSync(join(this.#folder, 'memory.max'), String(memoryBytes));
      const swap = join(this.#folder, 'memory.swap.max');
      if (existsSync(swap)) writeFileSync(swap, '0');
    }
    this.procs = [join(this.#folder, 'cgroup.procs')];
  }

  figures(): CgroupFigures {
    const cpu = valuesIn(join(this.#folder, 'cpu.stat'));
    return {
      periods: cpu('nr_periods'),
      throttledPeriods: cpu('nr_throttled'),
      throttledSeconds: cpu('throttled_usec') / 1e6,
      oomKills: valuesIn(join(this.#folder, 'memory.events'))('oom_kill'),
    };
  }

  limitThreads(): void {}

  async remove(): Promise<void> {
    await removeFolder(this.#folder);
  }
}

/**
 * The folder nearest to `own` whose children may be limited. A cgroup with processes in it cannot have such children,
 * unless it is the root: hence its parent comes next.
 */
function delegating(own: string): string {
  let failure: unknown = new Error('the controllers cpu and memory are not there');
  for (const folder of [own, dirname(own)]) {
    if (!folder.startsWith(ROOT)) break;
    const control = join(folder, 'cgroup.subtree_control');
    try {
      const given = readFileSync(control, 'utf8').trim().split(' ');
      if (!given.includes('cpu') || !given.includes('memory')) writeFileSync(control, '+cpu +memory');
      return folder;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Reads a file of lines `name value`; a name that is not there is 0. */
function valuesIn(file: string): (name: string) => number {
  const text = readFileSync(file, 'utf8');
  return (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

/** The kernel lets go of a process a moment after its end. */
async function removeFolder(folder: string): Promise<void> {
  for (let attempt = 0; existsSync(folder); attempt++) {
    try {
      rmdirSync(folder);
    } catch (error) {
      if (attempt === 50) throw error;
      await delay(100);
    }
  }
}
