import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SleipnirError } from '../../src/errors.js';
import { PodClock } from './clock.js';
import { ContainerLog, type Written } from './container.js';
import { JobPods } from './jobs.js';
import { LinePool } from './lines.js';
import { namePods, type PodName, podFolder } from './names.js';
import { DEFAULTS, type NodeOptions, type NodeStats, type SimulatedNode } from './options.js';
import { Random } from './random.js';
import { Rotator } from './rotator.js';
import { Workload } from './workload.js';

export type { FileLife, Written } from './container.js';
export type { NodeOptions, NodeStats, SimulatedNode } from './options.js';

const TICK_MS = 10;
/** The share of the pod at rank r is proportional to r^-1.2: of 50 pods the first writes a third. */
const UNEVEN_EXPONENT = 1.2;

/**
 * Starts a simulated node: pods whose container logs are laid out, written and rotated as containerd and the kubelet
 * do it. It runs on the calling thread in short slices; at high rates give it a process or worker of its own.
 * Throws SleipnirError BENCH_POD_EXISTS when the root holds these very pods already, BENCH_LINE_BYTES when lines of
 * `lineBytes` have no room for their number.
 */
export async function startNode(options: NodeOptions): Promise<SimulatedNode> {
  const settings = { ...DEFAULTS, ...options };
  const pods = namePods(settings.pods, new Random(`${settings.seed}/node`));
  refuseExisting(settings.root, pods);
  return new RunningNode(settings, pods, new LinePool(settings));
}

class RunningNode implements SimulatedNode {
  readonly root: string;
  readonly done: Promise<void>;
  readonly #options: Required<NodeOptions>;
  readonly #random: Random;
  readonly #startedMs = performance.now();
  readonly #madeRoot: boolean;
  /** All there ever were. */
  readonly #logs: ContainerLog[] = [];
  readonly #workload: Workload;
  readonly #jobs: JobPods;
  readonly #rotator: Rotator;
  readonly #rotateTimer: NodeJS.Timeout | undefined;
  readonly #deletions = new Set<Promise<void>>();
  #restarts = 0;
  #stopping: Promise<void> | null = null;
  #failure: unknown = null;
  #settle = { resolve: () => {}, reject: (_: unknown) => {} };

  constructor(options: Required<NodeOptions>, pods: PodName[], pool: LinePool) {
    this.root = options.root;
    this.#options = options;
    this.#random = new Random(`${options.seed}/restarts`);
    this.#madeRoot = mkdirSync(options.root, { recursive: true }) !== undefined;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // `stop` throws it as well, so it is not lost when nobody waits here.
    this.done.catch(() => {});

    const random = (use: string) => new Random(`${options.seed}/${use}`);
    const fail = (error: unknown) => this.#fail(error);
    this.#rotator = new Rotator(options, random('rotator'), fail);
    this.#workload = new Workload(options, random('workload'), this.#startedMs, (log) => this.#rotateFull(log));
    const remove = (log: ContainerLog) => void this.#delete([log]).catch(fail);
    this.#jobs = new JobPods(options, pool, random('jobs'), this.#startedMs, remove);
    pods.forEach((pod, rank) => {
      this.#addPod(pod, pool, options.even ? 1 : (rank + 1) ** -UNEVEN_EXPONENT);
    });
    for (const log of this.#workload.logs) this.#workload.greet(log);
    if (options.rotateEveryMs > 0) {
      this.#rotateTimer = setInterval(() => void this.#rotateAll(), options.rotateEveryMs);
    }
    setImmediate(() => this.#tick());
  }

  written(): Written[] {
    return this.#logs.map((log) => log.written());
  }

  stats(): NodeStats {
    const sum = (of: (log: ContainerLog) => number) => this.#logs.reduce((total, log) => total + of(log), 0);
    const pods = (deleted: boolean) =>
      new Set(this.#logs.filter((log) => log.deleted === deleted).map((log) => log.pod));
    return {
      pods: pods(false).size,
      podsDeleted: pods(true).size,
      lines: sum((log) => log.lines),
      fileBytes: sum((log) => log.fileBytes),
      rotations: sum((log) => log.rotations),
      undoneRotations: this.#rotator.undone,
      restarts: sum((log) => log.restarts),
    };
  }

  async rotate(): Promise<void> {
    await this.#rotateAll();
    this.#throwFailure();
  }

  async restartPod(pod: string): Promise<void> {
    for (const log of this.#logsOf(pod)) {
      await log.rotating;
      this.#restart(log);
    }
  }

  async deletePod(pod: string): Promise<void> {
    await this.#delete(this.#logsOf(pod));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#rotateTimer);
    this.#jobs.stop();
    await this.#rotator.settle();
    await Promise.all(this.#deletions);
    for (const log of this.#logs) log.close();
    if (this.#options.clean) await this.#clean();
    this.#settle.resolve();
    this.#throwFailure();
  }

  #addPod(pod: PodName, pool: LinePool, share: number): void {
    const clock = new PodClock(this.#options.offsetMinutes);
    for (const name of pod.containers) {
      const log = new ContainerLog(this.root, pod, name, clock, pool);
      this.#logs.push(log);
      this.#workload.add(log, share);
    }
  }

  #tick(): void {
    if (this.#stopping !== null || this.#failure !== null) return;
    const { rateBytes, churnPerSecond } = this.#options;
    try {
      const nowMs = performance.now();
      this.#logs.push(...this.#jobs.advance(nowMs));
      this.#restartSome(nowMs);
      this.#workload.write(nowMs);
      if (this.#workload.isEmpty && churnPerSecond === 0) this.#settle.resolve();
    } catch (error) {
      this.#fail(error);
    }
    const again = () => this.#tick();
    if (rateBytes === 0 && !this.#workload.isEmpty) setImmediate(again);
    else setTimeout(again, TICK_MS);
  }

  #rotateFull(log: ContainerLog): void {
    const { rotateBytes } = this.#options;
    if (rotateBytes > 0 && log.liveBytes >= rotateBytes) void this.#rotator.request(log);
  }

  async #rotateAll(): Promise<void> {
    const due = this.#logs.filter((log) => log.running && log.liveBytes > 0);
    await Promise.all(due.map((log) => this.#rotator.request(log)));
  }

  #restartSome(nowMs: number): void {
    const due = Math.floor(((nowMs - this.#startedMs) / 1000) * this.#options.restartsPerSecond);
    for (; this.#restarts < due; this.#restarts++) {
      const free = this.#workload.logs.filter((log) => log.rotating === null);
      if (free.length > 0) this.#restart(this.#random.pick(free));
    }
  }

  #restart(log: ContainerLog): void {
    log.restart();
    this.#workload.greet(log);
  }

  #delete(logs: ContainerLog[]): Promise<void> {
    const deletion = this.#endAndDelete(logs).finally(() => this.#deletions.delete(deletion));
    this.#deletions.add(deletion);
    return deletion;
  }

  async #endAndDelete(logs: ContainerLog[]): Promise<void> {
    for (const log of logs) {
      this.#workload.remove(log.pod.uid);
      await log.rotating;
      log.close();
    }
    for (const log of logs) {
      await rm(join(this.root, podFolder(log.pod)), { recursive: true, force: true });
      log.wiped();
    }
  }

  async #clean(): Promise<void> {
    const folders = this.#logs.filter((log) => !log.deleted).map((log) => join(this.root, podFolder(log.pod)));
    for (const path of this.#madeRoot ? [this.root] : folders) await rm(path, { recursive: true, force: true });
  }

  #logsOf(pod: string): ContainerLog[] {
    const logs = this.#logs.filter((log) => log.running && log.pod.pod === pod);
    if (logs.length > 0) return logs;
    throw new SleipnirError('BENCH_NO_SUCH_POD', `no running pod is called ${pod}`, 'Take a name from written().');
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#settle.reject(error);
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

function refuseExisting(root: string, pods: PodName[]): void {
  const found = pods.map(podFolder).find((folder) => existsSync(join(root, folder)));
  if (found === undefined) return;
  const advice = 'Take an empty folder or another seed: running numbers would begin again in the same files.';
  throw new SleipnirError('BENCH_POD_EXISTS', `${found} exists already in ${root}`, advice);
}
