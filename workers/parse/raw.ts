import type { LineParser } from './parser.js';
import type { UnstampedLines } from './unstamped.js';

/** Every line is an entry, byte for byte. */
export class RawParser implements LineParser {
  readonly #lines: UnstampedLines;

  constructor(lines: UnstampedLines) {
    this.#lines = lines;
  }

  line(start: number, end: number): boolean {
    return this.#lines.line(start, end);
  }
}
