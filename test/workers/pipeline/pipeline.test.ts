import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { limitLayout, type RouteSpec, sharedBytes } from '../../../src/pipeline.js';
import { Pipeline } from '../../../workers/pipeline/pipeline.js';
import { feed, type LooseStage, PATH, READ_TIME_MS, specOf } from '../stages/harness.js';

function route(components: LooseStage[][], rest: Partial<RouteSpec> = {}): RouteSpec {
  const processes = components.map((stages, i) => ({
    component: `loki.process.p${i}`,
    stages: stages.map(specOf),
    counts: true,
  }));
  return { revision: 1, processes, externalLabels: [], maxLineBytes: 1000, ...rest };
}

const PATH_REGEX = {
  regex: { expression: '^/var/log/pods/(?P<namespace>[^_]+)_(?P<pod_name>[^_]+)_', source: 'filename' },
};
const PATH_LABELS = { labels: { values: { namespace: '', pod: 'pod_name' } } };
const lines = (...texts: string[]) => texts.map((text) => Buffer.from(text));

describe('pipeline', () => {
  test('a file whose stages look at the path alone is plain', () => {
    const { plain, left, steps, labels } = new Pipeline(route([[PATH_REGEX, PATH_LABELS]])).hoisted(PATH, [
      ['cluster', 'c1'],
    ]);
    assert.equal(plain, true);
    assert.deepEqual(left, []);
    assert.deepEqual(
      steps.map(({ place }) => place),
      ['path', 'path'],
    );
    assert.equal(
      Buffer.from(labels.block).toString(),
      `{cluster="c1", filename="${PATH}", namespace="shop", pod="web-1"}`,
    );
  });

  test('what depends on the path is done once behind a stage that reads the line, too', () => {
    const { plain, left, steps } = new Pipeline(route([[{ cri: {} }, PATH_REGEX, PATH_LABELS]])).hoisted(PATH, []);
    assert.equal(plain, false);
    assert.deepEqual(
      left.map(({ stage }) => stage),
      ['cri'],
    );
    assert.deepEqual(
      steps.map(({ place }) => place),
      ['line', 'path', 'path'],
    );
  });

  test('but where a stage before it would notice, its outcome is put in its place', () => {
    const stages = [{ regex: { expression: '(?P<namespace>x)' } }, PATH_REGEX, PATH_LABELS];
    const { steps } = new Pipeline(route([stages])).hoisted(PATH, []);
    assert.deepEqual(
      steps.map(({ place }) => place),
      ['line', 'place', 'place'],
    );
  });

  test('between components only labels, line, time and metadata stay', () => {
    const first = [
      { regex: { expression: '^(?P<a>\\w)' } },
      { labels: { values: { l: 'a' } } },
      { structured_metadata: { values: { m: 'a' } } },
    ];
    const second = [{ labels: { values: { copy: 'l', lost: 'a' } } }];
    const { results } = feed(new Pipeline(route([first, second])), { lines: lines('x', '-') });
    assert.deepEqual(
      results.map(({ labels: { filename: _, ...labels } }) => labels),
      [{ copy: 'x', l: 'x' }, {}],
    );
    assert.deepEqual(results[0]!.metadata, { m: 'x' });
  });

  test('the same if both depend on the path', () => {
    const pipeline = new Pipeline(
      route([[PATH_REGEX, PATH_LABELS], [{ labels: { values: { copy: 'pod', lost: 'pod_name' } } }]]),
    );
    assert.equal(pipeline.hoisted(PATH, []).plain, true);
    const { results } = feed(pipeline, { lines: lines('x') });
    assert.deepEqual(results[0]!.labels, { copy: 'web-1', filename: PATH, namespace: 'shop', pod: 'web-1' });
  });

  test('labels of the entry win over external ones', () => {
    const external: RouteSpec['externalLabels'] = [
      ['cluster', 'c1'],
      ['app', 'other'],
    ];
    const { results } = feed(new Pipeline(route([[]], { externalLabels: external })), {
      lines: lines('x'),
      labels: { app: 'web' },
    });
    assert.deepEqual(results[0]!.labels, { app: 'web', cluster: 'c1', filename: PATH });
  });

  test('a component that another route counts is not counted again', () => {
    const stages = [{ drop: { expression: 'x' } }];
    const spec = route([stages]);
    spec.processes[0]!.counts = false;
    const { delta, results } = feed(new Pipeline(spec), { lines: lines('x', 'y') });
    assert.deepEqual([delta, results.length], [{ counters: [], metrics: [] }, 1]);
  });

  test('what is counted is told once', () => {
    const pipeline = new Pipeline(route([[{ drop: { expression: 'x' } }]]));
    assert.equal(feed(pipeline, { lines: lines('x') }).delta.counters[0]!.add, 1);
    assert.deepEqual(pipeline.takeDelta(), { counters: [], metrics: [] });
  });

  test('lines without a timestamp follow the one before, or the time of reading and their offset', () => {
    const { results } = feed(new Pipeline(route([[]])), {
      lines: lines('a', 'b', '2026-07-01T00:00:00Z stdout F c', 'd', 'e'),
    });
    const read = BigInt(READ_TIME_MS) * 1_000_000n;
    const stamp = BigInt(Date.parse('2026-07-01T00:00:00Z')) * 1_000_000n;
    assert.deepEqual(
      results.map(({ ns }) => ns),
      [read, read + 2n, stamp, stamp + 1n, stamp + 2n],
    );
  });

  test('a Docker line brings its time, read or not', () => {
    const line = '{"log":"a\\n","stream":"stdout","attrs":{"x":"y"},"time":"2026-07-01T00:00:00.5Z"}';
    const [result] = feed(new Pipeline(route([[]])), { lines: lines(line) }).results;
    assert.equal(result!.line, line);
    assert.equal(result!.ns, BigInt(Date.parse('2026-07-01T00:00:00.5Z')) * 1_000_000n);
  });

  test('a carriage return at the end is no part of the line', () => {
    assert.equal(feed(new Pipeline(route([[]])), { lines: lines('a\r') }).results[0]!.line, 'a');
  });

  test('a carry that can not be read counts as none', () => {
    const pipeline = new Pipeline(route([[{ cri: {} }]]));
    const sink = { put: () => assert.fail() };
    pipeline.begin({ path: PATH, targetLabels: [], readTimeMs: 0, carry: Buffer.from('{') }, sink);
    assert.equal(pipeline.end(true), null);
  });

  test('a limit that is shared is one for all workers', () => {
    const spec = route([[{ limit: { rate: 1, burst: 2, drop: true } }]]);
    const shared = new SharedArrayBuffer(sharedBytes(limitLayout(spec)));
    const now = () => 1_000_000_000_000_000_000n;
    const passed = [0, 1].map(
      () => feed(new Pipeline(spec, { shared, now }), { lines: lines('a', 'b', 'c') }).results.length,
    );
    assert.deepEqual(passed, [2, 0]);
  });
});
