const NEWLINE = 0x0a;

/** How lines end in a file. */
export interface LineEnds {
  /** How many bytes a newline has. */
  readonly width: 1 | 2;
  /**
   * Where the first newline that is whole in `bytes[at, end)` begins; `end` if there is none. The byte of a newline stands
   * at `bytes[end]`, and ends the search; `origin` is the offset of `bytes[0]` in the file.
   */
  find(bytes: Buffer, at: number, end: number, origin: number): number;
}

/** In UTF-8, and in everything else that is one byte a character below 0x80. */
export const BYTE_ENDS: LineEnds = {
  width: 1,
  find: (bytes, at, end) => Math.min(end, bytes.indexOf(NEWLINE, at)),
};

/** In UTF-16, where the byte of a newline is also half of other characters: characters begin at even offsets. */
function wideEnds(little: boolean): LineEnds {
  const before = little ? 0 : 1;
  return {
    width: 2,
    find: (bytes, at, end, origin) => {
      for (let i = bytes.indexOf(NEWLINE, at); i < end; i = bytes.indexOf(NEWLINE, i + 1)) {
        const start = i - before;
        if ((origin + start) % 2 !== 0 || start < at) continue;
        if (bytes[little ? i + 1 : start] === 0) return start;
      }
      return end;
    },
  };
}

const UTF16_LE = wideEnds(true);
const UTF16_BE = wideEnds(false);

/** `encoding` is one of the names that a TextDecoder gives itself. */
export function lineEndsOf(encoding: string | null): LineEnds {
  if (encoding === 'utf-16le') return UTF16_LE;
  return encoding === 'utf-16be' ? UTF16_BE : BYTE_ENDS;
}
