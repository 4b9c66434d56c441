import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addBooks, booksIn, booksRow, imbalanceOf, reasonsIn } from '../../../bench/trial/books.js';
import type { Books } from '../../../src/telemetry/books.js';
import { createMetrics } from '../../../src/telemetry/metrics.js';
import { SNAPSHOT } from '../../telemetry/sink.js';

const BALANCED: Books = {
  linesRead: 100,
  linesHeld: 30,
  entriesReleased: 10,
  entriesDropped: { drop_stage: 5, sampling_stage: 15 },
  entriesRead: 60,
  entriesStored: 40,
  entriesRefused: { line_too_long: 2, too_far_behind: 3 },
  entriesMissed: 4,
  entriesRecalled: 5,
  entriesPending: 6,
  linesLost: { deleted: 7 },
  bytesLost: { deleted: 70 },
};

test('the books as they are published are those that the collector has', async () => {
  const metrics = createMetrics(() => ({ ...SNAPSHOT, entriesPending: 6 }));
  metrics.stop();
  Object.assign(metrics.totals, {
    linesRead: 100,
    linesHeld: 30,
    entriesReleased: 10,
    entriesRead: 60,
    entriesStored: 40,
    entriesMissed: 4,
    entriesRecalled: 5,
  });
  for (const [reason, entries] of Object.entries(BALANCED.entriesDropped)) metrics.countDropped(reason, entries);
  for (const [reason, entries] of Object.entries(BALANCED.entriesRefused)) metrics.countRefused(reason, entries);
  // Of two pods.
  for (const [pod, lines] of [
    ['a', 3],
    ['b', 4],
  ] as const)
    metrics.countLost({ reason: 'deleted', namespace: 'n', pod, bytes: 10 * lines, lines, files: 0 });
  assert.deepEqual(metrics.books(), BALANCED);
  assert.deepEqual(booksIn(await metrics.registry.metrics()), BALANCED);
  assert.equal(imbalanceOf(BALANCED), null);
});

test('a line that is not accounted for is found, whatever term lacks it', () => {
  for (const [key, value] of Object.entries(BALANCED)) {
    if (key.endsWith('Lost')) continue;
    const less = typeof value === 'number' ? value - 1 : { other: 1 };
    assert.notEqual(imbalanceOf({ ...BALANCED, [key]: less }), null, key);
  }
  assert.match(
    imbalanceOf({ ...BALANCED, linesRead: 99 }) ?? '',
    /^99 lines read \+ 10 released - 30 held - 20 dropped, but 60/,
  );
  assert.match(imbalanceOf({ ...BALANCED, entriesStored: 39 }) ?? '', /^60 entries read, but 39 stored \+ 5 refused/);
});

test('lives are added up, and shown by reason', () => {
  const sum = addBooks([BALANCED, { ...BALANCED, entriesDropped: { drop_stage: 20 } }]);
  assert.equal(imbalanceOf(sum), null);
  assert.deepEqual([sum.linesRead, sum.entriesDropped], [200, { drop_stage: 25, sampling_stage: 15 }]);
  assert.deepEqual(booksRow('x', BALANCED), ['x', '100', '20', '20', '60', '40', '5', '11', '11']);
  assert.equal(
    reasonsIn(BALANCED),
    '5 dropped (drop_stage), 15 dropped (sampling_stage), 2 refused (line_too_long), 3 refused (too_far_behind), 7 lines lost (deleted), 70 bytes lost (deleted)',
  );
});
