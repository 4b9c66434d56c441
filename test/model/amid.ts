import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Calls by which the collector and its workers look at files: between two of them, anything may happen on a node. */
const LOOKS = ['readdirSync', 'statSync', 'lstatSync', 'openSync', 'fstatSync', 'readSync'] as const;

let onLook: (() => void) | null = null;

/** Makes every look at a file one in which others can act. To be called once in a process. */
export function watchLooks(): void {
  const calls = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of LOOKS) {
    const look = calls[name] as (...args: unknown[]) => unknown;
    calls[name] = (...args) => {
      const act = onLook;
      if (act === null) return look(...args);
      // Whoever acts looks at files as well.
      onLook = null;
      try {
        act();
      } finally {
        onLook = act;
      }
      return look(...args);
    };
  }
  syncBuiltinESMExports();
}

/** While `what` runs, `act` is called before each look at a file. */
export async function amid(act: () => void, what: () => Promise<void>): Promise<void> {
  onLook = act;
  try {
    await what();
  } finally {
    onLook = null;
  }
}
