import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { readStart } from '../../bench/load/contender.js';
import { type Receiver, type ReceiverOptions, startReceiver } from '../../bench/receiver/server.js';

/** As `npm start` does: under other flags V8 does not take the bytecode that the build has kept. */
const START = readStart(join(import.meta.dirname, '../../..'));
/** A push of the collector that is the last must not have been waited for longer than this. */
const ARRIVAL_MS = 30_000;

/** A node's pods, a state directory and a Loki, for one test. */
export interface Stage {
  root: string;
  pods: string;
  stateDir: string;
  loki: Receiver;
  /** Starts a collector on it; `settings` are variables without their prefix. */
  start(settings?: Record<string, string>, launch?: Launch): CollectorProcess;
  /** Path of a container's log; its folder need not be there. */
  log(pod: string, name?: string): string;
  /** Resolves when so many different entries are stored. */
  stored(entries: number): Promise<void>;
}

/** How the process is started. */
export interface Launch {
  /** Options of Node. */
  nodeArgs?: string[];
  /** `ulimit -n` */
  maxOpenFiles?: number;
  /** Behind `run`. */
  args?: string[];
}

/** Everything of it ends with the test. */
export async function makeStage(t: TestContext, receiver: ReceiverOptions = {}): Promise<Stage> {
  const root = mkdtempSync(join(tmpdir(), 'main-'));
  const pods = join(root, 'pods');
  const stateDir = join(root, 'state');
  mkdirSync(pods);
  const loki = await startReceiver(receiver);
  const started: CollectorProcess[] = [];
  t.after(async () => {
    for (const collector of started) await collector.end('SIGKILL');
    await loki.close();
    rmSync(root, { recursive: true });
  });
  return {
    root,
    pods,
    stateDir,
    loki,
    start(settings = {}, launch = {}) {
      const env = {
        SLEIPNIR_PATHS: `${pods}/*/*/*.log`,
        SLEIPNIR_LOKI_URL: loki.pushUrl,
        SLEIPNIR_STATE_DIR: stateDir,
        SLEIPNIR_HTTP_ADDR: '127.0.0.1:0',
        SLEIPNIR_WORKERS: '1',
        SLEIPNIR_BATCH_WAIT: '50ms',
        SLEIPNIR_SHUTDOWN_TIMEOUT: '10s',
        ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`SLEIPNIR_${name}`, value])),
      };
      const collector = new CollectorProcess(env, launch);
      started.push(collector);
      return collector;
    },
    log: (pod, name = '0.log') => join(pods, `default_${pod}_uid`, 'app', name),
    stored: (entries) => loki.store.until((store) => store.entries >= entries, { timeoutMs: ARRIVAL_MS }),
  };
}

/** A line of a collector's own log. */
export interface LogLine {
  msg: string;
  code?: string;
  advice?: string;
  http?: string;
  logs?: number;
  lines?: number;
  signal?: string;
  pods?: unknown;
  damagedLines?: number;
}

/** `sleipnir run` in a process of its own. */
export class CollectorProcess {
  readonly lines: LogLine[] = [];
  /** Lines of its standard output that are not of its log. */
  readonly echoed: string[] = [];
  stderr = '';
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #process: ChildProcess;
  readonly #events = new EventEmitter<{ line: [] }>();

  constructor(env: Record<string, string>, { nodeArgs = [], maxOpenFiles, args: more = [] }: Launch) {
    const argv = [process.execPath, ...nodeArgs, ...START.args, ...more];
    const limited = ['sh', '-c', `ulimit -n ${maxOpenFiles}; exec "$@"`, 'sh', ...argv];
    const [file, ...args] = maxOpenFiles === undefined ? argv : limited;
    const child = spawn(file as string, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...START.env, ...env },
    });
    this.#process = child;
    this.#events.setMaxListeners(0);
    createInterface(child.stdout).on('line', (line) => {
      // What is no line of its log is an entry that was echoed.
      if (line.startsWith('{"level"')) this.lines.push(JSON.parse(line) as LogLine);
      else this.echoed.push(line);
      this.#events.emit('line');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    // Not before its output is read to the end.
    this.ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | NodeJS.Signals);
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** The first line of its log with this code or message, as soon as there is one. */
  async said(what: string): Promise<LogLine> {
    for (;;) {
      const line = this.saying(what)[0];
      if (line !== undefined) return line;
      const next = once(this.#events, 'line').then(() => 'line');
      if ((await Promise.race([next, this.ended])) !== 'line') {
        throw new Error(`ended without saying ${what}: ${JSON.stringify(this.lines)} ${this.stderr}`);
      }
    }
  }

  /** The first line of its standard output that is like this and not of its log. */
  async printed(isWanted: (line: string) => boolean): Promise<string> {
    for (;;) {
      const line = this.echoed.find(isWanted);
      if (line !== undefined) return line;
      await once(this.#events, 'line');
    }
  }

  /** All lines of its log so far with this code or message. */
  saying(what: string): LogLine[] {
    return this.lines.filter(({ code, msg }) => code === what || msg === what);
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  end(name: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.signal(name);
    return this.ended;
  }

  async get(path: string): Promise<Response> {
    const { http } = await this.said('started');
    return fetch(`${http}${path}`);
  }

  /** The value of a metric without labels. */
  async metric(name: string): Promise<number> {
    const text = await (await this.get('/metrics')).text();
    return Number(new RegExp(`^sleipnir_${name} (.*)$`, 'm').exec(text)?.[1]);
  }
}

/** A receiver besides that of the stage, and out of reach. */
export async function receiverDown(t: TestContext): Promise<Receiver> {
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  await receiver.down();
  return receiver;
}

/** A component of an Alloy file that pushes there, as `loki.write.<name>.receiver`. */
export function writeTo(name: string, url: string): string {
  return `loki.write "${name}" {
  endpoint {
    url        = "${url}"
    batch_wait = "50ms"
  }
}
`;
}

/** For what brings no event: files and metrics. Bounded by the timeout of the test. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

let stamps = 0;

/** A CRI line with a time of its own, a little later than that of the one before. */
export function criLine(content: string | Buffer): Buffer {
  stamps += 1;
  const seconds = new Date().toISOString().slice(0, 19);
  const head = `${seconds}.${String(stamps).padStart(9, '0')}Z stdout F `;
  return Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from('\n')]);
}

/** Appends to a log, whose folders are made if need be. */
export function append(path: string, contents: readonly string[]): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, Buffer.concat(contents.map((content) => criLine(content))));
}

/** Writes to a log all the time, until it is told to stop. */
export class Writer {
  readonly path: string;
  readonly contents: string[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #stops: () => void;

  /** @param linesAtOnce so many lines every 5 ms */
  constructor(t: TestContext, path: string, linesAtOnce: number) {
    this.path = path;
    this.#timer = setInterval(() => this.write(linesAtOnce), 5);
    this.#stops = () => clearInterval(this.#timer);
    t.after(this.#stops);
    this.write(linesAtOnce);
  }

  write(lines: number): void {
    const first = this.contents.length;
    const written = Array.from({ length: lines }, (_, index) => `line ${first + index} of ${this.path}`);
    append(this.path, written);
    this.contents.push(...written);
  }

  /** As the kubelet does; the runtime opens the new file with the next line. */
  rotate(stamp: string): void {
    renameSync(this.path, `${this.path}.${stamp}`);
  }

  stop(): void {
    this.#stops();
  }
}
