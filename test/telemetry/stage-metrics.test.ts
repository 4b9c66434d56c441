import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import {
  type CounterMetric,
  type GaugeMetric,
  type HistogramMetric,
  METRIC_DEFAULTS,
  type SeriesDelta,
} from '../../src/pipeline.js';
import { StageMetrics } from '../../src/telemetry/stage-metrics.js';

const COUNTER: CounterMetric = { ...METRIC_DEFAULTS, type: 'counter', name: 'hits', source: 'hits', action: 'inc' };
const GAUGE: GaugeMetric = { ...METRIC_DEFAULTS, type: 'gauge', name: 'level', source: 'level', action: 'set' };
const HISTOGRAM: HistogramMetric = {
  ...METRIC_DEFAULTS,
  type: 'histogram',
  name: 'took',
  source: 'took',
  buckets: [0.1, 1],
  description: 'How long it took.',
};

function delta(more: Partial<SeriesDelta> = {}, pod = 'web'): SeriesDelta {
  return { labels: [['pod', pod]], set: null, add: 0, count: 0, buckets: [], ...more };
}

function make(): { metrics: StageMetrics; lines: () => Promise<string[]>; pass: (ms: number) => void } {
  const registry = new Registry();
  let nowMs = 0;
  const metrics = new StageMetrics(() => nowMs);
  return {
    metrics,
    lines: async () => {
      metrics.showIn(registry);
      return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('# HELP'));
    },
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

test('counters add up, each series by the labels of its stream', async () => {
  const { metrics, lines } = make();
  const component = 'loki.process.a';
  const series = [delta({ add: 2 }), delta({ add: 5 }, 'db')];
  metrics.add({ counters: [], metrics: [{ component, spec: COUNTER, series }] });
  metrics.add({ counters: [], metrics: [{ component, spec: COUNTER, series: [delta({ add: 1 })] }] });
  assert.deepEqual(await lines(), [
    '# TYPE loki_process_custom_hits counter',
    'loki_process_custom_hits{pod="web",component_id="loki.process.a"} 3',
    'loki_process_custom_hits{pod="db",component_id="loki.process.a"} 5',
  ]);
});

test('a gauge is set, and moved from there', async () => {
  const { metrics, lines } = make();
  const add = (series: SeriesDelta) =>
    metrics.add({ counters: [], metrics: [{ component: 'c', spec: GAUGE, series: [series] }] });
  add(delta({ add: 4 }));
  add(delta({ set: 10, add: -1 }));
  add(delta({ add: 3 }));
  assert.equal((await lines())[1], 'loki_process_custom_level{pod="web",component_id="c"} 12');
});

test('a histogram has cumulative buckets, sum and count', async () => {
  const { metrics, lines } = make();
  const series = [delta({ add: 2.5, count: 3, buckets: [1, 0, 2] }), delta({ add: 0.5, count: 1, buckets: [0, 1, 0] })];
  metrics.add({ counters: [], metrics: [{ component: 'c', spec: HISTOGRAM, series }] });
  assert.deepEqual((await lines()).slice(1), [
    'loki_process_custom_took_bucket{pod="web",component_id="c",le="0.1"} 1',
    'loki_process_custom_took_bucket{pod="web",component_id="c",le="1"} 2',
    'loki_process_custom_took_bucket{pod="web",component_id="c",le="+Inf"} 4',
    'loki_process_custom_took_sum{pod="web",component_id="c"} 3',
    'loki_process_custom_took_count{pod="web",component_id="c"} 4',
  ]);
});

test('a series that rests too long is gone at the next scrape; what components count stays', async () => {
  const { metrics, lines, pass } = make();
  const counters = [{ component: 'c', name: 'loki_process_dropped_lines_total', labels: [], add: 1 }];
  metrics.add({
    counters: counters.map((counter) => ({ ...counter, labels: [['reason', 'old']] as [string, string][] })),
    metrics: [{ component: 'c', spec: { ...COUNTER, maxIdleDurationMs: 1000 }, series: [delta({ add: 1 })] }],
  });
  pass(999);
  assert.equal((await lines()).length, 4);
  pass(1);
  assert.deepEqual(await lines(), [
    '# TYPE loki_process_dropped_lines_total counter',
    'loki_process_dropped_lines_total{reason="old",component_id="c"} 1',
    '# TYPE loki_process_custom_hits counter',
  ]);
});

test('of metrics with one name the first says what it is', async () => {
  const { metrics, lines } = make();
  metrics.add({ counters: [], metrics: [{ component: 'a', spec: COUNTER, series: [delta({ add: 1 })] }] });
  const spec = { ...GAUGE, name: 'hits' };
  metrics.add({ counters: [], metrics: [{ component: 'b', spec, series: [delta({ set: 9 })] }] });
  assert.equal((await lines()).length, 2);
});
