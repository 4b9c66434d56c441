import { errnoOf, SleipnirError } from '../errors.js';
import { type Files, nodeFiles } from './files.js';
import type { PositionRecord } from './record.js';
import { type Recovered, recover } from './recover.js';
import { unusable } from './state-dir.js';

/** How often the journal may be rewritten under our eyes before we give up. */
const ATTEMPTS = 10;

/**
 * The stored positions, sorted by path. Changes nothing, and may run beside the collector that writes them.
 * @throws SleipnirError `STATE_DIR_UNUSABLE`, `JOURNAL_UNREADABLE`
 */
export async function readPositions(stateDir: string, files: Files = nodeFiles): Promise<PositionRecord[]> {
  let recovered = await read(stateDir, files);
  // A file that has gone since the folder was listed was replaced by a newer one.
  for (let attempt = 1; attempt < ATTEMPTS && recovered.unreadable.some(isGone); attempt++) {
    recovered = await read(stateDir, files);
  }
  const [unreadable] = recovered.unreadable;
  if (unreadable !== undefined) {
    const { name, cause } = unreadable;
    throw new SleipnirError(
      'JOURNAL_UNREADABLE',
      `${name} in ${stateDir} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Run this as the user that the collector runs as.',
      { cause },
    );
  }
  return [...recovered.records.values()].sort((a, b) => (a.log < b.log ? -1 : 1));
}

async function read(stateDir: string, files: Files): Promise<Recovered> {
  try {
    return await recover(files, stateDir);
  } catch (cause) {
    throw unusable(stateDir, cause);
  }
}

function isGone({ cause }: { cause: unknown }): boolean {
  return errnoOf(cause) === 'ENOENT';
}
