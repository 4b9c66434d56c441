/** Reads the physical lines of one format. */
export interface LineParser {
  /**
   * Takes the line `bytes[start, end)`, newline not included. Returns false, with nothing changed, when the push has no
   * room for what the line completes.
   */
  line(start: number, end: number): boolean;
}
