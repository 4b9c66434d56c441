import { readdirSync, readFileSync } from 'node:fs';

/** What the processes of one session have used so far. */
export interface Usage {
  /** User and system time, of ended children too. */
  cpuSeconds: number;
  rssBytes: number;
  /** The highest RSS of each process, added up: exact where there is one process. */
  peakRssBytes: number;
  /** CPU time of the first process's threads that still live: its main thread, then the others by what they took. */
  threadSeconds: number[];
}

/** Of `/proc/<pid>/stat`: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * What the session `leader` has used: a child that was started detached leads one, and what it starts belongs to it.
 * Null when no process of it is left.
 *
 * Formats: proc_pid_stat(5), proc_pid_status(5); kernel Documentation/scheduler/sched-stats.rst for `schedstat`.
 */
export function usageOf(leader: number): Usage | null {
  const usage: Usage = { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, threadSeconds: threadsOf(leader) };
  let found = false;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = fieldsOf(pid);
    if (stat === null || stat.session !== leader) continue;
    found = true;
    const status = readText(`/proc/${pid}/status`) ?? '';
    usage.cpuSeconds += stat.cpuSeconds;
    usage.rssBytes += kibibytesIn(status, 'VmRSS');
    usage.peakRssBytes += kibibytesIn(status, 'VmHWM');
  }
  if (!found) return null;
  // Ticks are rounded down; the threads alone are counted in nanoseconds, but those that ended are missing there.
  usage.cpuSeconds = Math.max(
    usage.cpuSeconds,
    usage.threadSeconds.reduce((sum, seconds) => sum + seconds, 0),
  );
  return usage;
}

function fieldsOf(pid: string): { session: number; cpuSeconds: number } | null {
  const text = readText(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is the name, which may hold anything, parentheses too.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return { session: field(6), cpuSeconds: (field(14) + field(15) + field(16) + field(17)) / TICKS_PER_SECOND };
}

function threadsOf(pid: number): number[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  const seconds = (name: string): number =>
    Number(readText(`/proc/${pid}/task/${name}/schedstat`)?.split(' ')[0] ?? 0) / 1e9;
  const others = names.filter((name) => name !== String(pid)).map(seconds);
  return [seconds(String(pid)), ...others.sort((a, b) => b - a)];
}

function kibibytesIn(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
}

/** Null if the process has ended meanwhile. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
