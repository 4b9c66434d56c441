import { type PushWriter, STDERR, STDOUT, type StreamKind } from '../encode/push.js';
import type { Memory } from '../memory.js';
import type { PartialJoiner } from './join.js';
import type { MalformedLines } from './malformed.js';
import type { LineLoop, LineParser } from './parser.js';
import { TimestampParser } from './timestamp.js';
import type { UnstampedLines } from './unstamped.js';

const SPACE = 0x20;
const COLON = 0x3a;
const CARRIAGE_RETURN = 0x0d;
const FULL = 0x46;
const PARTIAL = 0x50;
/** No runtime writes more than one tag; without a limit a line could be all tags, and its cut would go unmarked. */
const MAX_TAGS_BYTES = 256;

const STDO = 0x6f647473;
const STDE = 0x65647473;
const UT = 0x7475;
const RR = 0x7272;

/**
 * Lines as container runtimes write them (Kubernetes, "CRI: log management"):
 * `2006-01-02T15:04:05.999999999Z stdout F content`. Tags are separated by colons; the first says whether the entry ends
 * here (F) or goes on in the next line of the stream (P). Content, with the space before it, may be missing.
 */
export class CriParser implements LineParser {
  loop: LineLoop | null = null;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #push: PushWriter;
  readonly #joiner: PartialJoiner;
  readonly #lines: UnstampedLines;
  readonly #malformed: MalformedLines;
  readonly #timestamp: TimestampParser;
  #kind: StreamKind = STDOUT;
  #partial = false;

  constructor(
    memory: Memory,
    push: PushWriter,
    joiner: PartialJoiner,
    lines: UnstampedLines,
    malformed: MalformedLines,
  ) {
    this.#bytes = memory.bytes;
    this.#view = memory.view;
    this.#push = push;
    this.#joiner = joiner;
    this.#lines = lines;
    this.#malformed = malformed;
    this.#timestamp = new TimestampParser(memory);
  }

  line(start: number, end: number): boolean {
    const content = this.#head(start, end);
    if (content < 0) return this.#malformed.line(start, end);
    const timestamp = this.#timestamp;
    const seconds = timestamp.seconds;
    const nanos = timestamp.nanos;
    let taken: boolean;
    if (this.#partial) {
      taken = this.#joiner.part(this.#kind, content, end, seconds, nanos);
    } else {
      const to = end > content && this.#bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
      if (this.#joiner.pending) {
        taken = this.#joiner.end(this.#kind, content, to, seconds, nanos);
      } else {
        this.#push.setSecond(seconds);
        taken = this.#push.put(this.#kind, content, to, nanos);
      }
    }
    if (taken) this.#lines.follow(seconds, nanos);
    return taken;
  }

  /** Whether `bytes[start, end)` is a CRI line. Changes nothing that matters. */
  accepts(start: number, end: number): boolean {
    return this.#head(start, end) >= 0;
  }

  /** Where the content of the line begins, or -1 if it is no CRI line. Leaves the rest of the head in fields. */
  #head(start: number, end: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const after = this.#timestamp.parse(start, end);
    // ` stdout F` must still fit.
    if (after < 0 || end - after < 9 || bytes[after] !== SPACE || bytes[after + 7] !== SPACE) return -1;
    const word = view.getInt32(after + 1, true);
    const rest = view.getInt16(after + 5, true);
    if (word === STDO && rest === UT) this.#kind = STDOUT;
    else if (word === STDE && rest === RR) this.#kind = STDERR;
    else return -1;
    const tag = bytes[after + 8];
    if (tag !== FULL && tag !== PARTIAL) return -1;
    this.#partial = tag === PARTIAL;
    const at = after + 9;
    if (at < end && bytes[at] === SPACE) return at + 1;
    return this.#afterTags(at, end);
  }

  #afterTags(at: number, end: number): number {
    const bytes = this.#bytes;
    if (at === end || (bytes[at] === CARRIAGE_RETURN && at + 1 === end)) return end;
    if (bytes[at] !== COLON) return -1;
    const most = Math.min(end, at + MAX_TAGS_BYTES);
    for (let i = at + 1; i < most; i++) if (bytes[i] === SPACE) return i + 1;
    return most === end ? end : -1;
  }
}
