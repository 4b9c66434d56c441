import { fstatSync, lstatSync, type Stats, statSync } from 'node:fs';
import { errnoOf } from '../errors.js';

/** What tells one file from another, and how large it is. */
export interface Sighting {
  /** Device and inode in decimal. */
  dev: string;
  ino: string;
  size: number;
  /** When it was made, which no rename changes, in milliseconds since the epoch; 0 where the file system does not say. */
  birthMs: number;
  isFile: boolean;
}

/**
 * Looks at a file by path; undefined if there is none. Bigints cost twice the time and four times the garbage, so they
 * are asked for only where a number would be cut short.
 *
 * @param onFailure told the code (EACCES, ELOOP, EIO, ...) where it cannot be looked at; then it is undefined as well
 */
export function sightPath(path: string, onFailure: (code: string) => void = () => {}): Sighting | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (isExact(stat)) return sightingOf(stat);
    const exact = statSync(path, { bigint: true, throwIfNoEntry: false });
    return exact === undefined ? undefined : { ...sightingOf(stat), dev: String(exact.dev), ino: String(exact.ino) };
  } catch (error) {
    onFailure(codeOf(error));
    return undefined;
  }
}

/** Whether there is a file, a folder or a link of this name, be it one that cannot be looked at. */
export function isNamed(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    codeOf(error);
    return true;
  }
}

/** What this name itself stands for, be it a link; undefined if there is nothing, or it cannot be looked at. */
export function statName(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    codeOf(error);
    return undefined;
  }
}

/** Modification time of a file or folder in milliseconds; -1 if there is none, or it cannot be looked at. */
export function modifiedMs(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;
  } catch (error) {
    codeOf(error);
    return -1;
  }
}

function codeOf(error: unknown): string {
  const code = errnoOf(error);
  if (code === undefined) throw error;
  return code;
}

/** Looks at an open file. */
export function sightDescriptor(fd: number): Sighting {
  const stat = fstatSync(fd);
  if (isExact(stat)) return sightingOf(stat);
  const exact = fstatSync(fd, { bigint: true });
  return { ...sightingOf(stat), dev: String(exact.dev), ino: String(exact.ino) };
}

function isExact({ dev, ino }: Stats): boolean {
  return Number.isSafeInteger(dev) && Number.isSafeInteger(ino);
}

function sightingOf(stat: Stats): Sighting {
  const { dev, ino, size, birthtimeMs: birthMs } = stat;
  return { dev: String(dev), ino: String(ino), size, birthMs, isFile: stat.isFile() };
}
