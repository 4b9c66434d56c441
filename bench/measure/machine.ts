import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** Where and on what something was measured: it stands beside every result. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  system: string;
  node: string;
  /** Null outside a work tree. */
  commit: string | null;
  /** The work tree differs from the commit. */
  changed: boolean;
  /** ISO 8601. */
  date: string;
  /** Runnable processes in the minute before: other work makes the figures worse. */
  loadBefore: number;
}

/** Describes this machine and the work tree in the current folder. */
export function describeMachine(): Machine {
  const commit = git('rev-parse', '--short=12', 'HEAD');
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    commit,
    changed: commit !== null && git('status', '--porcelain') !== '',
    date: new Date().toISOString(),
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** The description as one line of text. */
export function machineLine(machine: Machine): string {
  const commit =
    machine.commit === null ? 'no commit' : `commit ${machine.commit}${machine.changed ? ' with changes' : ''}`;
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`;
  const load = `load before ${machine.loadBefore.toFixed(1)}`;
  return [
    `${machine.cpu}, ${machine.cores} cores, ${memory}`,
    machine.system,
    `Node ${machine.node}`,
    commit,
    machine.date.slice(0, 16),
    load,
  ].join(' · ');
}

function git(...args: string[]): string | null {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
