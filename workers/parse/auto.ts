import type { Format } from '../../src/protocol.js';
import type { Window } from '../read/window.js';
import type { CriParser } from './cri.js';
import type { DockerParser } from './docker.js';

const NEWLINE = 0x0a;
/** How many lines are looked at before a file counts as raw. */
const MAX_LINES = 10;

/**
 * The format of the lines at `window.at`: that of the first of up to 10 lines that is CRI or Docker, else raw; null when
 * no line is complete. Reads on where the window holds fewer lines. A line longer than `holdBytes` is judged by its head.
 */
export async function detectFormat(
  window: Window,
  cri: CriParser,
  docker: DockerParser,
  slice: { to: number; final: boolean },
  holdBytes: number,
): Promise<Format | null> {
  let lines = 0;
  let ahead = 0;
  while (lines < MAX_LINES) {
    const start = window.at + ahead;
    const newline = window.bytes.indexOf(NEWLINE, start);
    const complete = newline < window.end;
    const held = window.end - start > holdBytes;
    if (!complete && !held && !window.ended && window.hasRoom) {
      await window.fill(slice.to);
      continue;
    }
    const rest = window.ended && slice.final && start < window.end;
    if (!complete && !held && !rest) break;
    const end = complete ? newline : window.end;
    const judged = Math.min(end, start + holdBytes);
    if (cri.accepts(start, judged)) return 'cri';
    if (docker.accepts(start, judged)) return 'docker';
    lines++;
    if (!complete) break;
    ahead = newline + 1 - window.at;
  }
  return lines === 0 ? null : 'raw';
}
