import { fstatSync, readSync } from 'node:fs';
import { SAME_TICK_MS } from '../discover/folder-cache.js';
import { errnoOf } from '../errors.js';
import type { ContainerLog } from './container-log.js';
import type { Generation } from './generation.js';
import { modifiedMs, sightPath } from './identity.js';

/** What one look at a chain's open files has shown. */
export interface PollResult {
  /** The names in the folder have changed, or may have: hold the chain against its folder. */
  look: boolean;
  /** Files that became shorter than what was read of them. */
  truncated: { generation: Generation; size: number }[];
}

/** The last byte of a file, and one that would come after it. */
const probe = Buffer.allocUnsafe(2);

const NOTHING: PollResult = { look: false, truncated: [] };

/**
 * Looks at the files of a chain for growth and truncation (a microsecond each), and at the time of their
 * folder for new names, renames and deletions (3 microseconds): a container that starts again writes a new file, and
 * its old one shows nothing of that.
 */
export function pollLog(log: ContainerLog, nowMs: number): PollResult {
  const { resting } = log;
  const look = folderChanged(log, nowMs);
  if (!look && resting !== null && resting.fd !== null && endsAt(resting.fd, resting.size)) return NOTHING;
  log.resting = null;
  const result: PollResult = { look, truncated: [] };
  for (const generation of log.generations) {
    if (generation.done || generation.frozen) continue;
    if (generation.fd === null) pollByPath(generation, nowMs, result);
    else noteSize(generation, fstatSync(generation.fd).size, nowMs, result);
  }
  return result;
}

/**
 * Whether a file ends there: it has a byte before, and none after. For a file that rests, `fstat` is as quick, but leaves
 * an object with four dates to the garbage collector (Node 20).
 */
function endsAt(fd: number, size: number): boolean {
  if (size === 0) return fstatSync(fd).size === 0;
  try {
    return readSync(fd, probe, 0, 2, size - 1) === 1;
  } catch (error) {
    // The disk is in trouble. It will be read again when it has grown, and that is tried again.
    if (errnoOf(error) === undefined) throw error;
    return fstatSync(fd).size === size;
  }
}

/** Whether nothing was written to a log that rests since it was looked at last. */
export function isAsRead({ resting }: ContainerLog): boolean {
  return resting !== null && resting.fd !== null && endsAt(resting.fd, resting.size);
}

/** The same, and its folder holds the same names. */
export function isAsLeft(log: ContainerLog): boolean {
  return isAsRead(log) && namesChangedMs(log) === log.folderTimeMs;
}

/** Looks at one open file again between two polls, to go on with a busy one at once. */
export function pollGeneration(generation: Generation, nowMs: number): PollResult {
  const result: PollResult = { look: false, truncated: [] };
  if (generation.fd === null || generation.packed || generation.done) return result;
  noteSize(generation, fstatSync(generation.fd).size, nowMs, result);
  return result;
}

function noteSize(generation: Generation, size: number, nowMs: number, result: PollResult): void {
  if (size === generation.size) return;
  generation.log.resting = null;
  if (size > generation.size) {
    // From here on it waits; until now there was nothing to do.
    if (generation.unsettledBytes === 0) generation.progressAtMs = nowMs;
    generation.size = size;
    generation.grownAtMs = nowMs;
  } else {
    result.truncated.push({ generation, size });
  }
}

/** Another file under its name is a change of the folder. */
function pollByPath(generation: Generation, nowMs: number, result: PollResult): void {
  if (generation.path === null) return;
  const seen = sightPath(generation.path);
  if (seen === undefined || seen.ino !== generation.ino) return;
  generation.opened(seen.size);
  noteSize(generation, seen.size, nowMs, result);
}

/** When the names of a log may have changed last: the later time of its folder, and of that where it is rotated. */
function namesChangedMs({ folder, home }: ContainerLog): number {
  const timeMs = modifiedMs(folder);
  return home === null ? timeMs : Math.max(timeMs, modifiedMs(home));
}

function folderChanged(log: ContainerLog, nowMs: number): boolean {
  const timeMs = namesChangedMs(log);
  if (timeMs === log.folderTimeMs) return false;
  log.folderTimeMs = nowMs - timeMs < SAME_TICK_MS ? 0 : timeMs;
  return true;
}
