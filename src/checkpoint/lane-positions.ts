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
  /** What is put from now on belongs to this lane; see `moveToLanes`. */
  lane: string;
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
export function positionsOf(journal: Journal, lane: string): Positions {
  return {
    lane,
    recovery: journal.recovery,
    get unsynced() {
      return journal.unsynced;
    },
    records() {
      const records = new Map<string, PositionRecord>();
      for (const [key, record] of journal.records) {
        const owner = splitKey(key);
        if (owner.lane === this.lane) records.set(owner.path, { ...record, log: owner.path });
      }
      return records;
    },
    put(record) {
      journal.put({ ...record, log: keyOf(this.lane, record.log) });
    },
    forget(path) {
      journal.forget(keyOf(this.lane, path));
    },
    sync: () => journal.sync(),
  };
}

/** Keeps positions under the ids of other lanes, in the place of what is there; two may change names with each other. */
export function moveToLanes(moves: readonly { positions: Positions; lane: string }[]): void {
  const held = moves.map(({ positions }) => [...positions.records().values()]);
  for (const { positions } of moves) clear(positions);
  for (const [index, { positions, lane }] of moves.entries()) {
    positions.lane = lane;
    clear(positions);
    for (const record of held[index] ?? []) positions.put(record);
  }
}

function clear(positions: Positions): void {
  for (const path of positions.records().keys()) positions.forget(path);
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
  for (const { id, wants } of lanes) {
    if (byLane.has(id)) continue;
    const left = wantedOf(gone, wants);
    const found = left.size > 0 ? left : wantedOf([...byLane], wants);
    for (const [path, record] of found) journal.put({ ...record, log: keyOf(id, path) });
  }
  for (const [lane, records] of gone) for (const path of records.keys()) journal.forget(keyOf(lane, path));
}

type Records = Map<string, PositionRecord>;

function wantedOf(lanes: readonly [lane: string, records: Records][], wants: (path: string) => boolean): Records {
  const wanted: Records = new Map();
  for (const [, records] of lanes) {
    for (const [path, record] of records) {
      if (!wants(path)) continue;
      const other = wanted.get(path);
      // Of two that may be meant, the one behind: a repeat does less harm than a gap.
      if (other === undefined || unreadBytes(record) > unreadBytes(other)) wanted.set(path, record);
    }
  }
  return wanted;
}

function unreadBytes({ cursors }: PositionRecord): number {
  return cursors.reduce((sum, { size, offset }) => sum + size - offset, 0);
}
