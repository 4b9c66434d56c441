import type { MetricDelta, PipelineDelta, SeriesDelta } from '../../src/pipeline.js';

type Counter = PipelineDelta['counters'][number];

/** Adds up what slices have counted. */
export class DeltaSum {
  readonly #counters = new Map<string, Counter>();
  readonly #metrics = new Map<string, MetricDelta & { byLabels: Map<string, SeriesDelta> }>();

  add({ counters, metrics }: PipelineDelta): void {
    for (const counter of counters) this.#addCounter(counter);
    for (const metric of metrics) this.#addMetric(metric);
  }

  /** The sum since the last time; null if nothing was counted. */
  take(): PipelineDelta | null {
    if (this.#counters.size === 0 && this.#metrics.size === 0) return null;
    const counters = [...this.#counters.values()];
    const metrics = [...this.#metrics.values()].map(({ component, spec, byLabels }) => {
      return { component, spec, series: [...byLabels.values()] };
    });
    this.#counters.clear();
    this.#metrics.clear();
    return { counters, metrics };
  }

  #addCounter(counter: Counter): void {
    const key = JSON.stringify([counter.component, counter.name, counter.labels]);
    const sum = this.#counters.get(key);
    if (sum === undefined) this.#counters.set(key, { ...counter });
    else sum.add += counter.add;
  }

  #addMetric({ component, spec, series }: MetricDelta): void {
    const key = JSON.stringify([component, spec]);
    let sum = this.#metrics.get(key);
    if (sum === undefined) {
      sum = { component, spec, series: [], byLabels: new Map() };
      this.#metrics.set(key, sum);
    }
    for (const one of series) {
      const labels = JSON.stringify(one.labels);
      const known = sum.byLabels.get(labels);
      if (known === undefined) sum.byLabels.set(labels, { ...one, buckets: [...one.buckets] });
      else addSeries(known, one);
    }
  }
}

function addSeries(sum: SeriesDelta, { set, add, count, buckets }: SeriesDelta): void {
  if (set !== null) sum.set = set;
  sum.add = set === null ? sum.add + add : add;
  sum.count += count;
  for (const [i, bucket] of buckets.entries()) sum.buckets[i] = (sum.buckets[i] ?? 0) + bucket;
}
