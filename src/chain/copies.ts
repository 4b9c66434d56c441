import type { Former, Generation } from './generation.js';
import { compareSuffixes } from './name.js';

/**
 * A file that came while another was the current one: a copy of what that was till then. Which of the things it was, is
 * not sure.
 */
export interface Copy {
  generation: Generation;
  /** Epoch of the current one, as far as truncations had been seen, when this was taken for a copy. */
  epoch: number;
}

/**
 * How many unread bytes of truncated files are in no copy, where nothing was read that would tell which copy is of what.
 * Copies are made in the order of the truncations, though not of each, and of truncations between two looks nobody
 * knows; so, of all pairs that keep the order, those hold that lose the least. What has surely been found in a copy is
 * paired with a later one if it was longer than its own: then it was truncated unseen before, and the size is of what
 * came next.
 *
 * @param formers in the order of their truncation
 * @param copies those of which it is not sure what they are of
 * @returns the bytes, and the copies behind those that were needed
 */
export function pairInOrder(
  formers: readonly Former[],
  copies: readonly Copy[],
): { lostBytes: number; left: readonly Copy[] } {
  const ordered = [...copies].sort((a, b) => compareSuffixes(a.generation.suffix, b.generation.suffix));
  /** The least loss of the formers so far, for each number of copies that they may have. */
  let least = Array.from({ length: copies.length + 1 }, () => 0);
  for (const former of formers) {
    const next: number[] = [];
    for (const [index, before] of least.entries()) {
      const alone = before + lostWith(former, null);
      const copy = ordered[index - 1];
      if (copy === undefined) next.push(alone);
      else {
        const paired = (least[index - 1] as number) + lostWith(former, copy.generation);
        next.push(Math.min(alone, paired, next[index - 1] as number));
      }
    }
    least = next;
  }
  const lostBytes = least.at(-1) as number;
  return { lostBytes, left: ordered.slice(least.indexOf(lostBytes)) };
}

/**
 * Bytes of what was truncated that are neither read, nor in the copy that it was surely found in, nor in the other one.
 * Without any, what was to be read once more for a push is lost as well.
 */
function lostWith({ size, read, copy, sure, flights }: Former, other: Generation | null): number {
  const own = sure ? copy : null;
  const isLater = other !== null && (own === null || compareSuffixes(own.suffix, other.suffix) < 0);
  const copied = Math.max(bytesIn(own), isLater ? bytesIn(other) : 0);
  const gone = copied > 0 || copy !== null ? 0 : flights.reduce((sum, { goneBytes }) => sum + goneBytes, 0);
  return gone + Math.max(0, size - Math.max(read.offset, copied));
}

/** Of a compressed copy that was never open nobody knows that it lacks anything. */
function bytesIn(copy: Generation | null): number {
  if (copy === null) return 0;
  return Number.isFinite(copy.size) || copy.saidBytes > 0 ? copy.knownBytes : Number.POSITIVE_INFINITY;
}
