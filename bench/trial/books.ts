import type { Books } from '../../src/telemetry/books.js';

/** Reads the books out of the text of `/metrics`. */
export function booksIn(text: string): Books {
  const all = (name: string) => [...text.matchAll(new RegExp(`^sleipnir_${name}(?:{(.*)})? (\\S+)$`, 'gm'))];
  const value = (name: string) => all(name).reduce((sum, [, , of]) => sum + Number(of), 0);
  const byReason = (name: string) => {
    const sums: Record<string, number> = {};
    for (const [, labels = '', of] of all(name)) {
      const reason = /\breason="([^"]*)"/.exec(labels)?.[1] ?? '';
      sums[reason] = (sums[reason] ?? 0) + Number(of);
    }
    return sums;
  };
  return {
    linesRead: value('lines_read_total'),
    linesHeld: value('lines_held_total'),
    entriesReleased: value('entries_released_total'),
    entriesDropped: byReason('entries_dropped_total'),
    entriesRead: value('entries_read_total'),
    entriesStored: value('entries_stored_total'),
    entriesRefused: byReason('entries_refused_total'),
    entriesMissed: value('entries_missed_total'),
    entriesRecalled: value('entries_recalled_total'),
    entriesPending: value('entries_pending'),
    linesLost: byReason('lost_lines_total'),
    bytesLost: byReason('lost_bytes_total'),
  };
}

/** What does not come to the same in the books of one life, or of several together; null if all does. */
export function imbalanceOf(books: Books): string | null {
  const { linesRead, linesHeld, entriesReleased, entriesDropped, entriesRead } = books;
  const { entriesStored, entriesRefused, entriesMissed, entriesRecalled, entriesPending } = books;
  const [dropped, refused] = [sum(entriesDropped), sum(entriesRefused)];
  const made = linesRead + entriesReleased - linesHeld - dropped;
  if (entriesRead !== made)
    return `${linesRead} lines read + ${entriesReleased} released - ${linesHeld} held - ${dropped} dropped, but ${entriesRead} entries`;
  const told = entriesStored + refused + entriesMissed + entriesRecalled + entriesPending;
  if (entriesRead === told) return null;
  return `${entriesRead} entries read, but ${entriesStored} stored + ${refused} refused + ${entriesMissed} missed + ${entriesRecalled} recalled + ${entriesPending} pending`;
}

/** The books of several lives as one. */
export function addBooks(all: readonly Books[]): Books {
  const total = booksIn('');
  const add = (sums: Record<string, number>, more: Record<string, number>) => {
    for (const [reason, value] of Object.entries(more)) sums[reason] = (sums[reason] ?? 0) + value;
  };
  for (const books of all) {
    for (const key of Object.keys(total) as (keyof Books)[]) {
      const [sums, more] = [total[key], books[key]];
      if (typeof sums === 'object') add(sums, more as Record<string, number>);
      else (total[key] as number) = sums + (more as number);
    }
  }
  return total;
}

/** All reasons together. */
export function sum(byReason: Record<string, number>): number {
  return Object.values(byReason).reduce((total, value) => total + value, 0);
}

export const BOOKS_HEADING = ['books', 'lines', 'held', 'dropped', 'entries', 'stored', 'refused', 'lost', 'open'];

/** One row for a reader: of `lost` the lines, of `open` what is pending or will be read again. */
export function booksRow(name: string, books: Books): string[] {
  const { linesRead, linesHeld, entriesReleased, entriesDropped, entriesRead, entriesStored } = books;
  const { entriesRefused, entriesMissed, entriesRecalled, entriesPending, linesLost } = books;
  const open = entriesRecalled + entriesPending;
  const lost = sum(linesLost) + entriesMissed;
  const held = linesHeld - entriesReleased;
  const figures = [linesRead, held, sum(entriesDropped), entriesRead, entriesStored, sum(entriesRefused), lost, open];
  return [name, ...figures.map((value) => value.toLocaleString('en-US'))];
}

/** What has reasons, in words; empty if nothing has. */
export function reasonsIn({ entriesDropped, entriesRefused, linesLost, bytesLost }: Books): string {
  const terms = { dropped: entriesDropped, refused: entriesRefused, 'lines lost': linesLost, 'bytes lost': bytesLost };
  return Object.entries(terms)
    .flatMap(([term, byReason]) =>
      Object.entries(byReason).map(([reason, value]) => `${value.toLocaleString('en-US')} ${term} (${reason})`),
    )
    .join(', ');
}
