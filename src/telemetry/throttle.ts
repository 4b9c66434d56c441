/** One repeated condition is written at once, then at most this often, with the count of what was held back. */
const INTERVAL_MS = 60_000;

interface Condition {
  lastMs: number;
  heldBack: number;
  write: (times: number) => void;
}

/**
 * Keeps a condition that repeats from flooding the log. What is held back is not forgotten: `flush` writes it once the
 * interval is over, also when the condition has stopped by then.
 */
export class Throttle {
  readonly #nowMs: () => number;
  readonly #conditions = new Map<string, Condition>();

  /** @param nowMs a monotonic clock in milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Calls `write` now, with how often the condition has come since it was last written, or leaves it to a later call. */
  report(key: string, write: (times: number) => void): void {
    const nowMs = this.#nowMs();
    const known = this.#conditions.get(key);
    if (known === undefined) {
      this.#conditions.set(key, { lastMs: nowMs, heldBack: 0, write });
      write(1);
      return;
    }
    known.heldBack++;
    known.write = write;
    if (nowMs - known.lastMs >= INTERVAL_MS) writeHeldBack(known, nowMs);
  }

  /**
   * Writes what has been held back for the interval, and forgets conditions that have not come again in it.
   * @param everything also what is younger, for the end of the process.
   */
  flush(everything = false): void {
    const nowMs = this.#nowMs();
    for (const [key, condition] of this.#conditions) {
      if (!everything && nowMs - condition.lastMs < INTERVAL_MS) continue;
      if (condition.heldBack > 0) writeHeldBack(condition, nowMs);
      else this.#conditions.delete(key);
    }
  }
}

function writeHeldBack(condition: Condition, nowMs: number): void {
  const times = condition.heldBack;
  condition.heldBack = 0;
  condition.lastMs = nowMs;
  condition.write(times);
}
