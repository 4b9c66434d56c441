import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Written } from '../../../bench/node/node.js';
import { ReceiverStore } from '../../../bench/receiver/store.js';
import { tally } from '../../../bench/trial/tally.js';

function written(lines: number, contentBytes: number): Written {
  const name = { namespace: 'shop', pod: 'web', uid: 'u', container: 'app' };
  const counts = { lines, lastSeq: lines, physicalLines: lines, contentBytes, fileBytes: 0 };
  return { ...name, ...counts, rotations: 0, restarts: 0, deleted: false, files: [] };
}

/** A receiver that holds these lines of one container, a nanosecond apart. */
function holding(lines: readonly string[]): ReceiverStore {
  const store = new ReceiverStore({ mode: 'keep' });
  const labels: [string, string][] = [
    ['container', 'app'],
    ['namespace', 'shop'],
    ['pod', 'web'],
  ];
  const stream = store.open(labels, 'web');
  for (const [index, line] of lines.entries()) {
    const bytes = Buffer.from(line);
    const rest = { metadataCount: 0, metadataBytes: 0, metadata: () => [] };
    store.add(stream, { seconds: 1, nanos: index, bytes, from: 0, to: bytes.length, ...rest });
  }
  return store;
}

test('all there', () => {
  const { wrote, stored, lost, wrong, gaps } = tally([written(2, 10)], holding(['seq=1', 'seq=2']));
  assert.deepEqual({ wrote, stored, lost, wrong, gaps }, { wrote: 2, stored: 2, lost: 0, wrong: 0, gaps: [] });
});

test('a missing line is lost, and named', () => {
  const { stored, lost, gaps } = tally([written(3, 15)], holding(['seq=1', 'seq=3']));
  assert.deepEqual({ stored, lost, gaps }, { stored: 2, lost: 1, gaps: ['shop/web/app: 1 of 3, from 2 to 2'] });
});

test('a container of which nothing came is lost whole', () => {
  assert.equal(tally([written(3, 15)], holding([])).lost, 3);
});

test('a line that the configuration drops is not lost; one that it should have dropped is wrong', () => {
  const fateOf = (number: number) => (number === 2 ? 'dropped' : number === 3 ? 'either' : 'sent');
  const of = (lines: readonly string[]) => {
    const { lost, dropped, wrong } = tally([written(4, 20)], holding(lines), [], fateOf);
    return { lost, dropped, wrong };
  };
  assert.deepEqual(of(['seq=1', 'seq=3', 'seq=4']), { lost: 0, dropped: 1, wrong: 0 });
  assert.deepEqual(of(['seq=1', 'seq=4']), { lost: 0, dropped: 2, wrong: 0 });
  assert.deepEqual(of(['seq=1', 'seq=3']), { lost: 1, dropped: 1, wrong: 0 });
  assert.deepEqual(of(['seq=1', 'seq=2', 'seq=4']), { lost: 0, dropped: 1, wrong: 1 });
});

for (const [what, lines] of [
  ['a line in pieces', ['seq=1', 'seq=2', 'rest']],
  ['a line stored twice', ['seq=1', 'seq=2', 'seq=2 ']],
  ['a line cut short', ['seq=1 ', 'seq=2']],
] as const) {
  test(`${what} is wrong`, () => {
    assert.ok(tally([written(2, 10)], holding(lines)).wrong > 0);
  });
}
