import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Throttle } from '../../src/telemetry/throttle.js';
import { manualClock } from './sink.js';

describe('throttle', () => {
  it('writes the first at once, then once a minute with the count', () => {
    const clock = manualClock();
    const throttle = new Throttle(clock.nowMs);
    const written: number[] = [];
    const report = (): void => throttle.report('a', (times) => written.push(times));
    report();
    report();
    clock.pass(59_999);
    report();
    assert.deepEqual(written, [1]);
    clock.pass(1);
    report();
    assert.deepEqual(written, [1, 3]);
  });

  it('keeps conditions apart', () => {
    const throttle = new Throttle(manualClock().nowMs);
    const written: string[] = [];
    for (const key of ['a', 'b', 'a', 'b']) throttle.report(key, () => written.push(key));
    assert.deepEqual(written, ['a', 'b']);
  });

  it('writes what was held back when the condition has stopped', () => {
    const clock = manualClock();
    const throttle = new Throttle(clock.nowMs);
    const written: string[] = [];
    for (const text of ['first', 'second', 'third']) throttle.report('a', (times) => written.push(`${text} ${times}`));
    throttle.flush();
    assert.deepEqual(written, ['first 1'], 'the minute is not over');
    clock.pass(60_000);
    throttle.flush();
    assert.deepEqual(written, ['first 1', 'third 2']);
    clock.pass(60_000);
    throttle.flush();
    assert.equal(written.length, 2);
  });

  it('loses no report and writes at most once a minute, whatever comes when', () => {
    const step = fc.oneof(
      fc.record({ key: fc.constantFrom('a', 'b') }),
      fc.record({ ms: fc.integer({ min: 1, max: 40_000 }) }),
      fc.constant('flush' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const clock = manualClock();
        const throttle = new Throttle(clock.nowMs);
        const reported = { a: 0, b: 0 };
        const counted = { a: 0, b: 0 };
        const writtenAt: Record<string, number[]> = { a: [], b: [] };
        for (const one of steps) {
          if (one === 'flush') throttle.flush();
          else if ('ms' in one) clock.pass(one.ms);
          else {
            const key = one.key as 'a' | 'b';
            reported[key]++;
            throttle.report(key, (times) => {
              counted[key] += times;
              writtenAt[key]?.push(clock.nowMs());
            });
          }
        }
        for (const times of Object.values(writtenAt))
          for (let i = 1; i < times.length; i++) assert.ok(times[i]! - times[i - 1]! >= 60_000);
        throttle.flush(true);
        assert.deepEqual(counted, reported);
      }),
    );
  });
});
