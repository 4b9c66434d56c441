import type { Metric, Registry } from 'prom-client';
import type { MetricDelta, MetricSpec, PipelineDelta, SeriesDelta } from '../pipeline.js';

/** The value of one series so far. */
interface Series {
  labels: Record<string, string>;
  value: number;
  count: number;
  buckets: number[];
  /** Dropped at the first scrape after it has rested for so long. */
  maxIdleMs: number;
  changedAtMs: number;
}

/** All series of one name, as the registry asks for them. */
interface Family {
  name: string;
  help: string;
  type: MetricSpec['type'];
  /** Upper bounds of a histogram. */
  bounds: readonly number[];
  series: Map<string, Series>;
}

interface Value {
  metricName?: string;
  labels: Record<string, string | number>;
  value: number;
}

const HELP: Readonly<Record<string, string>> = {
  loki_process_dropped_lines_total: 'Entries that a stage has dropped.',
};

/**
 * The metrics of stages, under Alloy's names: what `stage.metrics` defines, and what stages count of themselves. The
 * registry's own classes want every label name beforehand; here each series brings the labels of its stream.
 */
export class StageMetrics {
  readonly #nowMs: () => number;
  readonly #families = new Map<string, Family>();

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** Adds what was counted. Of metrics that share a name the first decides what kind it is; others are left out. */
  add({ counters, metrics }: PipelineDelta): void {
    for (const { component, name, labels, add } of counters) {
      const family = this.#family(name, HELP[name] ?? 'Counted by a stage.', 'counter', []);
      const series = this.#series(family, component, labels, Number.POSITIVE_INFINITY);
      series.value += add;
    }
    for (const metric of metrics) this.#addMetric(metric);
  }

  /** Has a registry show what there is by now; a name that it knows already keeps its meaning. */
  showIn(registry: Registry): void {
    for (const family of this.#families.values()) {
      const { name, help, type, series } = family;
      if (registry.getSingleMetric(name) !== undefined) continue;
      const get = async () => {
        this.#expire(family);
        return { name, help, type, values: [...series.values()].flatMap((each) => valuesOf(family, each)) };
      };
      // The registry needs no more of a metric than this; the type is that of its own classes.
      registry.registerMetric({ name, get, reset: () => series.clear() } as unknown as Metric);
    }
  }

  #addMetric({ component, spec, series: deltas }: MetricDelta): void {
    const { name, prefix, description, type, maxIdleDurationMs } = spec;
    const bounds = spec.type === 'histogram' ? spec.buckets : [];
    const family = this.#family(prefix + name, description || name, type, bounds);
    if (family.type !== type || family.bounds.length !== bounds.length) return;
    for (const delta of deltas) apply(this.#series(family, component, delta.labels, maxIdleDurationMs), delta);
  }

  #family(name: string, help: string, type: Family['type'], bounds: readonly number[]): Family {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    const family: Family = { name, help, type, bounds, series: new Map() };
    this.#families.set(name, family);
    return family;
  }

  #series(family: Family, component: string, labels: readonly [string, string][], maxIdleMs: number): Series {
    const all = [...labels, ['component_id', component]] as [string, string][];
    const key = JSON.stringify(all);
    let series = family.series.get(key);
    if (series === undefined) {
      const buckets = new Array<number>(family.type === 'histogram' ? family.bounds.length + 1 : 0).fill(0);
      series = { labels: Object.fromEntries(all), value: 0, count: 0, buckets, maxIdleMs, changedAtMs: 0 };
      family.series.set(key, series);
    }
    series.changedAtMs = this.#nowMs();
    return series;
  }

  #expire({ series }: Family): void {
    const nowMs = this.#nowMs();
    for (const [key, { maxIdleMs, changedAtMs }] of series) {
      if (nowMs - changedAtMs >= maxIdleMs) series.delete(key);
    }
  }
}

function apply(series: Series, { set, add, count, buckets }: SeriesDelta): void {
  series.value = (set ?? series.value) + add;
  series.count += count;
  for (const [index, observed] of buckets.entries()) series.buckets[index] = (series.buckets[index] ?? 0) + observed;
}

function valuesOf(family: Family, series: Series): Value[] {
  return family.type === 'histogram'
    ? histogramValues(family, series)
    : [{ labels: series.labels, value: series.value }];
}

/** The samples of a histogram, whose `buckets` hold what was observed in each alone and `value` the sum of all. */
export function histogramValues(
  { name, bounds }: Pick<Family, 'name' | 'bounds'>,
  { labels, value, count, buckets }: Pick<Series, 'labels' | 'value' | 'count' | 'buckets'>,
): Value[] {
  let below = 0;
  const values: Value[] = buckets.map((observed, index) => {
    below += observed;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: below };
  });
  values.push({ metricName: `${name}_sum`, labels, value }, { metricName: `${name}_count`, labels, value: count });
  return values;
}
