import { type ImportNote, importPositionsFile } from '../checkpoint/import.js';
import { openJournal } from '../checkpoint/journal.js';
import { lockStateDir } from '../checkpoint/lock.js';
import type { CheckpointProblem } from '../checkpoint/problem.js';
import type { PositionRecord } from '../checkpoint/record.js';
import { formatPositions } from '../checkpoint/report.js';
import { SleipnirError } from '../errors.js';
import { printable } from '../table.js';

export interface PositionsImportOptions {
  file: string;
  stateDir: string;
  /** Replace the positions that are there. */
  force: boolean;
  /** Whether the log of this path is collected; all are, if that is not known. */
  wanted?: (path: string) => boolean;
  out: (text: string) => void;
  /** For what the user should know. */
  err: (text: string) => void;
}

/**
 * `sleipnir positions import FILE`: takes over the positions of Alloy or Promtail, and prints them.
 * @throws SleipnirError `POSITIONS_MISSING`, `POSITIONS_FILE`, `POSITIONS_UNREADABLE`, `POSITIONS_EXIST`, `POSITIONS_NOT_STORED`, `STATE_DIR_LOCKED`, `STATE_DIR_UNUSABLE`
 */
export async function positionsImport(options: PositionsImportOptions): Promise<void> {
  const { file, stateDir, err } = options;
  const notes: ImportNote[] = [];
  const wanted = options.wanted === undefined ? {} : { wanted: options.wanted };
  let unwanted = 0;
  const records = await importPositionsFile(file, {
    ...wanted,
    onUnwanted: () => {
      unwanted += 1;
    },
    onNote: (note) => notes.push(note),
  });
  await store(records, options);
  for (const { path, message } of notes) err(`${printable(path)}: ${message}\n`);
  if (unwanted > 0) err(`${unwanted} positions are of files that are not collected, and left out\n`);
  err(`${records.length} positions imported into ${stateDir}\n`);
  options.out(formatPositions(records));
}

async function store(records: readonly PositionRecord[], { stateDir, force, err }: PositionsImportOptions) {
  const onProblem = ({ message, advice }: CheckpointProblem): void => err(`${message}\n${advice}\n`);
  const lock = await lockStateDir(stateDir, { onProblem });
  try {
    const journal = await openJournal(stateDir, { onProblem });
    try {
      if (journal.records.size > 0) {
        if (!force) throw exist(stateDir, journal.records.size);
        for (const log of [...journal.records.keys()]) journal.forget(log);
      }
      for (const record of records) journal.put(record);
      await journal.sync();
      if (journal.unsynced > 0) throw notStored(stateDir);
    } finally {
      await journal.close();
    }
  } finally {
    await lock.release();
  }
}

function exist(stateDir: string, count: number): SleipnirError {
  return new SleipnirError(
    'POSITIONS_EXIST',
    `${stateDir} has positions of ${count} logs already, which are newer than those of another collector`,
    'Nothing was changed. To forget them and begin where the other collector ended, give --force.',
  );
}

function notStored(stateDir: string): SleipnirError {
  return new SleipnirError(
    'POSITIONS_NOT_STORED',
    `the positions could not be stored in ${stateDir}`,
    'Check the disk and the permissions of the state directory, and run this again.',
  );
}
