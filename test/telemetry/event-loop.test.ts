import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { watchEventLoop } from '../../src/telemetry/event-loop.js';

describe('event loop', () => {
  it('sees that the loop was held, then starts anew', async () => {
    const watch = watchEventLoop();
    try {
      await new Promise(setImmediate);
      const untilMs = performance.now() + 700;
      while (performance.now() < untilMs) {}
      // The sample that is due comes before this timer.
      await new Promise((resolve) => setTimeout(resolve, 1));
      const held = watch.take();
      assert.ok(held.maxLagSeconds > 0.1, `lag ${held.maxLagSeconds}`);
      assert.ok(held.utilization > 0 && held.utilization <= 1);
      assert.equal(watch.take().maxLagSeconds, 0);
    } finally {
      watch.stop();
    }
  });
});
