import { type PodClock, TIMESTAMP_MAX_BYTES } from './clock.js';
import { Random } from './random.js';
import {
  type AppLine,
  fixedLine,
  longLine,
  SEQ_DIGITS,
  SEQ_JSON,
  SEQ_TEXT,
  SHAPES,
  type Style,
  shapeLines,
} from './shapes.js';

/** containerd's `max_container_log_line_size`: longer content is split into parts of this many bytes. */
export const PART_BYTES = 16 * 1024;

/** Enough that no body comes again within what a compressor looks back at. */
const GROUPS_PER_STYLE = 600;
const LONG_BYTES = [PART_BYTES + 1, 17_000, 2 * PART_BYTES, 40_000, 50_000, 70_000];
/** Room for what is rendered between two writes; high rates need blocks well over 64 KiB. */
const BLOCK_BYTES = 256 * 1024;
const ZERO = 0x30;
const NEVER = -1;
/** What is said on stderr between the parts of a line on stdout: by a container that writes JSON, in JSON. */
const ASIDE_TEXT = `WARN request body too large ${SEQ_TEXT}`;
const ASIDE_JSON = `{${SEQ_JSON},"level":"warn","msg":"request body too large"}`;

export interface LineOptions {
  seed: number;
  /** Bytes of content of every line, without its CRI head; 0: natural lengths. */
  lineBytes: number;
  /** One application line in so many is longer than PART_BYTES; 0: none. Without effect when `lineBytes` is set. */
  longLineEvery: number;
}

/** Where one container stands in its endless, seeded sequence of lines. */
export interface Cursor {
  readonly random: Random;
  readonly starts: Uint32Array;
  /** Where the groups of lines in parts begin. */
  readonly longStarts: Uint32Array;
  /** The physical line that comes next, NEVER while it is not picked. */
  next: number;
  /** Full lines so far; the running number of the last one. */
  lines: number;
  physicalLines: number;
  contentBytes: number;
}

/** One CRI line, but for its timestamp. */
interface Physical {
  stream: 'stdout' | 'stderr';
  tag: 'P' | 'F';
  content: Buffer;
}

/**
 * Renders CRI lines from bodies made beforehand: copies a body, writes the timestamp before it and the running number
 * into it. Which bodies a container gets depends on the seed and its cursor alone, never on time. The bodies and the
 * rendered block share one buffer, because `copyWithin` makes no object.
 */
export class LinePool {
  /** Rendered lines begin at `blockStart`. */
  readonly buffer: Buffer;
  readonly blockStart: number;
  readonly #blockEnd: number;
  readonly #from: number[] = [];
  readonly #bytes: number[] = [];
  readonly #contentBytes: number[] = [];
  readonly #seqAt: number[] = [];
  readonly #seqPad: number[] = [];
  /** At the first line of a group the most bytes the whole group can take, at the others 0. */
  readonly #groupBytes: number[] = [];
  readonly #more: boolean[] = [];
  /** First lines of the groups of each style; empty when all lines have the same length. */
  readonly #starts = new Map<Style, Uint32Array>();
  readonly #mixed: Uint32Array;
  readonly #longStarts: Uint32Array;
  readonly #longJsonStarts: Uint32Array;
  readonly #longBelow: number;
  readonly #seed: number;

  constructor(options: LineOptions) {
    const { seed, lineBytes, longLineEvery } = options;
    const random = new Random(`${seed}/bodies`);
    const bodies: Buffer[] = [];
    this.#seed = seed;
    const addAll = (groups: AppLine[][]) => groups.map((group) => this.#add(group.flatMap(split), bodies));
    if (lineBytes > 0) {
      const count = Math.max(8, Math.min(GROUPS_PER_STYLE, Math.floor(2 ** 20 / lineBytes)));
      this.#mixed = Uint32Array.from(addAll(Array.from({ length: count }, () => [fixedLine(lineBytes, random)])));
    } else {
      for (const style of SHAPES) {
        const groups = Array.from({ length: GROUPS_PER_STYLE }, () => shapeLines(style, random));
        this.#starts.set(style, Uint32Array.from(addAll(groups)));
      }
      this.#mixed = Uint32Array.from([...this.#starts.values()].flatMap((starts) => [...starts]));
    }
    const withLong = lineBytes === 0 && longLineEvery > 0;
    const longsBeside = (aside: string) => {
      const groups = withLong ? LONG_BYTES.map((bytes) => longGroup(bytes, aside, random)) : [];
      return Uint32Array.from(groups, (group) => this.#add(group, bodies));
    };
    this.#longStarts = longsBeside(ASIDE_TEXT);
    this.#longJsonStarts = longsBeside(ASIDE_JSON);
    this.#longBelow = withLong ? 2 ** 32 / longLineEvery : 0;
    this.blockStart = bodies.reduce((sum, body) => sum + body.length, 0);
    this.#blockEnd = this.blockStart + Math.max(BLOCK_BYTES, ...this.#groupBytes);
    this.buffer = Buffer.alloc(this.#blockEnd);
    Buffer.concat(bodies).copy(this.buffer);
  }

  /** The sequence of the container called `name`, at its beginning. */
  cursor(name: string, style: Style): Cursor {
    const random = new Random(`${this.#seed}/${name}`);
    const starts = this.#starts.get(style) ?? this.#mixed;
    const longStarts = style === 'json' ? this.#longJsonStarts : this.#longStarts;
    return { random, starts, longStarts, next: NEVER, lines: 0, physicalLines: 0, contentBytes: 0 };
  }

  /** Whether the last line rendered belongs together with the next: a P part without its F, an unfinished stack trace. */
  isOpen(cursor: Cursor): boolean {
    return cursor.next !== NEVER && this.#groupBytes[cursor.next] === 0;
  }

  /**
   * Renders lines into the block until `maxLines` are done or the next group would need more than `maxBytes`; returns
   * the offset behind the last. The clock makes a step in [1, stepMask + 1] nanoseconds for each line.
   */
  render(cursor: Cursor, clock: PodClock, maxLines: number, maxBytes = Infinity, stepMask = 63): number {
    const { buffer } = this;
    const limit = Math.min(this.#blockEnd, this.blockStart + maxBytes);
    let at = this.blockStart;
    for (let count = 0; count < maxLines; count++) {
      if (cursor.next === NEVER) cursor.next = this.#pick(cursor);
      const line = cursor.next;
      if (at + this.#groupBytes[line]! > limit) break;
      clock.step(1 + (cursor.random.next() & stepMask));
      at = clock.write(buffer, at);
      const from = this.#from[line]!;
      const bytes = this.#bytes[line]!;
      buffer.copyWithin(at, from, from + bytes);
      if (this.#seqAt[line] !== NEVER) this.#writeSeq(at + this.#seqAt[line]!, ++cursor.lines, this.#seqPad[line]!);
      at += bytes;
      cursor.physicalLines++;
      cursor.contentBytes += this.#contentBytes[line]!;
      cursor.next = this.#more[line] ? line + 1 : NEVER;
    }
    return at;
  }

  #pick(cursor: Cursor): number {
    const { random, starts, longStarts } = cursor;
    const drawn = random.next();
    if (drawn < this.#longBelow) return longStarts[random.below(longStarts.length)]!;
    return starts[Math.floor((drawn / 2 ** 32) * starts.length)]!;
  }

  #writeSeq(at: number, seq: number, pad: number): void {
    let rest = seq;
    for (let i = at + SEQ_DIGITS - 1; i >= at; i--) {
      const tenth = (rest / 10) | 0;
      this.buffer[i] = rest === 0 ? pad : ZERO + rest - tenth * 10;
      rest = tenth;
    }
  }

  /** Keeps one group of lines; returns the index of its first. */
  #add(group: Physical[], bodies: Buffer[]): number {
    const first = this.#from.length;
    for (const { stream, tag, content } of group) {
      const head = Buffer.from(` ${stream} ${tag} `);
      const body = Buffer.concat([head, content, Buffer.from('\n')]);
      const text = content.indexOf(SEQ_TEXT);
      const json = content.indexOf(SEQ_JSON);
      const found = Math.max(text, json);
      const previous = this.#from.length - 1;
      this.#from.push(previous < 0 ? 0 : this.#from[previous]! + this.#bytes[previous]!);
      this.#bytes.push(body.length);
      this.#contentBytes.push(content.length);
      this.#seqAt.push(found < 0 ? NEVER : head.length + found + (text < 0 ? SEQ_JSON : SEQ_TEXT).length - SEQ_DIGITS);
      this.#seqPad.push(text < 0 ? 0x20 : ZERO);
      this.#groupBytes.push(0);
      this.#more.push(true);
      bodies.push(body);
    }
    this.#more[this.#more.length - 1] = false;
    this.#groupBytes[first] = this.#bytes.slice(first).reduce((sum, bytes) => sum + bytes + TIMESTAMP_MAX_BYTES, 0);
    return first;
  }
}

/** Splits a line as containerd does: P parts of exactly PART_BYTES, and a last F part that is never empty. */
function split(line: AppLine): Physical[] {
  const content = Buffer.from(line.content);
  const parts: Physical[] = [];
  let from = 0;
  for (; content.length - from > PART_BYTES; from += PART_BYTES) {
    parts.push({ stream: line.stream, tag: 'P', content: content.subarray(from, from + PART_BYTES) });
  }
  parts.push({ stream: line.stream, tag: 'F', content: content.subarray(from) });
  return parts;
}

/** A long line; the two streams are copied independently, so half of the time stderr gets in between its parts. */
function longGroup(bytes: number, aside: string, random: Random): Physical[] {
  const parts = split(longLine(bytes, random));
  if (random.below(2) === 0) {
    parts.splice(1, 0, ...split({ stream: 'stderr', content: aside }));
  }
  return parts;
}
