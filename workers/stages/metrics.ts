import { parseGoDuration } from '../../src/go-duration.js';
import type { CounterMetric, GaugeMetric, HistogramMetric, MetricSpec, MetricsStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';
import type { MetricTally } from '../pipeline/tally.js';
import type { Value } from '../pipeline/values.js';
import { parseFloat64 } from './go/numbers.js';
import { extractedKeys } from './input.js';

export function accessMetrics({ metrics }: MetricsStage): Access {
  const lines = metrics.some((metric) => metric.type === 'counter' && metric.countEntryBytes);
  const reads = ['l:*', ...extractedKeys(metrics.map(({ source }) => source)), ...(lines ? ['line'] : [])];
  return { reads, writes: [], pure: false };
}

/** The value as a number: a number, a truth value, a number in text, or a Go duration in seconds. */
function numberOf(value: Value): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null) return null;
  const number = parseFloat64(value);
  if (number !== null) return number;
  const ms = parseGoDuration(value);
  return ms === null ? null : ms / 1000;
}

type Update = (entry: Entry, value: Value | undefined) => void;

function counter({ action, matchAll, countEntryBytes }: CounterMetric, tally: MetricTally): Update {
  return (entry, value) => {
    if (matchAll) {
      tally.series(entry.labels).add += countEntryBytes ? entry.lineBytes : 1;
      return;
    }
    if (value === undefined) return;
    const add = action === 'inc' ? 1 : numberOf(value);
    // A counter never falls; nor does it tell anything from a number that is none.
    if (add !== null && add >= 0) tally.series(entry.labels).add += add;
  };
}

function gauge({ action }: GaugeMetric, tally: MetricTally): Update {
  return (entry, value) => {
    if (value === undefined) return;
    const counts = action === 'inc' || action === 'dec';
    const number = counts ? 1 : numberOf(value);
    if (number === null) return;
    const series = tally.series(entry.labels);
    if (action === 'set') {
      series.set = number;
      series.add = 0;
    } else series.add += action === 'inc' || action === 'add' ? number : -number;
  };
}

function histogram({ buckets }: HistogramMetric, tally: MetricTally): Update {
  return (entry, value) => {
    const number = value === undefined ? null : numberOf(value);
    if (number === null) return;
    const series = tally.series(entry.labels);
    const found = buckets.findIndex((bound) => number <= bound);
    series.buckets[found < 0 ? buckets.length : found]! += 1;
    series.add += number;
    series.count += 1;
  };
}

function updateOf(spec: MetricSpec, tally: MetricTally): Update {
  if (spec.type === 'counter') return counter(spec, tally);
  return spec.type === 'gauge' ? gauge(spec, tally) : histogram(spec, tally);
}

/** Counts what goes by, in series by the labels of the entries. Of two metrics of one name the last holds. */
export function compileMetrics({ metrics }: MetricsStage, { tally }: StageContext): Stage {
  const last = metrics.filter(({ name }, i) => !metrics.slice(i + 1).some((later) => later.name === name));
  const updates = last.map((spec) => ({ spec, update: updateOf(spec, tally.metric(spec)) }));
  return {
    process(entry: Entry): boolean {
      for (const { spec, update } of updates) {
        const value = entry.extracted.get(spec.source);
        if (spec.value !== '' && entry.extracted.text(spec.source) !== spec.value) continue;
        update(entry, value);
      }
      return true;
    },
  };
}
