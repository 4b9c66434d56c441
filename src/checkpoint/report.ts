import { formatTable } from '../table.js';
import type { PositionRecord } from './record.js';

/** What `sleipnir positions` prints: where reading stands in each generation that is not finished. */
export function formatPositions(records: PositionRecord[]): string {
  const rows = records.flatMap(({ log, cursors }) =>
    cursors.length === 0
      ? [[log, 'all read', '', '', '']]
      : cursors.map(({ name, offset, size }) => [log, name, ...[offset, size, size - offset].map(String)]),
  );
  return formatTable([['CONTAINER LOG', 'GENERATION', 'POSITION', 'SIZE', 'UNREAD'], ...rows]);
}

/** The same as data. Of what is open at a position only the size is told: it holds bytes of the log. */
export function positionsJson(records: PositionRecord[]): unknown {
  return records.map(({ log, cursors }) => ({
    log,
    cursors: cursors.map(({ carry, ...cursor }) => ({ ...cursor, carryBytes: carry?.length ?? 0 })),
  }));
}
