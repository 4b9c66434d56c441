import type { Format, Mark } from '../protocol.js';

/** Where reading stands in one generation. */
export interface Cursor {
  /** Device and inode in decimal. */
  dev: string;
  ino: string;
  /** File name when it was last seen: `0.log`, `0.log.20261122-113905`. */
  name: string;
  head: Mark | null;
  tail: Mark | null;
  /** In plain bytes: everything before it is settled. */
  offset: number;
  /** Largest plain size seen, in bytes: tells how much is lost when the generation is gone. */
  size: number;
  format: Format | null;
  /** What was open at `offset`; opaque. */
  carry: Uint8Array | null;
  /** Stands for a file that is gone. */
  gap?: true | undefined;
}

/**
 * The stored position of one container log. After a restart, generations older than the first cursor are done, but for
 * those that came since; those with a cursor go on at it, the others begin at 0.
 */
export interface PositionRecord {
  /** Path of the current generation: what the record is stored under. */
  log: string;
  /** Oldest generation first. */
  cursors: Cursor[];
  /**
   * The newest time in the name of a generation that is done, as in its name; null if there was none. A file with a newer
   * one that is older than the first cursor is a copy of that, made since. Earlier journals do not say.
   */
  doneThrough?: string | null | undefined;
}
