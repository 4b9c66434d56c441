import type { CharSet } from './program.js';

/** What stands beside a place in a text, as far as an assertion may ask. */
export const OTHER = 0;
export const NEWLINE = 1;
export const WORD = 2;
/** The text begins or ends there. */
export const EDGE = 3;

// Flags of re2js' assertions, see Utils.EMPTY_* in its source.
const BEGIN_LINE = 1;
const END_LINE = 2;
const BEGIN_TEXT = 4;
const END_TEXT = 8;
const WORD_BOUNDARY = 16;
const NO_WORD_BOUNDARY = 32;

/** The flags that hold at a place, by 4 times what stands before it, plus what stands behind it. */
export const FLAGS: Uint8Array = Uint8Array.from({ length: 16 }, (_, index) => {
  const before = index >> 2;
  const behind = index & 3;
  let flags = (before === WORD) === (behind === WORD) ? NO_WORD_BOUNDARY : WORD_BOUNDARY;
  if (before === EDGE) flags |= BEGIN_TEXT | BEGIN_LINE;
  if (before === NEWLINE) flags |= BEGIN_LINE;
  if (behind === EDGE) flags |= END_TEXT | END_LINE;
  if (behind === NEWLINE) flags |= END_LINE;
  return flags;
});

/** Highest code point that differs in case from another, see Unicode.MAX_FOLD in re2js. */
const MAX_FOLD = 125_251;
const MAX_CODE = 0x10ffff;
const SMALL = 256;

/** Code points that a program treats alike are one class, so that a state has few ways out. */
export class Classes {
  readonly count: number;
  /** The classes of code points below 256. */
  readonly small: Uint16Array = new Uint16Array(SMALL);
  /** For each class what it is to an assertion: OTHER, NEWLINE or WORD; and EDGE at the end, for no character. */
  readonly contexts: Uint8Array;
  readonly #sets: readonly CharSet[];
  /** A code point of each class. */
  readonly #representatives: number[] = [];
  readonly #starts: Int32Array;
  readonly #classes: Uint16Array;

  /** `flags`: what assertions ask for. */
  constructor(sets: readonly CharSet[], flags: number) {
    this.#sets = sets;
    this.#starts = Int32Array.from(startsOf(sets, flags)).sort();
    this.#classes = new Uint16Array(this.#starts.length);
    const numbers = new Map<string, number>();
    const representatives = this.#representatives;
    for (const [i, code] of this.#starts.entries()) {
      const key = `${contextOf(code, flags)}${sets.map((set) => (set.matchRune(code) ? '1' : '0')).join('')}`;
      const number = numbers.get(key) ?? representatives.push(code) - 1;
      numbers.set(key, number);
      this.#classes[i] = number;
    }
    this.count = representatives.length;
    this.contexts = Uint8Array.from([...representatives.map((code) => contextOf(code, flags)), EDGE]);
    for (let code = 0; code < SMALL; code++) this.small[code] = this.of(code);
  }

  /** Whether a set takes the characters of a class. */
  takes(cls: number, set: number): boolean {
    return this.#sets[set]!.matchRune(this.#representatives[cls]!);
  }

  /** The class of any code point. */
  of(code: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= code) low = middle;
      else high = middle;
    }
    return this.#classes[low]!;
  }
}

function contextOf(code: number, flags: number): number {
  if (code === 10) return flags & (BEGIN_LINE | END_LINE) ? NEWLINE : OTHER;
  if ((flags & (WORD_BOUNDARY | NO_WORD_BOUNDARY)) === 0) return OTHER;
  return code < 128 && /\w/.test(String.fromCharCode(code)) ? WORD : OTHER;
}

/** Where classes may begin: between two of these, all code points are alike. */
function startsOf(sets: readonly CharSet[], flags: number): Set<number> {
  const starts = new Set([0]);
  const range = (from: number, to: number): void => {
    starts.add(from);
    if (to < MAX_CODE) starts.add(to + 1);
  };
  for (const set of sets) {
    const { runes } = set;
    if (runes.length === 1) for (const code of [runes[0]!, ...otherCases(set)]) range(code, code);
    else for (let i = 0; i < runes.length; i += 2) range(runes[i]!, runes[i + 1]!);
  }
  if (flags & (BEGIN_LINE | END_LINE)) range(10, 10);
  if (flags & (WORD_BOUNDARY | NO_WORD_BOUNDARY))
    for (const [from, to] of ['09', 'AZ', '__', 'az']) range(from!.charCodeAt(0), to!.charCodeAt(0));
  return starts;
}

const cases = new Map<number, number[]>();

/** What a set of one character takes beside it, because case does not count. */
function otherCases(set: CharSet): number[] {
  const code = set.runes[0]!;
  if (set.arg === 0) return [];
  // An ASCII letter has but its other case, and the signs for kelvin and the long s.
  if (code < 128) return [code ^ 32, 0x17f, 0x212a].filter((other) => set.matchRune(other));
  let found = cases.get(code);
  if (found === undefined) {
    found = [];
    for (let other = 128; other <= MAX_FOLD; other++) if (other !== code && set.matchRune(other)) found.push(other);
    for (let other = 0; other < 128; other++) if (set.matchRune(other)) found.push(other);
    cases.set(code, found);
  }
  return found;
}
