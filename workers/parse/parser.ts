/** Reads the physical lines of one format. */
export interface LineParser {
  /**
   * Takes the line `bytes[start, end)`, newline not included. Returns false, with nothing changed, when the push has no
   * room for what the line completes.
   */
  line(start: number, end: number): boolean;
  /** Takes usual lines, many at a time; used while no partial line is open. */
  readonly loop?: LineLoop | null;
}

/** A loop over the lines that need no second look. */
export interface LineLoop {
  /** How many lines the last `take` took. */
  taken: number;
  /**
   * Takes the lines from `start` on, until one begins at `stop` or later, is not whole before `end`, is unusual, or finds
   * no room. Returns where that one begins. A newline must stand at `end`.
   */
  take(start: number, stop: number, end: number): number;
}
