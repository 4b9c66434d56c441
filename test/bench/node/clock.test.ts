import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PodClock, TIMESTAMP_MAX_BYTES } from '../../../bench/node/clock.js';

function textOf(clock: PodClock): string {
  const target = Buffer.alloc(TIMESTAMP_MAX_BYTES + 2, '#');
  const end = clock.write(target, 1);
  assert.equal(target[0], 0x23);
  assert.equal(target.at(-1), 0x23);
  return target.toString('latin1', 1, end);
}

test('a timestamp is RFC3339Nano as Go writes it: trailing zeros are dropped', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 0, max: 999_999_999 }), (seconds, nanos) => {
      const clock = new PodClock();
      clock.advanceTo(seconds * 1000);
      clock.step(nanos);
      const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
      assert.equal(textOf(clock), `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}Z`);
    }),
  );
});

test('a zone other than UTC is written as an offset, and the time is local', () => {
  const clock = new PodClock(-(3 * 60 + 30));
  clock.advanceTo(Date.UTC(2026, 10, 22, 1, 0, 0, 250));
  assert.equal(textOf(clock), '2026-11-21T21:30:00.25-03:30');
});

test('the clock never goes back', () => {
  const clock = new PodClock();
  clock.advanceTo(2000.5);
  clock.step(7);
  const before = textOf(clock);
  clock.advanceTo(2000.5);
  clock.advanceTo(1999);
  assert.equal(textOf(clock), before);
});

test('steps carry over into the next second', () => {
  const clock = new PodClock();
  clock.advanceTo(1999.999);
  clock.step(1001);
  assert.equal(textOf(clock), '1970-01-01T00:00:02.000000001Z');
});
