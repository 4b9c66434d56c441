/** One series and its sum. */
export interface Sum<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  value: number;
}

/** Sums by labels, kept as plain numbers until a scrape asks for them. */
export class Tally<L extends string> {
  readonly #sums = new Map<string, Sum<L>>();

  get sums(): Iterable<Sum<L>> {
    return this.#sums.values();
  }

  add(labels: Record<L, string>, by: number): void {
    const key = JSON.stringify(labels);
    const sum = this.#sums.get(key);
    if (sum === undefined) this.#sums.set(key, { labels, value: by });
    else sum.value += by;
  }
}

/** Loki answers in milliseconds when well; 10 s is what a push waits before it counts as unanswered. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How long pushes took, as a histogram. */
export class Durations {
  /** Upper bounds of the buckets, in seconds; there is one more for what is beyond. */
  readonly bounds: readonly number[] = BOUNDS;
  /** Observed in each bucket alone. */
  readonly buckets: number[] = new Array<number>(BOUNDS.length + 1).fill(0);
  seconds = 0;
  count = 0;

  observe(seconds: number): void {
    const index = this.bounds.findIndex((bound) => seconds <= bound);
    const bucket = index === -1 ? this.bounds.length : index;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.seconds += seconds;
    this.count += 1;
  }
}
