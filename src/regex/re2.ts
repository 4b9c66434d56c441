import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import type { GroupNames } from './expand.js';
import { distinctNames } from './names.js';
import { nativePattern } from './native.js';

/**
 * Most instructions of a regex. Each may cost a step for each character of a line, where as many states come up as it can
 * tell apart: measured, 0.5 s for 100 KB with this many in a chain, a few seconds with assertions between them.
 */
export const MAX_INSTRUCTIONS = 10_000;

/**
 * The library of RE2. It takes 16 ms and 6 MiB to load, so it is loaded where it is first needed: of most patterns
 * `nativePattern` knows without it that RE2 takes them.
 */
export function re2js(): typeof import('re2js') {
  return createRequire(import.meta.url)('re2js');
}

/** A pattern compiled by the library. Its own names of groups are not those of the pattern: `names` are. */
export interface Re2 {
  re2: RE2JS;
  names: GroupNames;
}

/** Compiles a pattern as Go does, with groups of the same name. Throws RE2JSException if RE2 does not take it. */
export function compileRe2(pattern: string): Re2 {
  const { RE2JS, RE2JSSyntaxException } = re2js();
  const distinct = distinctNames(pattern);
  try {
    const re2 = RE2JS.compile(distinct.pattern);
    const names: (string | null)[] = new Array(re2.groupCount()).fill(null);
    for (const [name, index] of Object.entries(re2.namedGroups())) names[index - 1] = distinct.restored(name);
    return { re2, names };
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    throw new RE2JSSyntaxException(error.getDescription(), distinct.restored(error.getPattern() ?? ''));
  }
}

/** The names of a pattern's groups, in their order. Throws RE2JSException if RE2 does not take the pattern. */
export function groupNames(pattern: string): string[] {
  const { names } = nativePattern(pattern) ?? compileRe2(pattern);
  return names.filter((name) => name !== null);
}
