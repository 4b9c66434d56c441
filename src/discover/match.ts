import picomatch from 'picomatch';
import { type GenerationName, readGenerationName } from '../chain/name.js';

/** Tells whether a path is a generation of a log that is to be collected, and of which. */
export type Matcher = (path: string) => GenerationName | null;

/**
 * Whether the path of a current generation is wanted.
 *
 * @param paths globs, absolute (`SLEIPNIR_PATHS`)
 * @param exclude globs of what to leave out (`SLEIPNIR_EXCLUDE`)
 */
export function createFileMatch(paths: readonly string[], exclude: readonly string[]): (path: string) => boolean {
  const options = { dot: true };
  const wanted = picomatch([...paths], options);
  const unwanted = exclude.length === 0 ? () => false : picomatch([...exclude], options);
  return (path) => wanted(path) && !unwanted(path);
}

/** The same for every generation, by the path that is its container log's. */
export function matcherOf(isWanted: (path: string) => boolean): Matcher {
  // A listing names the generations of a log one after the other, and there may be hundreds.
  let asked = { log: '', wanted: false };
  return (path) => {
    if (path.endsWith('.tmp')) return null;
    const name = readGenerationName(path);
    const { log } = name;
    if (log !== asked.log) asked = { log, wanted: isWanted(log) };
    return asked.wanted ? name : null;
  };
}

/** Takes each file for the compressed whole of a log, whatever its name says of rotation. */
export function compressedMatcherOf(isWanted: (path: string) => boolean): Matcher {
  return (path) => (isWanted(path) ? { log: path, suffix: '', gzip: true } : null);
}

export function createMatcher(paths: readonly string[], exclude: readonly string[]): Matcher {
  return matcherOf(createFileMatch(paths, exclude));
}
