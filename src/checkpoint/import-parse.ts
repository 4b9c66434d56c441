import { parse } from 'yaml';
import { SleipnirError } from '../errors.js';

/** What another collector has stored for one file. */
export interface ForeignPosition {
  path: string;
  /** What is stored, as it is written: a whole number, if nothing is wrong with it. */
  value: string;
}

/**
 * Reads the positions file of Alloy (`positions.yml`: keys are maps of path and labels) or of Promtail and the static
 * mode of the Agent (`positions.yaml`: keys are paths). A file that was read with several label sets is there several
 * times. What is no position in a file is left out.
 * @throws SleipnirError `POSITIONS_UNREADABLE`
 */
export function parsePositions(text: string): ForeignPosition[] {
  let document: unknown;
  try {
    document = parse(text, { mapAsMap: true, intAsBigInt: true, uniqueKeys: false, logLevel: 'silent' });
  } catch (cause) {
    throw unreadable(reasonOf(cause), cause);
  }
  if (document === null) return [];
  const entries = document instanceof Map ? (document.get('positions') ?? new Map()) : null;
  if (!(entries instanceof Map)) throw unreadable('it has no map "positions"');
  const positions: ForeignPosition[] = [];
  for (const [key, value] of entries) {
    const path: unknown = key instanceof Map ? key.get('path') : key;
    // Other sources keep a cursor under a name that is no path.
    if (typeof path === 'string' && path.startsWith('/')) {
      positions.push({ path, value: value === null ? '' : String(value) });
    }
  }
  return positions;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'it is not YAML';
  const [firstLine = ''] = cause.message.split('\n');
  return firstLine.replace(/:$/, '');
}

function unreadable(why: string, cause?: unknown): SleipnirError {
  return new SleipnirError(
    'POSITIONS_UNREADABLE',
    `the positions file cannot be read: ${why}`,
    'Give the positions.yml of Alloy (in its storage path, below the name of the component) or the positions.yaml of Promtail.',
    { cause },
  );
}
