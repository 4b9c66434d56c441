import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffMs, retryAfterMs } from '../../src/push/backoff.js';

test('waits double from the least to the most, between half and the whole', () => {
  const options = { minMs: 500, maxMs: 30_000 };
  const whole = [1, 2, 3, 6, 7, 50, 5000].map((attempt) => backoffMs(attempt, options, () => 1));
  assert.deepEqual(whole, [500, 1000, 2000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(
    backoffMs(3, options, () => 0),
    1000,
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), (attempt) => {
      const waitMs = backoffMs(attempt, options);
      return waitMs >= 250 && waitMs <= 30_000;
    }),
  );
});

test('Retry-After is read as seconds or as a date', () => {
  const nowMs = Date.parse('2025-03-01T10:00:00Z');
  assert.equal(retryAfterMs('7', nowMs), 7000);
  assert.equal(retryAfterMs('0', nowMs), 0);
  assert.equal(retryAfterMs('Sat, 01 Mar 2025 10:00:30 GMT', nowMs), 30_000);
  assert.equal(retryAfterMs('Sat, 01 Mar 2025 09:00:00 GMT', nowMs), 0, 'a date that has passed');
  assert.equal(retryAfterMs('86400', nowMs), 300_000, 'a day is too long to believe');
  assert.equal(retryAfterMs('soon', nowMs), null);
  assert.equal(retryAfterMs(null, nowMs), null);
});
