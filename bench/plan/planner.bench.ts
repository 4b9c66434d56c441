import { type ChainSettings, ContainerLog } from '../../src/chain/container-log.js';
import { type Flight, Generation } from '../../src/chain/generation.js';
import { Planner } from '../../src/plan/planner.js';
import type { BenchCase } from '../functions.js';

const BATCH_BYTES = 1024 * 1024;
/** What a container writes between two looks, most of them little and some much. */
const UNREAD_BYTES = [200, 1000, 4000, 20_000, 100_000];
const NAMESPACES = 12;
const NOW_MS = Date.UTC(2026, 0, 1);
const SETTINGS: ChainSettings = {
  format: 'auto',
  batchBytes: BATCH_BYTES,
  graceMs: 1000,
  carryFlushMs: 5000,
  sideBySide: 2,
};
const ALL = { mayTake: () => true, isApart: () => false };

/** One look at a node after which every container log has grown: all of them are planned into jobs. */
export function cases(): BenchCase[] {
  return [10, 1000, 10_000].flatMap((count) => {
    const logs = Array.from({ length: count }, (_, i) => makeLog(i));
    const shown = count.toLocaleString('en-US');
    return [
      { name: `deficit round robin, ${shown} logs`, unit: 'logs', count, fn: () => planByTurns(logs) },
      {
        name: `rival: largest first, sorted once for each job, ${shown} logs`,
        unit: 'logs',
        count,
        fn: () => planBySize(logs),
      },
    ];
  });
}

function makeLog(index: number): ContainerLog {
  const path = `/var/log/pods/team-${index % NAMESPACES}_app-${index}_uid/app/0.log`;
  const log = new ContainerLog(path, SETTINGS);
  const size = UNREAD_BYTES[index % UNREAD_BYTES.length]!;
  const file = { path, suffix: '', gzip: false, dev: '1', ino: String(index), size };
  log.generations = [new Generation(log, file, NOW_MS)];
  return log;
}

function planByTurns(logs: readonly ContainerLog[]): void {
  const planner = new Planner(BATCH_BYTES);
  for (const log of logs) planner.add(log);
  for (;;) {
    const flights = planner.nextJob(NOW_MS, ALL);
    if (flights === null) break;
    for (const flight of flights) {
      answer(flight);
      if (flight.generation.unplannedBytes > 0) planner.add(flight.generation.log);
    }
  }
  forget(logs);
}

/** What is simplest to write: nothing is remembered from one job to the next, and the small ones starve. */
function planBySize(logs: readonly ContainerLog[]): void {
  for (;;) {
    const waiting = logs.filter((log) => log.generations[0]!.unplannedBytes > 0);
    if (waiting.length === 0) break;
    waiting.sort((a, b) => b.generations[0]!.unplannedBytes - a.generations[0]!.unplannedBytes);
    let roomBytes = BATCH_BYTES;
    for (const log of waiting) {
      const flight = log.nextFlight(roomBytes, roomBytes === BATCH_BYTES, NOW_MS);
      if (flight === null) continue;
      answer(flight);
      roomBytes -= flight.to - flight.from;
      if (roomBytes <= 0) break;
    }
  }
  forget(logs);
}

/** As if a worker had read it at once. */
function answer(flight: Flight): void {
  flight.resolved = true;
}

/** Puts the logs back to where they were before the look. */
function forget(logs: readonly ContainerLog[]): void {
  for (const { generations } of logs) {
    generations[0]!.flights = [];
    generations[0]!.planned = 0;
  }
}
