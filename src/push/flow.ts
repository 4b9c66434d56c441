import type { BackoffOptions } from './backoff.js';
import { backoffMs } from './backoff.js';

/** A request's ticket: tells whether its answer is news about the endpoint. */
export type Wave = number;

/**
 * How much an endpoint is trusted with. In order: `maxInFlight` at a time. One failure among successes is chance, such
 * as a connection reset or one bad server of many, and holds up nobody else. When the next one fails as well, the
 * endpoint is in trouble: a pause that grows with each failed try, then one probe at a time; each push that gets through
 * doubles what is allowed.
 */
export class Flow {
  readonly #maxInFlight: number;
  readonly #backoff: BackoffOptions;
  readonly #random: () => number;
  #allowed: number;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** The last answer was a failure that may be chance. */
  #doubted = false;
  #wave: Wave = 0;

  constructor(maxInFlight: number, backoff: BackoffOptions, random: () => number) {
    this.#maxInFlight = maxInFlight;
    this.#allowed = maxInFlight;
    this.#backoff = backoff;
    this.#random = random;
  }

  get allowed(): number {
    return this.#allowed;
  }

  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  get probing(): boolean {
    return this.#allowed === 1 && this.#failures > 0;
  }

  get wave(): Wave {
    return this.#wave;
  }

  /** A request of `wave` got an answer that shows the endpoint at work. */
  worked(wave: Wave): void {
    if (wave !== this.#wave) return;
    this.#failures = 0;
    this.#doubted = false;
    this.#allowed = Math.min(this.#maxInFlight, this.#allowed * 2);
  }

  /**
   * A request of `wave` met with endpoint-wide trouble. Of many that fail together only the first counts.
   * @param mayBeChance no answer that was meant for every push, such as a limit
   * @returns whether others get through, so that the trouble may be that of the request alone
   */
  failed(wave: Wave, nowMs: number, retryAfterMs: number | null, mayBeChance: boolean): boolean {
    if (retryAfterMs !== null) this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + retryAfterMs);
    if (wave !== this.#wave) return false;
    if (mayBeChance && retryAfterMs === null && this.#failures === 0 && !this.#doubted) {
      this.#doubted = true;
      return true;
    }
    this.#wave++;
    this.#failures++;
    this.#allowed = 1;
    const untilMs = nowMs + backoffMs(this.#failures, this.#backoff, this.#random);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    return false;
  }
}
