import { fileURLToPath } from 'node:url';
import { Child } from '../measure/child.js';
import type { Life } from './gaps.js';

const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
const NO_WATCH = fileURLToPath(new URL('./no-watch.js', import.meta.url));

/** How the processes are started. */
export interface Launch {
  /** `ulimit -n` */
  maxOpenFiles?: number;
  /** No folder can be watched. */
  noWatch?: boolean;
}

interface LogLine {
  code?: string;
  msg?: string;
  http?: string;
  bytes?: number;
  lines?: number;
}

/** A collector that may die and be started again, all of it on the same state directory. */
export class Lives {
  /** Problems it spoke of, by code, with how often. */
  readonly said = new Map<string, number>();
  /** Lines that it has reported as lost. */
  countedLost = 0;
  /** Bytes that it has reported as lost; of files that vanished while it was down it knows no lines. */
  countedLostBytes = 0;
  /** When collectors ran. */
  readonly spans: Life[] = [];
  /** Processes that did not end with 0 after SIGTERM, in words. */
  readonly failures: string[] = [];
  readonly #env: Record<string, string>;
  readonly #launch: Launch;
  #child: Child | null = null;
  #http: string | null = null;

  constructor(env: Record<string, string>, launch: Launch) {
    this.#env = env;
    this.#launch = launch;
  }

  get running(): boolean {
    return this.#child !== null && !this.#child.hasExited;
  }

  start(): void {
    const { maxOpenFiles, noWatch } = this.#launch;
    const argv = [process.execPath, ...(noWatch ? ['--import', NO_WATCH] : []), CLI, 'run'];
    const limited = ['/bin/sh', '-c', `ulimit -n ${maxOpenFiles}; exec "$@"`, 'sh', ...argv];
    this.#http = null;
    const span: Life = { bornMs: Date.now(), startedMs: null, endedMs: null };
    this.spans.push(span);
    this.#child = new Child(maxOpenFiles === undefined ? argv : limited, { env: this.#env });
    this.#child.onLine((line) => this.#hear(line));
    void this.#child.exited.then(() => {
      span.endedMs = Date.now();
    });
  }

  async kill(): Promise<void> {
    this.#child?.kill();
    await this.#child?.exited;
  }

  /** SIGTERM; it has to end by itself with exit code 0. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    await child.stop();
    if (!child.ending.startsWith('exit code 0')) this.failures.push(child.ending);
  }

  /** The sum of a metric over its labels; null if it cannot be asked. */
  async metric(name: string): Promise<number | null> {
    if (this.#http === null || !this.running) return null;
    const response = await fetch(`${this.#http}/metrics`).catch(() => null);
    if (response === null) return null;
    const text = await response.text();
    const values = text.matchAll(new RegExp(`^sleipnir_${name}(?:{.*})? (\\S+)$`, 'gm'));
    return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  #hear(line: string): void {
    let said: LogLine;
    try {
      said = JSON.parse(line) as LogLine;
    } catch {
      return;
    }
    if (said.http !== undefined) {
      this.#http = said.http;
      (this.spans.at(-1) as Life).startedMs = Date.now();
    }
    if (said.code !== undefined) this.said.set(said.code, (this.said.get(said.code) ?? 0) + 1);
    if (said.code !== 'LOGS_LOST') return;
    this.countedLost += said.lines ?? 0;
    this.countedLostBytes += said.bytes ?? 0;
  }
}
