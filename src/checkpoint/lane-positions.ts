import type { Journal, Recovery } from './journal.js';
import type { PositionRecord } from './record.js';

/** The positions of one lane, as a collector needs them. */
export interface Positions {
  readonly recovery: Pick<Recovery, 'firstStart'>;
  readonly unsynced: number;
  /** By path of the container log. */
  records(): Map<string, PositionRecord>;
  put(record: PositionRecord): void;
  forget(path: string): void;
  sync(): Promise<void>;
  /** They are kept under another lane's id from now on, in the place of what is there. */
  rename(lane: string): void;
}

/** Under what the journal keeps a position: the path, behind the id of the lane if that has one. */
export function keyOf(lane: string, path: string): string {
  return lane === '' ? path : `${lane} ${path}`;
}

/** The lane and the path of a key. Ids hold no space, and every path begins with a slash. */
export function splitKey(key: string): { lane: string; path: string } {
  const at = key.startsWith('/') ? -1 : key.indexOf(' ');
  return { lane: key.slice(0, Math.max(0, at)), path: key.slice(at + 1) };
}

/** The part of a journal that belongs to a lane. */
export function positionsOf(journal: Journal, id: string): Positions {
  let lane = id;
  return {
    recovery: journal.recovery,
    get unsynced() {
      return journal.unsynced;
    },
    records() {
      const records = new Map<string, PositionRecord>();
      for (const [key, record] of journal.records) {
        const owner = splitKey(key);
        if (owner.lane === lane) records.set(owner.path, record);
      }
      return records;
    },
    put: (record) => journal.put({ ...record, log: keyOf(lane, record.log) }),
    forget: (path) => journal.forget(keyOf(lane, path)),
    sync: () => journal.sync(),
    rename(next) {
      if (next === lane) return;
      const records = this.records();
      for (const path of positionsOf(journal, next).records().keys()) journal.forget(keyOf(next, path));
      for (const [path, record] of records) {
        journal.put({ ...record, log: keyOf(next, path) });
        journal.forget(keyOf(lane, path));
      }
      lane = next;
    },
  };
}

/**
 * Gives positions to lanes that have none: those of lanes that are gone (they were renamed), else those of a lane that
 * reads the same files (an endpoint was added, and gets what is new). Then forgets those of lanes that are gone.
 */
export function inheritPositions(
  journal: Journal,
  lanes: readonly { id: string; wants(path: string): boolean }[],
): void {
  const ids = new Set(lanes.map(({ id }) => id));
  const byLane = new Map<string, Map<string, PositionRecord>>();
  for (const [key, record] of journal.records) {
    const { lane, path } = splitKey(key);
    const records = byLane.get(lane) ?? new Map<string, PositionRecord>();
    byLane.set(lane, records.set(path, record));
  }
  const gone = [...byLane].filter(([lane]) => !ids.has(lane));
  const sources = gone.length > 0 ? gone : [...byLane];
  for (const { id, wants } of lanes) {
    if (byLane.has(id)) continue;
    const merged = new Map<string, PositionRecord>();
    for (const [, records] of sources) {
      for (const [path, record] of records) {
        if (!wants(path)) continue;
        const other = merged.get(path);
        // Of two that may be meant, the one behind: a repeat does less harm than a gap.
        if (other === undefined || unreadBytes(record) > unreadBytes(other)) merged.set(path, record);
      }
    }
    for (const [path, record] of merged) journal.put({ ...record, log: keyOf(id, path) });
  }
  for (const [lane, records] of gone) for (const path of records.keys()) journal.forget(keyOf(lane, path));
}

function unreadBytes({ cursors }: PositionRecord): number {
  return cursors.reduce((sum, { size, offset }) => sum + size - offset, 0);
}
