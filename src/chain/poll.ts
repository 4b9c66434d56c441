import { fstatSync, statSync } from 'node:fs';
import type { ContainerLog } from './container-log.js';
import type { Generation } from './generation.js';

/** What one look at a chain's open files has shown. */
export interface PollResult {
  /** The names in the folder have changed, or may have: hold the chain against its folder. */
  look: boolean;
  /** Files that became shorter than what was read of them. */
  truncated: { generation: Generation; size: number }[];
}

/**
 * Looks at the files of a chain by `fstat` (about 2 microseconds each): growth, truncation, and by the change time
 * alone whether they were renamed or deleted. The folder is looked at only where something moved.
 */
export function pollLog(log: ContainerLog, nowMs: number): PollResult {
  const result: PollResult = { look: false, truncated: [] };
  let touched = false;
  for (const generation of log.generations) {
    if (generation.done || generation.frozen) continue;
    if (generation.fd === null) {
      if (pollByPath(generation, nowMs, result)) touched = true;
      continue;
    }
    const stat = fstatSync(generation.fd);
    if (stat.ctimeMs !== generation.changeTimeMs) {
      generation.changeTimeMs = stat.ctimeMs;
      touched = true;
    }
    noteSize(generation, stat.size, nowMs, result);
  }
  if (touched) result.look = folderChanged(log, nowMs);
  return result;
}

/** Looks at one open file again between two polls, to go on with a busy one at once. */
export function pollGeneration(generation: Generation, nowMs: number): PollResult {
  const result: PollResult = { look: false, truncated: [] };
  if (generation.fd === null || generation.done) return result;
  noteSize(generation, fstatSync(generation.fd).size, nowMs, result);
  return result;
}

function noteSize(generation: Generation, size: number, nowMs: number, result: PollResult): void {
  if (size > generation.size) {
    // From here on it waits; until now there was nothing to do.
    if (generation.unsettledBytes === 0) generation.progressAtMs = nowMs;
    generation.size = size;
    generation.grownAtMs = nowMs;
  } else if (size < generation.size) {
    result.truncated.push({ generation, size });
  }
}

function pollByPath(generation: Generation, nowMs: number, result: PollResult): boolean {
  if (generation.path === null) return false;
  const stat = statSync(generation.path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined || String(stat.ino) !== generation.ino) return true;
  noteSize(generation, Number(stat.size), nowMs, result);
  return false;
}

/** A folder's times have the resolution of the kernel's tick; a change in the same tick must not go unseen. */
const SAME_TICK_MS = 50;

function folderChanged(log: ContainerLog, nowMs: number): boolean {
  const folder = statSync(log.folder, { throwIfNoEntry: false });
  const timeMs = folder === undefined ? -1 : folder.mtimeMs;
  if (timeMs === log.folderTimeMs) return false;
  log.folderTimeMs = nowMs - timeMs < SAME_TICK_MS ? 0 : timeMs;
  return true;
}
