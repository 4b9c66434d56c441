import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.js';
import { VERSION } from '../../src/version.js';
import { SNAPSHOT } from './sink.js';

const opened: Metrics[] = [];
function metricsFor(collect = () => SNAPSHOT): Metrics {
  const metrics = createMetrics(collect);
  opened.push(metrics);
  return metrics;
}

/** The value of each series, by its name and labels as written. */
async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const text = await metrics.registry.metrics();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('metrics', () => {
  after(() => {
    for (const metrics of opened) metrics.stop();
  });

  it('shows every total under its own name', async () => {
    const metrics = metricsFor();
    const names = {
      linesRead: 'lines_read_total',
      linesHeld: 'lines_held_total',
      entriesReleased: 'entries_released_total',
      entriesRead: 'entries_read_total',
      entriesMissed: 'entries_missed_total',
      entriesRecalled: 'entries_recalled_total',
      bytesRead: 'bytes_read_total',
      entriesStored: 'entries_stored_total',
      linesMalformed: 'lines_malformed_total',
      entriesCut: 'entries_cut_total',
      bytesCut: 'cut_bytes_total',
      entriesFlushed: 'entries_flushed_total',
      pushBytes: 'push_bytes_total',
      pushBytesStored: 'stored_push_bytes_total',
      filesOpened: 'files_opened_total',
      scans: 'scans_total',
      pathsUnmatched: 'paths_unmatched_total',
      positionsStored: 'positions_stored_total',
    } as const;
    const keys = Object.keys(names) as (keyof typeof names)[];
    for (const [i, key] of keys.entries()) metrics.totals[key] = 100 + i;
    for (const round of [1, 2]) {
      const samples = await scrape(metrics);
      for (const [i, key] of keys.entries())
        assert.equal(samples.get(`sleipnir_${names[key]}`), 100 + i, `${key}, scrape ${round}`);
    }
  });

  it('shows the state the collector gives, asked for once a scrape', async () => {
    let asked = 0;
    const samples = await scrape(
      metricsFor(() => {
        asked++;
        return SNAPSHOT;
      }),
    );
    assert.equal(asked, 1);
    const expected = {
      container_logs: 11,
      generations_open: 12,
      unread_bytes: 13,
      lag_seconds: 14.5,
      memory_budget_bytes: 15,
      memory_budget_used_bytes: 16,
      pushes_in_flight: 17,
      workers: 18,
      journal_dirty: 1,
      spool_bytes: 9,
      entries_pending: 10,
      [`build_info{version="${VERSION}"}`]: 1,
      inotify_fallback: 1,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(samples.get(`sleipnir_${name}`), value, name);
  });

  it('splits pushes, retries, refusals, losses and repeats by their labels, and sums them', async () => {
    const metrics = metricsFor();
    metrics.countPush('204', 0.02);
    metrics.countPush('503', 0.2);
    metrics.countPush('204', 0.02);
    metrics.countRetry('5xx');
    metrics.countRefused('too_far_behind', 7);
    metrics.countRefused('line_too_long', 1);
    metrics.countLost({ reason: 'deleted', namespace: 'n', pod: 'p', bytes: 10, lines: 2, files: 0 });
    metrics.countLost({ reason: 'deleted', namespace: 'n', pod: 'p', bytes: 5, lines: 1, files: 3 });
    metrics.countJobRepeated('carry');
    const samples = await scrape(metrics);
    const expected = {
      'pushes_total{status="204"}': 2,
      'pushes_total{status="503"}': 1,
      'push_retries_total{reason="5xx"}': 1,
      'entries_refused_total{reason="too_far_behind"}': 7,
      'lost_bytes_total{reason="deleted",namespace="n",pod="p"}': 15,
      'lost_lines_total{reason="deleted",namespace="n",pod="p"}': 3,
      'lost_files_total{reason="deleted",namespace="n",pod="p"}': 3,
      'jobs_repeated_total{reason="carry"}': 1,
      'push_duration_seconds_bucket{le="0.025"}': 2,
      push_duration_seconds_count: 3,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(samples.get(`sleipnir_${name}`), value, name);
    metrics.countPush('204', 20);
    metrics.countStages({
      counters: [{ component: 'c', name: 'loki_process_dropped_lines_total', labels: [], add: 4 }],
      metrics: [],
    });
    const later = await scrape(metrics);
    assert.equal(later.get('sleipnir_pushes_total{status="204"}'), 3);
    assert.equal(later.get('sleipnir_push_duration_seconds_bucket{le="+Inf"}'), 4);
    assert.equal(later.get('sleipnir_push_duration_seconds_bucket{le="10"}'), 3);
    assert.ok(Math.abs((later.get('sleipnir_push_duration_seconds_sum') ?? 0) - 20.24) < 1e-9);
    assert.equal(later.get('loki_process_dropped_lines_total{component_id="c"}'), 4);
    const { pushes, pushRetries, entriesRefused, bytesLost, linesLost, filesLost } = metrics.totals;
    assert.deepEqual([pushes, pushRetries, entriesRefused, bytesLost, linesLost, filesLost], [4, 1, 8, 15, 3, 3]);
  });

  it('keeps the series of losses bounded and their sum exact', async () => {
    const metrics = metricsFor();
    for (let i = 0; i < 2000; i++)
      metrics.countLost({ reason: 'deleted', namespace: 'n', pod: `p${i}`, bytes: 1, lines: 1, files: 0 });
    const lost = [...(await scrape(metrics))].filter(([name]) => name.startsWith('sleipnir_lost_bytes_total'));
    assert.equal(lost.length, 501);
    assert.equal(
      lost.reduce((sum, [, value]) => sum + value, 0),
      2000,
    );
  });

  it('shows the process, without the delay monitor that costs CPU while idle', async () => {
    const names = [...(await scrape(metricsFor())).keys()];
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_open_fds',
      'nodejs_heap_size_used_bytes',
      'sleipnir_event_loop_utilization',
      'sleipnir_event_loop_max_lag_seconds',
    ])
      assert.ok(names.includes(name), name);
    assert.ok(!names.some((name) => name.startsWith('nodejs_eventloop_lag')));
  });

  it('is not shared: two collectors in one process count apart', async () => {
    const [one, other] = [metricsFor(), metricsFor()];
    one.countRetry('429');
    assert.equal((await scrape(other)).get('sleipnir_push_retries_total{reason="429"}'), undefined);
  });
});
