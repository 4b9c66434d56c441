import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What is to become of a line: `either` depends on chance or on time. */
export type Fate = 'sent' | 'dropped' | 'either';

/** What `dropping.alloy` does with a line, by its running number. */
export function dropping(number: number): Fate {
  const digit = number % 10;
  if (digit === 7 || digit === 3) return 'dropped';
  return digit === 5 || digit === 1 ? 'either' : 'sent';
}

/** A configuration of this folder's source: the build has no copies of files that are not compiled. */
export function readConfig(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../bench/trial/${name}`, import.meta.url)), 'utf8');
}
