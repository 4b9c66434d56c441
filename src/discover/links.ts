import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type GenerationName, readGenerationName } from '../chain/name.js';
import { errnoOf } from '../errors.js';

/** A link that leads to more links than that leads in a ring, as the system sees it (path_resolution(7)). */
const MAX_LINKS = 40;

/** The path that a link leads to in the end; there need not be a file. Null if the path is no link, or leads in a ring. */
export function targetOf(path: string): string | null {
  let target = path;
  try {
    for (let links = 0; links < MAX_LINKS; links += 1) {
      if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() !== true)
        return target === path ? null : target;
      target = resolve(dirname(target), readlinkSync(target));
    }
  } catch (error) {
    // Gone in between, or not to be looked at.
    if (errnoOf(error) === undefined) throw error;
  }
  return null;
}

/** What rotation has made of a file that a link leads to: it lies beside that, not beside the link. */
export function rotatedBeside(target: string): (GenerationName & { path: string })[] {
  const folder = dirname(target);
  const start = `${basename(target)}.`;
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  return names.flatMap((name) => {
    if (!name.startsWith(start)) return [];
    const path = `${folder}/${name}`;
    const read = readGenerationName(path);
    return read.log === target && read.suffix !== '' ? [{ ...read, path }] : [];
  });
}
