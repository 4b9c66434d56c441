import type { UnstampedLines } from './unstamped.js';

/** Ships lines that are not what their file's format says as they are, and counts them. */
export class MalformedLines {
  count = 0;
  readonly #lines: UnstampedLines;

  constructor(lines: UnstampedLines) {
    this.#lines = lines;
  }

  line(start: number, end: number): boolean {
    if (!this.#lines.line(start, end)) return false;
    this.count++;
    return true;
  }
}
