/** Time as the sender sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds from any origin, never going back. */
  now(): number;
  /** Calls `fn` once after `ms` milliseconds. Returns what calls it off. */
  after(ms: number, fn: () => void): () => void;
}

/** setTimeout counts in 32 bits; a longer wait would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, Math.min(ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};
