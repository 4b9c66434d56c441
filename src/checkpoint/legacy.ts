import { SleipnirError } from '../errors.js';
import type { ImportNote, ImportOptions } from './import.js';
import type { Journal } from './journal.js';
import { keyOf } from './lane-positions.js';

/** Positions of another collector, and what is read of a file whose position is no number. */
export interface LegacyPositions {
  file: string;
  onInvalid: NonNullable<ImportOptions['onInvalid']>;
}

export interface LegacyLane {
  id: string;
  legacyPositions: LegacyPositions | null;
  /** Its files are compressed, each a log of its own. */
  compressed: boolean;
  wants(path: string): boolean;
}

export interface LegacyOptions {
  onNote(note: ImportNote): void;
  /** A positions file that is missing or no positions file: it is done without. */
  onUnused(error: SleipnirError): void;
}

/**
 * Takes over the positions of another collector (`legacy_positions_file`) for each lane that names them. To be called at
 * the very first start only, before positions are taken up.
 * @throws SleipnirError `POSITIONS_FILE` if a file is there and cannot be read: without it, everything would be repeated
 */
export async function takeOverPositions(
  journal: Journal,
  lanes: readonly LegacyLane[],
  { onNote, onUnused }: LegacyOptions,
): Promise<void> {
  for (const { id, legacyPositions, compressed, wants } of lanes) {
    if (legacyPositions === null) continue;
    const { file, onInvalid } = legacyPositions;
    // Most starts import nothing.
    const { importPositionsFile } = await import('./import.js');
    try {
      const records = await importPositionsFile(file, { onInvalid, wanted: wants, compressed, onNote });
      for (const record of records) journal.put({ ...record, log: keyOf(id, record.log) });
    } catch (error) {
      if (!(error instanceof SleipnirError) || error.code === 'POSITIONS_FILE') throw error;
      onUnused(error);
    }
  }
}
