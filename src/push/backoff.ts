/** How the wait before a repeat grows. */
export interface BackoffOptions {
  /** The first wait, in milliseconds. */
  minMs: number;
  /** What no wait exceeds, in milliseconds. */
  maxMs: number;
}

export const DEFAULT_BACKOFF: BackoffOptions = { minMs: 500, maxMs: 30_000 };

/** A server that asks for more than this is asked again all the same. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * How long to wait before repeat number `attempt` (from 1), in milliseconds: between half and the whole of
 * minMs * 2^(attempt-1), capped at maxMs, so that collectors refused together do not come back together.
 * @param random gives numbers in [0, 1)
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: () => number = Math.random): number {
  const ceiling = Math.min(options.maxMs, options.minMs * 2 ** Math.max(0, attempt - 1));
  return (ceiling / 2) * (1 + random());
}

/**
 * Reads a Retry-After header (RFC 9110, section 10.2.3): seconds or an HTTP date.
 * @returns milliseconds from `nowMs` (milliseconds since the epoch), or null if there is none that can be read
 */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  if (Number.isNaN(waitMs)) return null;
  return Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS);
}
