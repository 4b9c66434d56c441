import { STDERR, STDOUT, type StreamKind } from '../encode/push.js';
import { readText } from '../pipeline/text.js';

const SPACE = 0x20;
const PARTIAL = 0x50;
const FULL = 0x46;
/** The fourth letter of `stdout`. */
const LETTER_O = 0x6f;
const STREAM_BYTES = 6;
const STDOUT_NAME = Buffer.from('stdout');
const STDERR_NAME = Buffer.from('stderr');

/** Length of the white space that begins at `at`, as Unicode has it; 0 if there is none. */
function spaceAt(bytes: Buffer, at: number, to: number): number {
  const byte = bytes[at]!;
  if (byte === SPACE || (byte >= 0x09 && byte <= 0x0d)) return 1;
  if (byte < 0xc2 || at + 1 >= to) return 0;
  if (byte === 0xc2) return bytes[at + 1] === 0x85 || bytes[at + 1] === 0xa0 ? 2 : 0;
  return byte >= 0xe1 && byte <= 0xe3 && /^\s/u.test(readText(bytes, at, Math.min(to, at + 3))) ? 3 : 0;
}

function isAt(bytes: Buffer, at: number, text: Buffer): boolean {
  for (let i = 0; i < STREAM_BYTES; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/**
 * Reads the head of a CRI line as `stage.cri` does, which takes more for one than `CriParser`: the timestamp is all up to
 * the first white space, the flag may be missing, and tags are content.
 */
export class CriHead {
  /** Where the timestamp ends. */
  timeTo = 0;
  kind: StreamKind = STDOUT;
  partial = false;
  contentFrom = 0;

  /**
   * Whether `bytes[from, to)` begins with a head. `timeTo`: where its timestamp ends, if that is known, and that a stream
   * follows; else -1.
   */
  read(bytes: Buffer, from: number, to: number, timeTo: number): boolean {
    let at = timeTo;
    if (at < 0) {
      at = from;
      while (at < to && spaceAt(bytes, at, to) === 0) at++;
    }
    this.timeTo = at;
    if (bytes[at++] !== SPACE || at + STREAM_BYTES >= to) return false;
    if (timeTo >= 0) this.kind = bytes[at + 3] === LETTER_O ? STDOUT : STDERR;
    else if (isAt(bytes, at, STDOUT_NAME)) this.kind = STDOUT;
    else if (isAt(bytes, at, STDERR_NAME)) this.kind = STDERR;
    else return false;
    at += STREAM_BYTES;
    if (bytes[at++] !== SPACE) return false;
    const flag = at < to ? bytes[at]! : 0;
    this.partial = flag === PARTIAL;
    if (this.partial || flag === FULL) at++;
    if (at < to && bytes[at] === SPACE) at++;
    this.contentFrom = at;
    return true;
  }
}
