const NEWLINE = 0x0a;

/** A line of the input; it holds until the next one is asked for. */
export interface InputLine {
  bytes: Buffer;
  from: number;
  to: number;
  /** Where it begins in the input. */
  offset: number;
  /** Its end is missing, since it is longer than `holdBytes`. */
  cut: boolean;
}

/** Cuts input that comes in pieces into lines. Keeps no more than one line, and of that no more than `holdBytes`. */
export class InputLines {
  readonly #holdBytes: number;
  #rest: Buffer = Buffer.alloc(0);
  /** Offset in the input of the first byte of `#rest`. */
  #offset = 0;
  /** Inside a line whose head was taken. */
  #skips = false;

  constructor(holdBytes: number) {
    this.#holdBytes = holdBytes;
  }

  /** Nothing was added yet. */
  get isEmpty(): boolean {
    return this.#offset === 0 && this.#rest.length === 0 && !this.#skips;
  }

  /** The lines that `piece` completes. */
  *add(piece: Uint8Array): Generator<InputLine> {
    const bytes = this.#rest.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#rest, piece]);
    let at = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, at);
      const end = newline < 0 ? bytes.length : newline;
      const cut = end - at > this.#holdBytes;
      if (newline < 0 && !cut) break;
      if (!this.#skips) yield { bytes, from: at, to: cut ? at + this.#holdBytes : end, offset: this.#offset + at, cut };
      this.#skips = newline < 0;
      at = newline < 0 ? end : newline + 1;
    }
    // What is skipped need not be kept.
    if (this.#skips) at = bytes.length;
    this.#rest = Buffer.from(bytes.subarray(at));
    this.#offset += at;
  }

  /** The last line, if no newline ends it. */
  *end(): Generator<InputLine> {
    const bytes = this.#rest;
    if (bytes.length > 0) yield { bytes, from: 0, to: bytes.length, offset: this.#offset, cut: false };
  }
}
