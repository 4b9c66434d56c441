import type { Counted } from './metrics.js';
import type { Tally } from './tally.js';

type ByReason = Record<string, number>;

/**
 * What became of the lines of one life of the collector. At any moment
 * linesRead + entriesReleased = linesHeld + entriesDropped + entriesRead, and
 * entriesRead = entriesStored + entriesRefused + entriesMissed + entriesRecalled + entriesPending.
 */
export interface Books {
  linesRead: number;
  /** Parts of entries, and lines that a stage has held back or taken apart. */
  linesHeld: number;
  /** Made of what was held. */
  entriesReleased: number;
  /** By the configuration. */
  entriesDropped: ByReason;
  entriesRead: number;
  entriesStored: number;
  /** By Loki, for good. */
  entriesRefused: ByReason;
  /** A push that was made anew did not have them. */
  entriesMissed: number;
  /** Not waited for: they are read again. */
  entriesRecalled: number;
  entriesPending: number;
  /** Not read, as far as their lines could be counted. */
  linesLost: ByReason;
  /** Not read, in bytes; those of the lines above included. */
  bytesLost: ByReason;
}

/** The books as they stand, by reason. */
export function booksOf({ totals, dropped, refused, lostLines, lostBytes }: Counted, entriesPending: number): Books {
  const { linesRead, linesHeld, entriesReleased, entriesRead, entriesStored, entriesMissed, entriesRecalled } = totals;
  return {
    linesRead,
    linesHeld,
    entriesReleased,
    entriesDropped: byReason(dropped),
    entriesRead,
    entriesStored,
    entriesRefused: byReason(refused),
    entriesMissed,
    entriesRecalled,
    entriesPending,
    linesLost: byReason(lostLines),
    bytesLost: byReason(lostBytes),
  };
}

function byReason(tally: Tally<'reason'>): ByReason {
  const sums: ByReason = {};
  for (const { labels, value } of tally.sums) sums[labels.reason] = (sums[labels.reason] ?? 0) + value;
  return sums;
}
