/**
 * What starting one more worker costs (70 ms of CPU, 10 MiB) is worth it for so much work for each of those there are, in
 * milliseconds of CPU: where others keep us from the CPU, one more worker is no help.
 */
const WORTH_CPU_MS = 2_500;
/** Or when jobs have waited so long, whatever they wait for. */
const WORTH_MS = 10_000;
/** How long jobs wait before it is asked how much work there is: then the speed is known. */
const LOOK_MS = 200;
/** With less, what V8 takes to optimise the code counts for more than the work: up to twice as much. */
const TELLING_BYTES = 8 * 2 ** 20;

export interface CrewOptions {
  most: number;
  /** What is on disk and not settled, in bytes. */
  backlogBytes: () => number;
  /** One more worker is to be started, or it has become clear that one fewer will do. */
  onSize: (workers: number) => void;
  /** Milliseconds, from any origin. */
  now?: () => number;
  /** CPU time of the process, in milliseconds. */
  cpuMs?: () => number;
}

/**
 * Decides how many workers there are. One does on most nodes, where jobs wait for each other for a moment only; another
 * one comes when jobs have waited, no worker has been idle since, and there is work for long.
 */
export class Crew {
  readonly #options: CrewOptions;
  readonly #now: () => number;
  readonly #cpuMs: () => number;
  #size = 1;
  #jobs = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Since there are so many workers, jobs have waited for them, and none of them has been idle. */
  #sinceMs = 0;
  #sinceCpuMs = 0;
  /** What was read since the first job came back: the time before says how long a worker takes to start. */
  #bytes = 0;
  #readingSinceCpuMs: number | null = null;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#cpuMs = options.cpuMs ?? cpuMsOfProcess;
  }

  /** A job is handed to the workers. */
  enter(): void {
    this.#jobs += 1;
    this.#review();
  }

  /** A job has come back. */
  leave(): void {
    this.#jobs -= 1;
    this.#review();
  }

  /** A job has read so many bytes of logs. */
  read(bytes: number): void {
    if (this.#readingSinceCpuMs === null) this.#readingSinceCpuMs = this.#cpuMs();
    else this.#bytes += bytes;
  }

  /** A worker has ended. */
  lose(): void {
    this.#rest();
    if (this.#size > 1) this.#become(this.#size - 1);
    this.#review();
  }

  #become(size: number): void {
    this.#size = size;
    this.#options.onSize(size);
  }

  #review(): void {
    if (this.#jobs < this.#size || this.#size >= this.#options.most) return this.#rest();
    if (this.#timer !== null || this.#jobs === this.#size) return;
    this.#sinceMs = this.#now();
    this.#sinceCpuMs = this.#cpuMs();
    this.#bytes = 0;
    this.#readingSinceCpuMs = null;
    this.#lookLater();
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => this.#look(), LOOK_MS).unref();
  }

  #rest(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const cpuMs = this.#cpuMs();
    const workMs = cpuMs - this.#sinceCpuMs + this.#restMs(cpuMs);
    const waitedMs = this.#now() - this.#sinceMs;
    const worth = workMs >= WORTH_CPU_MS * this.#size || waitedMs >= WORTH_MS;
    if (!worth || this.#jobs === this.#size) return this.#lookLater();
    this.#timer = null;
    this.#become(this.#size + 1);
    this.#review();
  }

  /** How much CPU the backlog will take; 0 where that is not known. */
  #restMs(cpuMs: number): number {
    if (this.#readingSinceCpuMs === null || this.#bytes < TELLING_BYTES) return 0;
    return ((cpuMs - this.#readingSinceCpuMs) / this.#bytes) * this.#options.backlogBytes();
  }
}

function cpuMsOfProcess(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
