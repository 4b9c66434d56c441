import { PodClock } from './clock.js';
import { ContainerLog } from './container.js';
import type { LinePool } from './lines.js';
import { nameJobPod } from './names.js';
import type { Random } from './random.js';

export interface JobOptions {
  /** The pods folder. */
  root: string;
  /** Pods that start in a second. */
  churnPerSecond: number;
  lifeMs: number;
  /** From the end of the pod to the deletion of its folder. */
  lingerMs: number;
  /** Lines of each pod, spread evenly over its life. */
  jobLines: number;
  offsetMinutes: number;
}

interface Job {
  log: ContainerLog;
  startedMs: number;
}

/** Pods that come, write a few lines, go, and are deleted with their folder soon after. */
export class JobPods {
  readonly #pool: LinePool;
  readonly #random: Random;
  readonly #options: JobOptions;
  readonly #remove: (log: ContainerLog) => void;
  readonly #startedMs: number;
  #running: Job[] = [];
  #ended: { log: ContainerLog; endedMs: number }[] = [];
  #count = 0;

  /** `remove` deletes the folder of a pod that has ended. */
  constructor(options: JobOptions, pool: LinePool, random: Random, nowMs: number, remove: (log: ContainerLog) => void) {
    this.#pool = pool;
    this.#random = random;
    this.#options = options;
    this.#remove = remove;
    this.#startedMs = nowMs;
  }

  /** Does what is due at `nowMs` (of a clock that only goes forward); returns the logs that are new. */
  advance(nowMs: number): ContainerLog[] {
    const due = Math.floor(((nowMs - this.#startedMs) / 1000) * this.#options.churnPerSecond);
    const born: ContainerLog[] = [];
    for (; this.#count < due; this.#count++) born.push(this.#start(nowMs));
    this.#running = this.#running.filter((job) => !this.#write(job, nowMs));
    const isOver = (endedMs: number) => nowMs - endedMs >= this.#options.lingerMs;
    for (const { log, endedMs } of this.#ended) if (isOver(endedMs)) this.#remove(log);
    this.#ended = this.#ended.filter(({ endedMs }) => !isOver(endedMs));
    return born;
  }

  /** Ends every pod that runs; their folders stay. */
  stop(): void {
    for (const { log } of this.#running) log.close();
    this.#running = [];
    this.#ended = [];
  }

  #start(nowMs: number): ContainerLog {
    const pod = nameJobPod(this.#count, this.#random);
    const { root, offsetMinutes } = this.#options;
    const log = new ContainerLog(root, pod, pod.containers[0]!, new PodClock(offsetMinutes), this.#pool);
    this.#running.push({ log, startedMs: nowMs });
    return log;
  }

  /** Writes the lines that are due; returns whether the pod has ended with them. */
  #write(job: Job, nowMs: number): boolean {
    const { lifeMs, jobLines } = this.#options;
    const share = Math.min(1, (nowMs - job.startedMs) / lifeMs);
    while (job.log.lines < Math.floor(share * jobLines)) job.log.write(1);
    if (share < 1) return false;
    job.log.close();
    this.#ended.push({ log: job.log, endedMs: nowMs });
    return true;
  }
}
