import { readdirSync } from 'node:fs';
import fastGlob from 'fast-glob';
import { type FoundFile, findFile } from '../chain/listing.js';
import { errnoOf } from '../errors.js';
import type { Matcher } from './match.js';

/** The files there are, by the container log they belong to. */
export type Found = Map<string, FoundFile[]>;

/**
 * Finds every generation of every wanted log, without help of any hint.
 *
 * @param paths globs of current generations; rotated ones are found by what rotation appends to their names
 */
export async function scan(paths: readonly string[], matcher: Matcher): Promise<Found> {
  const patterns = paths.flatMap((path) => [path, `${path}.*`]);
  const names = await fastGlob(patterns, { dot: true, suppressErrors: true, followSymbolicLinks: true });
  return gather(names, matcher);
}

/** Finds the generations in one folder. A folder that is gone or may not be read has none. */
export function scanFolder(folder: string, matcher: Matcher): Found {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return new Map();
  }
  return gather(
    names.map((name) => `${folder}/${name}`),
    matcher,
  );
}

function gather(paths: readonly string[], matcher: Matcher): Found {
  const found: Found = new Map();
  for (const path of paths) {
    const name = matcher(path);
    if (name === null) continue;
    const file = findFile(path, name);
    if (file === null) continue;
    const files = found.get(name.log);
    if (files === undefined) found.set(name.log, [file]);
    else files.push(file);
  }
  return found;
}
