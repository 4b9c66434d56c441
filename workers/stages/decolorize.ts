import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';

const ESCAPE = '\u001b';
const CSI = '\u009b';
/** Terminal control sequences: operating system commands to their end, and control sequences. */
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with one.
  /[\u001b\u009b][[\]()#;?]*(?:(?:(?:[a-zA-Z\d]*(?:;[a-zA-Z\d]*)*)?\u0007)|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PRZcf-ntqry=><~]))/y;
/** The pattern backtracks: of a sequence that never ends, no more is looked at than this. */
const MAX_SEQUENCE = 256;

export function accessDecolorize(): Access {
  return { reads: ['line'], writes: ['line'], pure: false };
}

/** Removes colours and other control sequences of terminals. */
export function compileDecolorize(): Stage {
  return {
    process(entry: Entry): boolean {
      const { line } = entry;
      if (!line.includes(ESCAPE) && !line.includes(CSI)) return true;
      const plain = strip(line);
      if (plain !== line) entry.line = plain;
      return true;
    },
  };
}

function strip(line: string): string {
  let plain = '';
  let at = 0;
  while (at < line.length) {
    let next = at;
    while (next < line.length && line[next] !== ESCAPE && line[next] !== CSI) next++;
    plain += line.slice(at, next);
    if (next === line.length) break;
    SEQUENCES.lastIndex = 0;
    const match = SEQUENCES.exec(line.slice(next, next + MAX_SEQUENCE));
    const length = match === null ? 0 : match[0].length;
    if (length === 0) plain += line[next];
    at = next + Math.max(1, length);
  }
  return plain;
}
