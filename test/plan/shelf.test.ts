import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Shelf } from '../../src/plan/shelf.js';
import { type ShelfPlace, SHELF_UNIT_BYTES as UNIT } from '../../src/protocol.js';

test('the lowest free place is taken, and taken again once it is given back', () => {
  const shelf = new Shelf(4 * UNIT);
  const [a, b, c] = [shelf.take(UNIT + 1), shelf.take(1), shelf.take(UNIT)];
  assert.deepEqual([a?.at, b?.at, c?.at], [0, 2 * UNIT, 3 * UNIT]);
  assert.equal(shelf.take(1), null);
  shelf.give(a as ShelfPlace);
  assert.equal(shelf.take(3 * UNIT), null);
  assert.equal(shelf.take(2 * UNIT)?.at, 0);
  assert.equal(shelf.take(1), null);
});

test('what is left behind an end is given back without what lies before it', () => {
  const shelf = new Shelf(4 * UNIT);
  const room = shelf.take(4 * UNIT) as ShelfPlace;
  shelf.give({ at: UNIT + 7, bytes: room.bytes - UNIT - 7 });
  assert.deepEqual([shelf.take(1)?.at, shelf.take(UNIT)?.at], [2 * UNIT, 3 * UNIT]);
  assert.equal(shelf.take(1), null);
});

test('a view is the shared memory itself', () => {
  const shelf = new Shelf(2 * UNIT);
  const place = shelf.take(10) as ShelfPlace;
  new Uint8Array(shelf.memory)[place.at + 9] = 7;
  assert.deepEqual([shelf.view(place).length, shelf.view(place)[9]], [10, 7]);
});

test('places never overlap, and all is free when all are given back, in whatever order', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 5 * UNIT }), give: fc.nat() })), (steps) => {
      const shelf = new Shelf(16 * UNIT);
      const taken: ShelfPlace[] = [];
      for (const { bytes, give } of steps) {
        if (taken.length > 0 && give % 3 === 0) shelf.give(taken.splice(give % taken.length, 1)[0] as ShelfPlace);
        const place = shelf.take(bytes);
        if (place === null) continue;
        assert.ok(place.at + place.bytes <= shelf.memory.byteLength);
        for (const other of taken) {
          assert.ok(place.at + place.bytes <= other.at || other.at + other.bytes <= place.at);
        }
        taken.push(place);
      }
      for (const place of taken) shelf.give(place);
      assert.equal(shelf.take(16 * UNIT)?.at, 0);
    }),
  );
});
