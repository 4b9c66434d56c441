import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RouteSpec } from '../../../src/pipeline.js';
import type { InspectedEntry, InspectedPass, InspectedStep } from '../../../src/protocol.js';
import { formatTimestamp } from '../../../workers/inspect/changes.js';
import { RouteInspector } from '../../../workers/inspect/route.js';
import { Pipeline } from '../../../workers/pipeline/pipeline.js';
import { feed, type LooseStage, PATH, READ_TIME_MS, routeOf, specOf } from '../stages/harness.js';

function inspectorOf(route: RouteSpec): RouteInspector {
  return new RouteInspector(route, { path: PATH, targetLabels: [['cluster', 'c1']], readTimeMs: READ_TIME_MS });
}

/** What becomes of each line, and at last of what was held back. */
function inspected(route: RouteSpec, lines: readonly string[]): InspectedPass[][] {
  const inspector = inspectorOf(route);
  let offset = 0;
  const each = lines.map((line) => {
    const bytes = Buffer.from(line);
    const passes = inspector.line(bytes, 0, bytes.length, offset);
    offset += bytes.length + 1;
    return passes;
  });
  return [...each, inspector.end()];
}

function stepsOf(stages: LooseStage[], line: string): InspectedStep[] {
  const [passes] = inspected(routeOf(stages), [line]);
  assert.equal(passes?.length, 1);
  return passes[0]!.steps;
}

/** The entries of passes, those that stages let go where they let them go. */
function entriesOf(passes: readonly InspectedPass[]): InspectedEntry[] {
  const inside = (steps: readonly InspectedStep[]): InspectedEntry[] =>
    steps.flatMap(({ nested, emitted }) => [...inside(nested), ...entriesOf(emitted)]);
  return passes.flatMap(({ steps, entry }) => [...inside(steps), ...(entry === null ? [] : [entry])]);
}

const PATH_REGEX = { regex: { expression: '/pods/(?P<namespace>[^_]+)_', source: 'filename' } };
const PATH_LABELS = { labels: { values: { namespace: '' } } };

describe('a route, inspected', () => {
  test('what depends on the path alone is told once', () => {
    const route = routeOf([{ cri: {} }, PATH_REGEX, PATH_LABELS]);
    const { log } = inspectorOf(route);
    assert.deepEqual(
      log.once.map(({ stage, changes }) => [stage, changes]),
      [
        ['stage.regex', { extracted: [{ name: 'namespace', after: 'shop' }] }],
        ['stage.labels', { labels: [{ name: 'namespace', after: 'shop' }] }],
      ],
    );
    assert.deepEqual(log.each, [{ component: 'loki.process.test', stage: 'stage.cri' }]);
    const [[pass] = []] = inspected(route, ['2026-01-01T00:00:00Z stdout F a']);
    assert.deepEqual(
      pass?.steps.map(({ stage }) => stage),
      ['stage.cri'],
    );
    assert.equal(pass.entry?.stream, `{cluster="c1", filename="${PATH}", namespace="shop", stream="stdout"}`);
  });

  test('a stage that drops all of a path is told for each line, too', () => {
    const route = routeOf([PATH_REGEX, { drop: { source: 'namespace', value: 'shop' } }, { cri: {} }]);
    assert.equal(inspectorOf(route).log.once.at(-1)?.outcome, 'dropped');
    const [passes] = inspected(route, ['a']);
    assert.deepEqual(
      passes?.[0]?.steps.map(({ stage, outcome }) => [stage, outcome]),
      [['stage.drop', 'dropped']],
    );
  });

  test('changes of line, time, labels, extracted values and metadata', () => {
    const stages = [
      { json: { expressions: { msg: '', at: '', id: '' } } },
      { timestamp: { source: 'at', format: 'Unix' } },
      { output: { source: 'msg' } },
      { structured_metadata: { values: { id: '' } } },
    ];
    const [json, timestamp, output, metadata] = stepsOf(stages, '{"msg":"m","at":1700000000,"id":"7"}');
    assert.deepEqual(json?.changes, {
      extracted: [
        { name: 'msg', after: 'm' },
        { name: 'at', after: 1_700_000_000 },
        { name: 'id', after: '7' },
      ],
    });
    assert.equal(timestamp?.changes.timestamp?.after, '2023-11-14T22:13:20.000000000Z');
    assert.deepEqual(output?.changes, { line: { before: '{"msg":"m","at":1700000000,"id":"7"}', after: 'm' } });
    assert.deepEqual(metadata?.changes.metadata, [{ name: 'id', after: '7' }]);
  });

  test('what is dropped, and why', () => {
    const drop = { drop: { expression: 'debug', longerThanBytes: 3, dropCounterReason: 'noise' } };
    const [step] = stepsOf([drop, { cri: {} }], 'a debug line');
    assert.equal(step?.outcome, 'dropped');
    assert.equal(step.reason, 'noise');
    assert.deepEqual(step.because, { expression: 'debug', longerThanBytes: 3 });
  });

  test('stages inside stage.match stand inside it', () => {
    const match = { match: { selector: '{cluster="c1"}', stages: [{ drop: { expression: 'x' } }, { docker: {} }] } };
    const [step] = stepsOf([match], 'x');
    assert.equal(step?.outcome, 'dropped');
    assert.deepEqual(
      step.nested.map(({ stage, outcome }) => [stage, outcome]),
      [['stage.drop', 'dropped']],
    );
    assert.equal(step.because, null);
  });

  test('what is held back comes out below the stage that let it go, or at the end', () => {
    const route = routeOf([{ multiline: { firstline: '^a' } }, { static_labels: { values: { s: '1' } } }]);
    const [first, second, end] = inspected(route, ['a 1', 'a 2']);
    assert.equal(first?.[0]?.steps[0]?.outcome, 'held');
    assert.equal(first[0].entry, null);
    const [emitted] = second?.[0]?.steps[0]?.emitted ?? [];
    assert.equal(emitted?.entry?.line, 'a 1');
    assert.equal(end?.[0]?.entry?.line, 'a 2');
  });

  test('parts of a line are passes of their own, also when they are let go inside stage.match', () => {
    const match = {
      match: { selector: '{cluster="c1"}', stages: [{ split_json: {} }, { drop: { expression: '2' } }] },
    };
    const [step] = stepsOf([match, { cri: {} }], '[1,2,3]');
    const [split] = step?.nested ?? [];
    assert.equal(step?.outcome, 'split');
    assert.deepEqual(
      split?.emitted.map(({ steps, entry }) => [steps.map(({ stage, outcome }) => `${stage} ${outcome}`), entry?.line]),
      [
        [['stage.drop passed', 'stage.cri passed'], '1'],
        [['stage.drop dropped'], undefined],
        [['stage.drop passed', 'stage.cri passed'], '3'],
      ],
    );
  });

  test('what metrics count', () => {
    const metrics = [{ type: 'counter', name: 'c', action: 'inc', matchAll: true }];
    const [step] = stepsOf([{ label_drop: { values: ['filename'] } }, { metrics: { metrics } }], 'a');
    assert.deepEqual(step?.counted, [
      { name: 'loki_process_custom_c', labels: [['cluster', 'c1']], add: 1, set: null },
    ]);
  });

  test('a tenant, a line that will be cut, and an entry without labels', () => {
    const stages = [{ tenant: { value: 'me' } }, { label_keep: { values: ['__tenant_id__'] } }];
    const [[pass] = []] = inspected({ ...routeOf(stages), maxLineBytes: 3 }, ['long']);
    assert.equal(pass?.entry?.tenant, 'me');
    assert.equal(pass.entry.cut, true);
    assert.equal(pass.entry.stream, `{filename="${PATH}"}`);
  });

  test('each step bears its component', () => {
    const processes = ['a', 'b'].map((name) => ({
      component: `loki.process.${name}`,
      stages: [specOf({ cri: {} })],
      counts: false,
    }));
    const [[pass] = []] = inspected({ ...routeOf([]), processes }, ['x']);
    assert.deepEqual(
      pass?.steps.map(({ component }) => component),
      ['loki.process.a', 'loki.process.b'],
    );
  });
});

const STAGES: LooseStage[] = [
  { cri: {} },
  { multiline: { firstline: '^\\S', maxLines: 2 } },
  PATH_REGEX,
  PATH_LABELS,
  { regex: { expression: '(?P<t>\\d+)' } },
  { labels: { values: { t: '' } } },
  { match: { selector: '{stream="stdout"}', stages: [{ multiline: { firstline: 'b' } }, { split_json: {} }] } },
  { split_json: {} },
  { drop: { expression: 'x' } },
  { sampling: { rate: 0.5 } },
  { label_drop: { values: ['stream'] } },
];

test('looking on changes nothing', () => {
  const content = fc.constantFrom('a', ' b', 'x', '12', '[1,2]', 'b');
  const line = fc.tuple(fc.constantFrom('stdout', 'stderr'), fc.constantFrom('F', 'F', 'P'), content);
  const lines = fc.array(line, { maxLength: 12 });
  const stages = fc.array(fc.constantFrom(...STAGES), { maxLength: 6 });
  const property = fc.property(stages, lines, (chain, given) => {
    const texts = given.map(([stream, flag, text], i) => `2026-08-01T12:00:0${i % 10}Z ${stream} ${flag} ${text}`);
    const route = routeOf(chain);
    const { results } = feed(new Pipeline(route), {
      lines: texts.map((text) => Buffer.from(text)),
      labels: { cluster: 'c1' },
    });
    assert.deepEqual(
      inspected(route, texts)
        .flatMap(entriesOf)
        .map(({ line, timestamp }) => [line, timestamp]),
      results.map(({ line, ns }) => [line, formatTimestamp(Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n))]),
    );
  });
  fc.assert(property, { numRuns: 500 });
});
