import picomatch from 'picomatch';
import { type GenerationName, readGenerationName } from '../chain/name.js';

/** Tells whether a path is a generation of a log that is to be collected, and of which. */
export type Matcher = (path: string) => GenerationName | null;

/**
 * @param paths globs of current generations, absolute (`SLEIPNIR_PATHS`)
 * @param exclude globs of current generations to leave out (`SLEIPNIR_EXCLUDE`)
 */
export function createMatcher(paths: readonly string[], exclude: readonly string[]): Matcher {
  const options = { dot: true };
  const wanted = picomatch([...paths], options);
  const unwanted = exclude.length === 0 ? () => false : picomatch([...exclude], options);
  return (path) => {
    if (path.endsWith('.tmp')) return null;
    const name = readGenerationName(path);
    return wanted(name.log) && !unwanted(name.log) ? name : null;
  };
}
