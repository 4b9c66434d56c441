import type { Entry } from '../pipeline/entry.js';

/** What a stage with an optional `source` looks at. */
export function inputOf(source: string | null): (entry: Entry) => string | undefined {
  return source === null ? (entry) => entry.line : (entry) => entry.extracted.text(source);
}

export function inputKey(source: string | null): string {
  return source === null ? 'line' : `x:${source}`;
}

export function extractedKeys(names: Iterable<string>): string[] {
  return [...names].map((name) => `x:${name}`);
}

export function labelKeys(names: Iterable<string>): string[] {
  return [...names].map((name) => `l:${name}`);
}
