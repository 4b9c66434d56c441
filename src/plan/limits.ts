import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What the cgroup allows this process. Null where it sets no limit. */
export interface Limits {
  /** In cores, fractional. */
  cpus: number | null;
  memoryBytes: number | null;
  /** The file that sets each limit, or that none does. */
  because: { cpus: string; memoryBytes: string };
}

interface Limit {
  value: number;
  because: string;
}

type Controller = 'cpu' | 'memory';

/** Reads the limit that one cgroup folder sets, if it does. `because` names the file. */
type ReadLimit = (folder: string) => Limit | null;

/**
 * The limits that hold for this process: the tightest between its own cgroup and the root that is mounted, by cgroup
 * v2 or v1. Never throws: where there are no cgroups, there are no limits.
 *
 * Formats: proc_pid_mountinfo(5), cgroups(7); kernel Documentation/admin-guide/cgroup-v2.rst and
 * Documentation/scheduler/sched-bwc.rst.
 *
 * @param root the folder that stands for `/`.
 */
export function readLimits(root = '/'): Limits {
  const mounts = lines(join(root, 'proc/self/mountinfo'))
    .map(parseMount)
    .filter((mount) => mount !== null);
  const own = lines(join(root, 'proc/self/cgroup')).map(parseMembership);

  function tightest(controller: Controller): Limit | null {
    const limits: Limit[] = [];
    for (const mount of mounts) {
      const version2 = mount.type === 'cgroup2';
      if (!version2 && !mount.options.includes(controller)) continue;
      const membership = own.find(({ controllers }) =>
        version2 ? controllers === '' : controllers.split(',').includes(controller),
      );
      for (const folder of foldersUpwards(mount, membership?.path ?? '/')) {
        const read = READERS[mount.type][controller];
        limits.push(...read.map((of) => of(join(root, folder))).filter((limit) => limit !== null));
      }
    }
    return limits.reduce<Limit | null>(
      (least, limit) => (least === null || limit.value < least.value ? limit : least),
      null,
    );
  }

  const cpus = tightest('cpu');
  const memory = tightest('memory');
  return {
    cpus: cpus?.value ?? null,
    memoryBytes: memory?.value ?? null,
    because: {
      cpus: cpus?.because ?? 'the cgroup sets no CPU limit',
      memoryBytes: memory?.because ?? 'the cgroup sets no memory limit',
    },
  };
}

/**
 * `memory.high` does not kill but slows a process down until it stays below, which a collector cannot afford either.
 * The root of a hierarchy has none of these files.
 */
const READERS: Record<CgroupMount['type'], Record<Controller, ReadLimit[]>> = {
  cgroup2: { cpu: [cpuMax], memory: [bytesIn('memory.max'), bytesIn('memory.high')] },
  cgroup: { cpu: [cfsQuota], memory: [bytesIn('memory.limit_in_bytes')] },
};

/** `cpu.max`: `$QUOTA $PERIOD` in microseconds, or `max $PERIOD`. */
function cpuMax(folder: string): Limit | null {
  const file = join(folder, 'cpu.max');
  const [quota, period] = (lines(file)[0] ?? '').split(' ').map(Number);
  return share(quota, period, file);
}

function cfsQuota(folder: string): Limit | null {
  const file = join(folder, 'cpu.cfs_quota_us');
  return share(numberIn(file), numberIn(join(folder, 'cpu.cfs_period_us')), file);
}

/** Version 1 writes -1 for no limit, version 2 `max`, which is no number. */
function share(quota: number | undefined, period: number | undefined, file: string): Limit | null {
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return null;
  return { value: quota / period, because: file };
}

function bytesIn(name: string): ReadLimit {
  return (folder) => {
    const file = join(folder, name);
    const value = numberIn(file);
    // Version 1 says "no limit" with the largest count of pages, just below 2^63; version 2 says `max`.
    return value > 0 && Number.isSafeInteger(value) ? { value, because: file } : null;
  };
}

function numberIn(file: string): number {
  return Number.parseInt(lines(file)[0] ?? '', 10);
}

interface CgroupMount {
  type: 'cgroup' | 'cgroup2';
  /** Which cgroup is mounted. In a container without a cgroup namespace that is the container's own, not `/`. */
  mountedGroup: string;
  mountPoint: string;
  options: string[];
}

/** A line of mountinfo: `id parent dev root mountpoint options [optional...] - type source superoptions`. */
function parseMount(line: string): CgroupMount | null {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , mountedGroup, mountPoint] = before.split(' ');
  const [type, , options = ''] = after.split(' ');
  if ((type !== 'cgroup' && type !== 'cgroup2') || mountedGroup === undefined || mountPoint === undefined) return null;
  return { type, mountedGroup, mountPoint, options: options.split(',') };
}

/** A line of /proc/self/cgroup: `id:controllers:path`; the controllers are empty for version 2. */
function parseMembership(line: string): { controllers: string; path: string } {
  const [, controllers = '', ...path] = line.split(':');
  return { controllers, path: path.join(':') };
}

/** The folders of the cgroup `path` and of all above it, as far as `mount` shows them. */
function foldersUpwards(mount: CgroupMount, path: string): string[] {
  // A cgroup outside the namespace (`/../...`) or outside what is mounted is seen through the mount point alone.
  const inside = path.startsWith('/..') ? '' : relative(mount.mountedGroup, path);
  const parts = inside === '' || inside.startsWith('..') ? [] : inside.split('/');
  return [mount.mountPoint, ...parts.map((_, i) => join(mount.mountPoint, ...parts.slice(0, i + 1)))];
}

/** The lines of a small file; none if it cannot be read. */
function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
