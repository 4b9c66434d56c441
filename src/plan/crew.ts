/** What starting one more worker costs (70 ms of CPU, 10 MiB) is worth it for work that lasts so long. */
const WORTH_MS = 3_000;
/** How long jobs wait before it is asked how long the work will last: then the speed is known. */
const LOOK_MS = 200;

export interface CrewOptions {
  most: number;
  /** What is on disk and not settled, in bytes. */
  backlogBytes: () => number;
  /** One more worker is to be started, or it has become clear that one fewer will do. */
  onSize: (workers: number) => void;
  /** Milliseconds, from any origin. */
  now?: () => number;
}

/**
 * Decides how many workers there are. One does on most nodes, where jobs wait for each other for a moment only; another
 * one comes when jobs have waited without a gap, and there is work for long.
 */
export class Crew {
  readonly #options: CrewOptions;
  readonly #now: () => number;
  #size = 1;
  #jobs = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Since there are so many workers and jobs have waited for them without a gap. */
  #sinceMs = 0;
  /** What was read since the first job came back: the time before says how long a worker takes to start. */
  #bytes = 0;
  #readingSinceMs: number | null = null;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get size(): number {
    return this.#size;
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
    if (this.#readingSinceMs === null) this.#readingSinceMs = this.#now();
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
    const waiting = this.#jobs > this.#size && this.#size < this.#options.most;
    if (!waiting) return this.#rest();
    if (this.#timer !== null) return;
    this.#sinceMs = this.#now();
    this.#bytes = 0;
    this.#readingSinceMs = null;
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
    if (this.#now() - this.#sinceMs + this.#restMs() < WORTH_MS) return this.#lookLater();
    this.#timer = null;
    this.#become(this.#size + 1);
    this.#review();
  }

  /** How long the backlog will take; 0 where that is not known. */
  #restMs(): number {
    if (this.#readingSinceMs === null || this.#bytes === 0) return 0;
    return ((this.#now() - this.#readingSinceMs) / this.#bytes) * this.#options.backlogBytes();
  }
}
