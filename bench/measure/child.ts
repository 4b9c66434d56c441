import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SleipnirError } from '../../src/errors.js';
import type { Cgroup } from './cgroup.js';
import { type Usage, usageOf } from './proc.js';

export interface ChildOptions {
  /** Besides PATH and HOME, all of its environment. */
  env?: Record<string, string>;
  cgroup?: Cgroup | null;
  cwd?: string;
}

/** Lines of its output that are kept, for when it fails. */
const KEPT_LINES = 20;
const TERM_MS = 30_000;

/** A process under measurement, with whatever it starts itself. It leads a session of its own. */
export class Child {
  readonly pid: number;
  /** `Date.now()` just before it was started. */
  readonly startedMs: number;
  readonly exited: Promise<void>;
  readonly #process: ChildProcess;
  readonly #lastLines: string[] = [];
  #onLine: (line: string) => void = () => {};

  constructor(argv: readonly string[], { env = {}, cgroup = null, cwd }: ChildOptions = {}) {
    const [file, ...args] = cgroup === null ? argv : enter(cgroup, argv);
    this.startedMs = Date.now();
    this.#process = spawn(file!, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      ...(cwd !== undefined && { cwd }),
    });
    this.exited = new Promise((resolve, reject) => {
      this.#process.once('exit', () => resolve());
      this.#process.once('error', reject);
    });
    this.exited.catch(() => {});
    this.pid = this.#process.pid ?? -1;
    running.add(this);
    if (ended) this.kill();
    void this.exited.finally(() => running.delete(this)).catch(() => {});
    createInterface(this.#process.stdout!).on('line', (line) => {
      this.#keep(line);
      this.#onLine(line);
    });
    createInterface(this.#process.stderr!).on('line', (line) => this.#keep(line));
  }

  get hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** How it ended, such as `exit code 1` or `SIGKILL`, with what it said last. */
  get ending(): string {
    const { exitCode, signalCode } = this.#process;
    const said = this.#lastLines.map((line) => `\n  ${line}`).join('');
    return `${signalCode ?? `exit code ${exitCode}`}${said}`;
  }

  /** Calls `take` for each line of its standard output from now on. */
  onLine(take: (line: string) => void): void {
    this.#onLine = take;
  }

  /**
   * The first thing that `find` makes of a line of standard output.
   * Rejects with SleipnirError BENCH_CHILD_ENDED when the process ends before.
   */
  firstLine<T>(find: (line: string) => T | null): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onLine = (line) => {
        const found = find(line);
        if (found === null) return;
        this.#onLine = () => {};
        resolve(found);
      };
      const fail = () => reject(this.failure());
      this.exited.then(fail, reject);
    });
  }

  failure(): SleipnirError {
    return new SleipnirError('BENCH_CHILD_ENDED', `a process ended early: ${this.ending}`, 'See what it said last.');
  }

  usage(): Usage | null {
    return usageOf(this.pid);
  }

  /** SIGTERM to the whole session, and SIGKILL to what is left of it after a while. */
  async stop(termMs = TERM_MS): Promise<void> {
    if (!this.hasExited) {
      this.#signal('SIGTERM');
      const timer = setTimeout(() => this.#signal('SIGKILL'), termMs);
      await this.exited.catch(() => {});
      clearTimeout(timer);
    }
    this.#signal('SIGKILL');
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  #keep(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.pid > 0) process.kill(-this.pid, signal);
    } catch {
      // Nothing of it is left.
    }
  }
}

/** The children lead sessions of their own, so a Ctrl-C on the terminal does not reach them. */
const running = new Set<Child>();
let ended = false;

/** Ends all children at once, and those that are yet to be started; false if there are none. */
export function endChildren(): boolean {
  ended = true;
  for (const child of running) child.kill();
  return running.size > 0;
}

process.on('exit', endChildren);

/** A process puts itself into a cgroup and becomes the command: nothing of the command runs outside of it. */
function enter(cgroup: Cgroup, argv: readonly string[]): string[] {
  const script = `${cgroup.procs.map((file) => `echo $$ > '${file}'`).join(' && ')} && exec "$@"`;
  return ['/bin/sh', '-c', script, 'sh', ...argv];
}
