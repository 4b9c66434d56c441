import { once } from 'node:events';
import { resolve } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { formatDiagnostics } from '../config/alloy/diagnostics.js';
import type { Config } from '../config/config.js';
import { builtInLane } from '../lane.js';
import type { InspectedLine, InspectedLog, InspectJob } from '../protocol.js';
import { budgetOf, checkConfiguration, type LentWorker, type Loaded, withWorker } from './configuration.js';
import { exitCodes } from './exit-codes.js';
import { InspectText } from './inspect-text.js';
import type { Way } from './inspect-ways.js';
import { print } from './print.js';

export interface InspectOptions {
  json: boolean;
  skipUnsupported: boolean;
  /** Where the lines are supposed to come from; a path of a pod's log if not given. */
  path: string | null;
}

const SAMPLE_PATH = '/var/log/pods/default_sample_0000/app/0.log';

/**
 * `sleipnir inspect`: takes the lines of standard input through a configuration file, or through the built-in pipeline,
 * and prints what each stage does with them. Nothing is sent.
 *
 * @returns the exit code: 1 if the file has mistakes
 * @throws SleipnirError `PATH_UNWANTED` if the file reads no log of this path
 */
export function inspect({ config }: Loaded, options: InspectOptions): Promise<number> {
  return withWorker(config, budgetOf(config), async (worker) => {
    const { configPath: file } = config;
    const given = options.path === null ? null : resolve(options.path);
    if (file === null) {
      const path = given ?? SAMPLE_PATH;
      const { spec, format } = builtInLane(config);
      const way: Way = { name: 'built-in pipeline', pipeline: { kind: 'built-in', spec, format } };
      return run(worker, config, { path, ways: [way] }, options);
    }
    const checked = await checkConfiguration(file, options.skipUnsupported, worker);
    process.stderr.write(formatDiagnostics('plan' in checked ? checked.warnings : checked.diagnostics));
    if (!('plan' in checked)) return exitCodes.failed;
    const { waysFor } = await import('./inspect-ways.js');
    return run(worker, config, waysFor(checked.plan, given, SAMPLE_PATH, config.maxLineBytes), options);
  });
}

async function run(
  worker: LentWorker,
  { maxLineBytes }: Config,
  { path, ways }: { path: string; ways: Way[] },
  { json, path: given }: InspectOptions,
): Promise<number> {
  const names = ways.map(({ name }) => name);
  const colors = process.stdout.isTTY && process.stdout.hasColors();
  const text = new InspectText(names, colors);
  const pipelines = ways.map(({ pipeline }) => pipeline);
  const inspection = new Inspection(worker, { path, pipelines, maxLineBytes, readTimeMs: Date.now() });
  const logs = await inspection.logs();
  let isRead = await print(json ? jsonHead(path, names, logs) : text.head(path, given === null, logs));
  // Whoever types must be told that we wait.
  if (process.stdin.isTTY) process.stderr.write('reading lines from the terminal; Ctrl-D ends them\n');
  const show = (lines: InspectedLine[]): string =>
    lines.map((line) => (json ? jsonLine(names, line) : text.line(line))).join('');
  for await (const piece of process.stdin) {
    isRead = isRead && (await print(show(await inspection.add(piece))));
    if (!isRead) break;
  }
  const last = await inspection.end();
  if (isRead) await print(show(last));
  return exitCodes.ok;
}

/** An object a line, so that any amount of input can be read as it comes. */
function jsonHead(path: string, names: string[], logs: InspectedLog[]): string {
  return `${JSON.stringify({ path, ways: logs.map((log, index) => ({ way: names[index], ...log })) })}\n`;
}

function jsonLine(names: string[], { passes, ...line }: InspectedLine): string {
  const ways = passes.map((each, index) => ({ way: names[index], passes: each }));
  return `${JSON.stringify({ ...line, ways })}\n`;
}

/** The conversation with the worker: one piece of input after the other, each answered before the next. */
class Inspection {
  readonly #port: MessagePort;
  readonly #logs: Promise<InspectedLog[]>;
  readonly #ended: Promise<void>;
  /** Fires when the worker has failed, which then answers no more. */
  readonly #failed = new AbortController();

  constructor(worker: LentWorker, job: Omit<InspectJob, 'port'>) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#logs = this.#answer();
    this.#ended = worker().inspect({ ...job, port: port2 });
    this.#ended.catch((error: unknown) => this.#failed.abort(error));
  }

  logs(): Promise<InspectedLog[]> {
    return this.#logs;
  }

  add(piece: Uint8Array): Promise<InspectedLine[]> {
    const answer = this.#answer<InspectedLine[]>();
    this.#port.postMessage(piece);
    return answer;
  }

  async end(): Promise<InspectedLine[]> {
    const answer = this.#answer<InspectedLine[]>();
    this.#port.postMessage(null);
    const last = await answer;
    await this.#ended;
    this.#port.close();
    return last;
  }

  async #answer<T>(): Promise<T> {
    const { signal } = this.#failed;
    try {
      const [answer]: [T] = await (once(this.#port, 'message', { signal }) as Promise<[T]>);
      return answer;
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  }
}
