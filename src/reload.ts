import { ConfigMistakes, type LoadedLanes } from './config/lanes.js';
import { watchFiles } from './config/watch.js';
import { SleipnirError } from './errors.js';
import type { Log } from './telemetry/log.js';

export interface ReloaderOptions {
  /** Reads and checks the configuration anew. Throws ConfigMistakes. */
  load(): Promise<LoadedLanes>;
  /** Has it take over. */
  use(loaded: LoadedLanes): Promise<void>;
  /** Whether the configuration that was read last is in use. */
  onOutcome(ok: boolean): void;
  log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Whether a change of its files is enough to take it over. */
  watch: boolean;
}

/** What became of a request to reload. */
export interface Reloaded {
  ok: boolean;
  message: string;
}

/**
 * Takes over changed configurations, one at a time: checked first, and a bad one leaves the old one running. Whoever
 * asks while one is being taken over gets the outcome of the next.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #watch: ReturnType<typeof watchFiles> | null;
  #running: Promise<Reloaded> | null = null;
  #next: Promise<Reloaded> | null = null;
  #stopped = false;

  /** @param files of the configuration in use; none: there is nothing to read anew */
  constructor(files: readonly string[], options: ReloaderOptions) {
    this.#options = options;
    this.#watch = options.watch && files.length > 0 ? watchFiles(() => void this.reload('the file has changed')) : null;
    this.#watch?.files(files);
  }

  reload(why: string): Promise<Reloaded> {
    if (this.#next !== null) return this.#next;
    if (this.#running === null) {
      this.#running = this.#reload(why).finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next = this.#running.then(() => {
      this.#next = null;
      return this.reload(why);
    });
    return this.#next;
  }

  /** No further configuration is taken over; waits for one that is just now. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.stop();
    await this.#running;
  }

  async #reload(why: string): Promise<Reloaded> {
    if (this.#stopped) return { ok: false, message: 'ending' };
    const { load, use, onOutcome, log } = this.#options;
    try {
      const loaded = await load();
      for (const warning of loaded.warnings) log.warn(warning);
      await use(loaded);
      this.#watch?.files(loaded.files);
      onOutcome(true);
      log.info({ why, ways: loaded.lanes.map(({ id }) => id) }, 'configuration taken over');
      return { ok: true, message: 'configuration taken over' };
    } catch (error) {
      if (!(error instanceof SleipnirError)) throw error;
      onOutcome(false);
      const { code, message, advice } = error;
      if (error instanceof ConfigMistakes) {
        this.#watch?.files(error.files);
        log.error({ code, why, advice }, `the old configuration goes on running: ${message}`);
      } else {
        log.error({ code, why, advice }, `the configuration is taken over in part: ${message}`);
      }
      return { ok: false, message };
    }
  }
}
