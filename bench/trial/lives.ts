import { fileURLToPath } from 'node:url';
import type { Books } from '../../src/telemetry/books.js';
import { readStart } from '../load/contender.js';
import { type Cgroup, makeCgroup, UNLIMITED } from '../measure/cgroup.js';
import { Child } from '../measure/child.js';
import { booksIn } from './books.js';
import { FEW_WATCHES, whyNoFewWatches, withFewWatches } from './few-watches.js';
import type { Life } from './gaps.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const NO_WATCH = fileURLToPath(new URL('./no-watch.js', import.meta.url));

/** One that is short of CPU answers late. */
const ANSWER_MS = 5_000;

/** How the processes are started. */
export interface Launch {
  /** `ulimit -n` */
  maxOpenFiles?: number;
  /** Hardly a folder can be watched. */
  fewWatches?: boolean;
  /** So much of a core it gets at most, by a cgroup. */
  cpus?: number;
}

interface LogLine {
  code?: string;
  books?: Books;
  msg?: string;
  http?: string;
  bytes?: number;
  lines?: number;
  pods?: { reason: string; pod: string; bytes: number; lines: number; files: number }[];
}

/** A collector that may die and be started again, all of it on the same state directory. */
export class Lives {
  /** Problems it spoke of, by code, with how often. */
  readonly said = new Map<string, number>();
  /** Lines that it has reported as lost. */
  countedLost = 0;
  /** Bytes that it has reported as lost; of files that vanished while it was down it knows no lines. */
  countedLostBytes = 0;
  /** What it has reported as lost, in words. */
  readonly losses: string[] = [];
  /** The books of each life: at its end, or just before it was killed. Of one that had hardly begun there are none. */
  readonly books: Books[] = [];
  /** How many were killed. */
  killed = 0;
  /** How it was run, where that depends on the machine. */
  readonly note: string | null = null;
  /** When collectors ran. */
  readonly spans: Life[] = [];
  /** Processes that did not end with 0 after SIGTERM, in words. */
  readonly failures: string[] = [];
  readonly #env: Record<string, string>;
  readonly #argv: string[];
  readonly #cgroup: Cgroup | null;
  #child: Child | null = null;
  /** Where it answers, once it says so; null when it has ended before. */
  #http: Promise<string | null> = Promise.resolve(null);
  #onHttp: (url: string) => void = () => {};

  constructor(env: Record<string, string>, launch: Launch) {
    const start = readStart(ROOT);
    this.#env = { ...start.env, ...env };
    this.#argv = [process.execPath, ...start.args];
    const { maxOpenFiles, fewWatches, cpus } = launch;
    this.#cgroup = cpus === undefined ? null : makeCgroup({ ...UNLIMITED, cpus });
    if (maxOpenFiles !== undefined) {
      this.#argv = ['/bin/sh', '-c', `ulimit -n ${maxOpenFiles}; exec "$@"`, 'sh', ...this.#argv];
    }
    if (!fewWatches) return;
    const why = whyNoFewWatches();
    this.note =
      why === null ? FEW_WATCHES : `fs.watch was made to fail: the kernel allows no limits of our own (${why})`;
    if (why === null) this.#argv = withFewWatches(this.#argv);
    else this.#argv.splice(-2, 0, '--import', NO_WATCH);
  }

  get running(): boolean {
    return this.#child !== null && !this.#child.hasExited;
  }

  start(): void {
    const span: Life = { bornMs: Date.now(), startedMs: null, endedMs: null };
    this.spans.push(span);
    const child = new Child(this.#argv, { env: this.#env, cgroup: this.#cgroup });
    this.#child = child;
    this.#http = new Promise((resolve) => {
      this.#onHttp = resolve;
      void child.exited.then(() => {
        span.endedMs ??= Date.now();
        resolve(null);
      });
    });
    child.onLine((line) => this.#hear(line));
  }

  async kill(): Promise<void> {
    if (!this.running) return;
    const books = await this.readBooks();
    if (books !== null) this.books.push(books);
    this.killed += 1;
    this.#child?.kill();
    await this.#child?.exited;
  }

  /** SIGTERM; it has to end by itself with exit code 0, unless it came before anything was begun. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const span = this.spans.at(-1) as Life;
    span.endedMs = Date.now();
    await child.stop();
    if (child.ending.startsWith('SIGTERM') && span.startedMs === null) return;
    if (!child.ending.startsWith('exit code 0')) this.failures.push(child.ending);
  }

  /** Kills what runs, and undoes what was done to the machine. */
  async close(): Promise<void> {
    this.#child?.kill();
    await this.#child?.exited;
    await this.#cgroup?.remove();
  }

  /** The bytes that are not settled yet; null if it cannot be asked. */
  async unreadBytes(): Promise<number | null> {
    const text = await this.#metrics();
    return text === null ? null : Number(/^sleipnir_unread_bytes (\S+)$/m.exec(text)?.[1]);
  }

  /** The books as they stand; null if it cannot be asked. */
  async readBooks(): Promise<Books | null> {
    if (this.spans.at(-1)?.startedMs == null) return null;
    const text = await this.#metrics();
    return text === null ? null : booksIn(text);
  }

  async #metrics(): Promise<string | null> {
    const url = await this.#http;
    if (url === null || !this.running) return null;
    try {
      const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS) });
      return await response.text();
    } catch {
      return null;
    }
  }

  #hear(line: string): void {
    let said: LogLine;
    try {
      said = JSON.parse(line) as LogLine;
    } catch {
      return;
    }
    if (said.http !== undefined) {
      this.#onHttp(said.http);
      (this.spans.at(-1) as Life).startedMs = Date.now();
    }
    if (said.books !== undefined) this.books.push(said.books);
    if (said.code !== undefined) this.said.set(said.code, (this.said.get(said.code) ?? 0) + 1);
    if (said.code !== 'LOGS_LOST') return;
    this.countedLost += said.lines ?? 0;
    this.countedLostBytes += said.bytes ?? 0;
    for (const { reason, pod, bytes, lines, files } of said.pods ?? [])
      this.losses.push(`life ${this.spans.length}: ${lines} lines, ${bytes} bytes, ${files} files, ${reason} ${pod}`);
  }
}
