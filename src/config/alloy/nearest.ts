/** Names that differ more in length are not meant, and need not be compared. */
const MAX_LENGTH_DIFFERENCE = 8;

/** The name that comes nearest to what was written, or null if none is near enough to be meant. */
export function nearest(written: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let least = (written.length < 4 ? 1 : Math.max(2, Math.floor(written.length / 3))) + 1;
  for (const name of names) {
    if (Math.abs(written.length - name.length) > MAX_LENGTH_DIFFERENCE) continue;
    const away = distance(written, name);
    if (away < least) {
      best = name;
      least = away;
    }
  }
  return best;
}

/** Edit distance (Levenshtein) from what was written to what was meant. `leftOut`: what it costs to leave out a letter. */
export function distance(from: string, to: string, leftOut = 1): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i * leftOut);
  for (const letter of from) {
    const above = row;
    row = [above[0]! + 1];
    for (let i = 1; i <= to.length; i++) {
      row.push(Math.min(above[i - 1]! + (to[i - 1] === letter ? 0 : 1), above[i]! + 1, row[i - 1]! + leftOut));
    }
  }
  return row[to.length]!;
}
