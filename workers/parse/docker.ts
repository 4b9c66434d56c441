import { type PushWriter, STDERR, STDOUT, type StreamKind } from '../encode/push.js';
import type { Memory } from '../memory.js';
import type { PartialJoiner } from './join.js';
import { JsonScanner, unescapeInto } from './json.js';
import type { MalformedLines } from './malformed.js';
import type { LineParser } from './parser.js';
import { TimestampParser } from './timestamp.js';
import type { UnstampedLines } from './unstamped.js';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Lines of Docker's json-file driver: `{"log":"content\n","stream":"stdout","time":"2006-01-02T15:04:05.999999999Z"}`,
 * keys in any order, others ignored. A `log` without a newline at its end goes on in the next line of the stream.
 */
export class DockerParser implements LineParser {
  readonly #bytes: Buffer;
  readonly #scratchAt: number;
  readonly #push: PushWriter;
  readonly #joiner: PartialJoiner;
  readonly #lines: UnstampedLines;
  readonly #malformed: MalformedLines;
  readonly #timestamp: TimestampParser;
  readonly #json: JsonScanner;
  #kind: StreamKind = STDOUT;
  #logFrom = 0;
  #logTo = 0;
  #logEscapes = 0;
  #logLastEscape = 0;

  constructor(
    memory: Memory,
    push: PushWriter,
    joiner: PartialJoiner,
    lines: UnstampedLines,
    malformed: MalformedLines,
  ) {
    this.#bytes = memory.bytes;
    this.#scratchAt = memory.scratchAt;
    this.#push = push;
    this.#joiner = joiner;
    this.#lines = lines;
    this.#malformed = malformed;
    this.#timestamp = new TimestampParser(memory);
    this.#json = new JsonScanner(memory.bytes);
  }

  line(start: number, end: number): boolean {
    if (!this.accepts(start, end)) return this.#malformed.line(start, end);
    const { seconds, nanos } = this.#timestamp;
    const bytes = this.#bytes;
    let from = this.#logFrom;
    let to = this.#logTo;
    let full = false;
    if (this.#logEscapes === 1 && this.#logLastEscape === to - 2 && bytes[to - 1] === 0x6e) {
      to -= 2;
      full = true;
    } else if (this.#logEscapes > 0) {
      to = unescapeInto(bytes, this.#scratchAt, from, to);
      from = this.#scratchAt;
      full = to > from && bytes[to - 1] === NEWLINE;
      if (full) to--;
    }
    if (full && to > from && bytes[to - 1] === CARRIAGE_RETURN) to--;

    let taken: boolean;
    if (!full) taken = this.#joiner.part(this.#kind, from, to, seconds, nanos);
    else if (this.#joiner.pending) taken = this.#joiner.end(this.#kind, from, to, seconds, nanos);
    else {
      this.#push.setSecond(seconds);
      taken = this.#push.put(this.#kind, from, to, nanos);
    }
    if (taken) this.#lines.follow(seconds, nanos);
    return taken;
  }

  /** Whether `bytes[start, end)` is a json-file line. Leaves what it holds in fields. */
  accepts(start: number, end: number): boolean {
    const json = this.#json;
    let at = json.beginObject(start, end);
    let timeFrom = -1;
    let timeTo = -1;
    let stream: StreamKind | null = null;
    let log = false;
    while (at >= 0 && json.more) {
      at = json.key(at);
      if (at < 0) return false;
      const { keyFrom, keyTo } = json;
      if (this.#is(keyFrom, keyTo, 'log')) {
        at = json.string(at);
        log = at >= 0;
        this.#logFrom = json.stringFrom;
        this.#logTo = json.stringTo;
        this.#logEscapes = json.escapes;
        this.#logLastEscape = json.lastEscape;
      } else if (this.#is(keyFrom, keyTo, 'stream')) {
        at = json.string(at);
        stream = at < 0 ? null : this.#streamKind(json.stringFrom, json.stringTo);
      } else if (this.#is(keyFrom, keyTo, 'time')) {
        at = json.string(at);
        timeFrom = json.stringFrom;
        timeTo = json.stringTo;
      } else {
        at = json.value(at);
      }
      if (at >= 0) at = json.afterValue(at);
    }
    if (at < 0 || !log || stream === null || timeFrom < 0) return false;
    this.#kind = stream;
    return this.#timestamp.parse(timeFrom, timeTo) === timeTo;
  }

  #streamKind(from: number, to: number): StreamKind | null {
    return this.#is(from, to, 'stdout') ? STDOUT : this.#is(from, to, 'stderr') ? STDERR : null;
  }

  // Names with escapes in them are never written by Docker, and are taken for other names.
  #is(from: number, to: number, text: string): boolean {
    if (to - from !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (this.#bytes[from + i] !== text.charCodeAt(i)) return false;
    return true;
  }
}
