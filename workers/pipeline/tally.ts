import type { MetricDelta, MetricSpec, PipelineDelta, SeriesDelta } from '../../src/pipeline.js';
import type { Dropped } from '../../src/protocol.js';
import type { LabelSet } from './labels.js';

/** What one custom metric has counted since the last `take`. */
export class MetricTally {
  readonly spec: MetricSpec;
  readonly #bySet = new Map<LabelSet, SeriesDelta>();

  constructor(spec: MetricSpec) {
    this.spec = spec;
  }

  /** The series of these labels. Those that begin with `__` are no labels of metrics. */
  series(labels: LabelSet): SeriesDelta {
    let series = this.#bySet.get(labels);
    if (series === undefined) {
      const pairs = [...labels.labels].filter(([name]) => !name.startsWith('__')).sort(([a], [b]) => (a < b ? -1 : 1));
      series = { labels: pairs, set: null, add: 0, count: 0, buckets: [] };
      if (this.spec.type === 'histogram') series.buckets = new Array(this.spec.buckets.length + 1).fill(0);
      this.#bySet.set(labels, series);
    }
    return series;
  }

  take(): SeriesDelta[] {
    const series = [...this.#bySet.values()];
    this.#bySet.clear();
    return series;
  }
}

/** Counts what the stages of one component count. */
export class Tally {
  readonly #component: string;
  readonly #counts: boolean;
  readonly #counters = new Map<string, PipelineDelta['counters'][number]>();
  /** Those of dropped lines, by reason. */
  readonly #drops = new Map<string, PipelineDelta['counters'][number]>();
  /** Those that no metric of Alloy's counts. */
  readonly #silentDrops = new Map<string, number>();
  readonly #metrics: MetricTally[] = [];

  constructor(component: string, counts: boolean) {
    this.#component = component;
    this.#counts = counts;
  }

  /** Counts in a metric of Alloy's name `name`. */
  count(name: string, add: number, ...labels: [string, string][]): void {
    this.#counter(name, labels).add += add;
  }

  /** An entry was dropped, and Alloy's metric of dropped lines counts it. */
  dropped(reason: string): void {
    let counter = this.#drops.get(reason);
    if (counter === undefined) {
      counter = this.#counter('loki_process_dropped_lines_total', [['reason', reason]]);
      this.#drops.set(reason, counter);
    }
    counter.add++;
  }

  /** An entry was dropped as Alloy drops it: without a word in its metrics. */
  droppedSilently(reason: string): void {
    this.#silentDrops.set(reason, (this.#silentDrops.get(reason) ?? 0) + 1);
  }

  /** All that was dropped since the last `take`, by reason. */
  get drops(): Dropped[] {
    if (this.#drops.size + this.#silentDrops.size === 0) return [];
    return [...[...this.#drops].map(([reason, { add }]): Dropped => [reason, add]), ...this.#silentDrops];
  }

  #counter(name: string, labels: [string, string][]): PipelineDelta['counters'][number] {
    const key = `${name}\u0000${labels.join('\u0000')}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = { component: this.#component, name, labels, add: 0 };
      this.#counters.set(key, counter);
    }
    return counter;
  }

  metric(spec: MetricSpec): MetricTally {
    const tally = new MetricTally(spec);
    this.#metrics.push(tally);
    return tally;
  }

  /** Adds what was counted since the last time to `delta`. */
  take(delta: PipelineDelta): void {
    this.#silentDrops.clear();
    if (this.#counters.size === 0 && this.#metrics.length === 0) return;
    const counters = [...this.#counters.values()];
    this.#counters.clear();
    this.#drops.clear();
    const metrics = this.#metrics.map(({ spec }, i): MetricDelta => {
      return { component: this.#component, spec, series: this.#metrics[i]!.take() };
    });
    if (!this.#counts) return;
    delta.counters.push(...counters);
    delta.metrics.push(...metrics.filter(({ series }) => series.length > 0));
  }
}
