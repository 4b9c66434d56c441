import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/**
 * How late the loop comes to a timer is looked at twice a second. Node's own delay monitor wakes the process 100 times a
 * second at its usual resolution, which cost 1.3 % of a core while idle; this costs nothing that could be measured.
 */
const SAMPLE_MS = 500;

/** What the main thread's event loop has been doing since it was last asked. */
export interface EventLoopWatch {
  /** Share of the time spent working, 0 to 1, and the longest a sample was late, in seconds. Starts anew with each call. */
  take(): { utilization: number; maxLagSeconds: number };
  stop(): void;
}

export function watchEventLoop(): EventLoopWatch {
  let since: EventLoopUtilization = performance.eventLoopUtilization();
  let dueMs = performance.now() + SAMPLE_MS;
  let maxLagMs = 0;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    maxLagMs = Math.max(maxLagMs, nowMs - dueMs);
    dueMs = nowMs + SAMPLE_MS;
  }, SAMPLE_MS).unref();
  return {
    take() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, since);
      const maxLagSeconds = maxLagMs / 1000;
      since = now;
      maxLagMs = 0;
      return { utilization, maxLagSeconds };
    },
    stop: () => clearInterval(timer),
  };
}
