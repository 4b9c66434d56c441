import { createRequire } from 'node:module';
import { nativePattern } from './native.js';

/**
 * The library of RE2. It takes 16 ms and 6 MiB to load, so it is loaded where it is first needed: of most patterns
 * `nativePattern` knows without it that RE2 takes them.
 */
export function re2js(): typeof import('re2js') {
  return createRequire(import.meta.url)('re2js');
}

/** The names of a pattern's groups, in their order. Throws RE2JSException if RE2 does not take the pattern. */
export function groupNames(pattern: string): string[] {
  const native = nativePattern(pattern);
  if (native !== null) return native.names.filter((name) => name !== null);
  return Object.keys(re2js().RE2JS.compile(pattern).namedGroups());
}
