/** Buckets of one power of two: neighbouring bounds differ by 4.4 %. */
const PER_DOUBLING = 16;

/** A histogram of milliseconds as it travels: the upper bound of each bucket that is not empty, and its count. */
export interface LatencyReport {
  buckets: [upToMs: number, count: number][];
  maxMs: number;
}

/** Counts how long entries were under way, from their timestamp to where they are taken, in 4.4 % steps from 1 ms. */
export class LatencyHistogram {
  #counts: number[] = [];
  maxMs = 0;

  /** Below zero counts as zero: the clocks of two processes differ by less than a step. */
  add(ms: number): void {
    const bucket = ms <= 1 ? 0 : Math.ceil(Math.log2(ms) * PER_DOUBLING);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  merge(other: LatencyHistogram): void {
    other.#counts.forEach((count, bucket) => {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    });
    this.maxMs = Math.max(this.maxMs, other.maxMs);
  }

  report(): LatencyReport {
    const buckets: [number, number][] = [];
    this.#counts.forEach((count, bucket) => {
      buckets.push([2 ** (bucket / PER_DOUBLING), count]);
    });
    return { buckets, maxMs: this.maxMs };
  }
}

/**
 * The latency that the share `quantile` of all entries does not exceed, in milliseconds, at most a step too high;
 * null if there is no entry.
 */
export function quantileMs({ buckets, maxMs }: LatencyReport, quantile: number): number | null {
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let rest = Math.ceil(total * quantile);
  for (const [upToMs, count] of buckets) {
    rest -= count;
    if (rest <= 0) return Math.min(upToMs, maxMs);
  }
  return null;
}

/** What came between two reports of the same receiver. Its `maxMs` is the bound of the highest bucket. */
export function since(before: LatencyReport, after: LatencyReport): LatencyReport {
  const known = new Map(before.buckets);
  const buckets = after.buckets
    .map(([upToMs, count]): [number, number] => [upToMs, count - (known.get(upToMs) ?? 0)])
    .filter(([, count]) => count > 0);
  return { buckets, maxMs: Math.min(after.maxMs, buckets.at(-1)?.[0] ?? 0) };
}
