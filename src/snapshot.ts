import type { ContainerLog } from './chain/container-log.js';

/** How much of the logs is not settled yet: in bytes, and how old the newest line is that was settled of those. */
export function snapshotOf(logs: Iterable<ContainerLog>, nowMs: number): { unreadBytes: number; lagSeconds: number } {
  let unreadBytes = 0;
  let lagMs = 0;
  for (const log of logs) {
    for (const generation of log.generations) {
      const bytes = generation.unsettledBytes;
      if (bytes === 0) continue;
      unreadBytes += bytes;
      lagMs = Math.max(lagMs, nowMs - generation.settledTimeMs);
    }
  }
  return { unreadBytes, lagSeconds: lagMs / 1000 };
}
