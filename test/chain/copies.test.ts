import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Copy, pairInOrder } from '../../src/chain/copies.js';
import type { Former } from '../../src/chain/generation.js';
import { addGeneration, makeLog } from './kit.js';

function formers(sizes: readonly number[]): Former[] {
  const generation = addGeneration(makeLog(), 0);
  for (const size of sizes) {
    generation.size = size;
    generation.restart(0);
  }
  return generation.formers;
}

function copies(sizes: readonly number[]): Copy[] {
  const log = makeLog();
  return sizes.map((size, index) => {
    const suffix = `20260101-00000${index}`;
    return { generation: addGeneration(log, size, { path: `${log.path}.${suffix}`, suffix }), epoch: index };
  });
}

/** The least loss of all ways to give some of the truncated files one copy each, in order. */
function leastLoss([size, ...others]: readonly number[], copySizes: readonly number[]): number {
  if (size === undefined) return 0;
  const ways = copySizes.map(
    (copySize, index) => Math.max(0, size - copySize) + leastLoss(others, copySizes.slice(index + 1)),
  );
  return Math.min(size + leastLoss(others, copySizes), ...ways);
}

test('of all pairs that keep the order, those that lose the least; the first copies that will do are used', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 });
  fc.assert(
    fc.property(sizes, sizes, (truncated, copied) => {
      const all = copies(copied);
      const { lostBytes, left } = pairInOrder(formers(truncated), all);
      assert.equal(lostBytes, leastLoss(truncated, copied));
      const used = all.length - left.length;
      assert.deepEqual(left, all.slice(used));
      assert.equal(leastLoss(truncated, copied.slice(0, used)), lostBytes);
      assert.ok(used === 0 || leastLoss(truncated, copied.slice(0, used - 1)) > lostBytes);
    }),
  );
});
