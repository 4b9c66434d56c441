/** The cheapest way to be wrong is to be slow: what is not known to be harmless is left to the linear matcher. */
export class Unknown extends Error {}

/** Sets of characters: one bit for each of ASCII, one more for all others together. */
export type Chars = bigint;
const OTHERS = 1n << 128n;
const ALL: Chars = (1n << 129n) - 1n;
export const NONE: Chars = 0n;

function charOf(code: number): Chars {
  return code < 128 ? 1n << BigInt(code) : OTHERS;
}

function rangeOf(from: number, to: number): Chars {
  let chars = to >= 128 ? OTHERS : NONE;
  for (let code = from; code <= to && code < 128; code++) chars |= 1n << BigInt(code);
  return chars;
}

const DIGIT = rangeOf(48, 57);
const WORD = DIGIT | rangeOf(65, 90) | rangeOf(97, 122) | charOf(95);
// RE2 counts no vertical tab, and nothing beyond ASCII.
const SPACE = [9, 10, 12, 13, 32].reduce((chars, code) => chars | charOf(code), NONE);
const CLASSES: Record<string, { chars: Chars; inside: string; negated: boolean }> = {
  d: { chars: DIGIT, inside: '0-9', negated: false },
  w: { chars: WORD, inside: '0-9A-Za-z_', negated: false },
  s: { chars: SPACE, inside: '\\t\\n\\f\\r ', negated: false },
  D: { chars: ALL & ~DIGIT, inside: '0-9', negated: true },
  W: { chars: ALL & ~WORD, inside: '0-9A-Za-z_', negated: true },
  S: { chars: ALL & ~SPACE, inside: '\\t\\n\\f\\r ', negated: true },
};
const CONTROLS: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** RE2 takes no more copies of anything, repetitions within repetitions counted (re2/parse.cc, maximum_repeat_count). */
const MAX_REPEAT = 1000;
/** RE2 takes no pattern of more levels than 1,000 (re2/parse.cc, kMaxNestingDepth); we need nearly none. */
const MAX_DEPTH = 100;
const MAX_CODE = 0x10ffff;

/** A part of a pattern. `js` is how the engine of the language has it written. */
export type Node =
  | { kind: 'char'; chars: Chars; js: string }
  | { kind: 'begin' | 'end' | 'edge'; js: string }
  | { kind: 'seq'; nodes: Node[] }
  | { kind: 'alt'; branches: Node[] }
  | { kind: 'group'; open: string; body: Node }
  | { kind: 'repeat'; body: Node; min: number; max: number; js: string };

/** Reads a pattern as RE2 does. What is not known to mean the same in both, or to be taken by RE2 at all, throws `Unknown`. */
export class Parser {
  at = 0;
  fold = false;
  readonly names: (string | null)[] = [];
  #dotAll = false;
  #depth = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    const flags = /^\(\?([is]+)\)/.exec(text);
    if (flags === null) return;
    this.at = flags[0].length;
    this.fold = flags[1]!.includes('i');
    this.#dotAll = flags[1]!.includes('s');
  }

  get done(): boolean {
    return this.at >= this.#text.length;
  }

  alternatives(): Node {
    const branches = [this.#sequence()];
    while (this.#text[this.at] === '|') {
      this.at++;
      branches.push(this.#sequence());
    }
    return branches.length === 1 ? branches[0]! : { kind: 'alt', branches };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    while (!this.done && this.#text[this.at] !== '|' && this.#text[this.at] !== ')') nodes.push(this.#repeated());
    return { kind: 'seq', nodes };
  }

  #repeated(): Node {
    const body = this.#atom();
    const rest = this.#text.slice(this.at);
    const quantifier = /^(?:([*+?])|\{(\d+)(,(\d*))?\})(\??)/.exec(rest);
    if (quantifier === null) return body;
    const [js, letter, low, comma, high] = quantifier;
    this.at += js.length;
    if (/^[*+?{]/.test(this.#text.slice(this.at, this.at + 1))) throw new Unknown();
    const min = letter === undefined ? Number(low) : letter === '+' ? 1 : 0;
    const open = letter === undefined ? comma !== undefined && high === '' : letter !== '?';
    const max = open ? Number.POSITIVE_INFINITY : letter === '?' ? 1 : Number(comma === undefined ? low : high);
    const node: Node = { kind: 'repeat', body, min, max, js };
    if (copiesIn(node) > MAX_REPEAT) throw new Unknown();
    return node;
  }

  #next(): string {
    if (this.done) throw new Unknown();
    const character = String.fromCodePoint(this.#text.codePointAt(this.at)!);
    this.at += character.length;
    return character;
  }

  #atom(): Node {
    const character = this.#next();
    if (character === '(') return this.#group();
    if (character === '[') return this.#class();
    if (character === '^') return { kind: 'begin', js: '^' };
    if (character === '$') return { kind: 'end', js: '$' };
    if (character === '.') {
      if (this.#dotAll) return { kind: 'char', chars: ALL, js: '[^]' };
      return { kind: 'char', chars: ALL & ~charOf(10), js: '[^\\n]' };
    }
    if (character !== '\\') {
      if ('*+?{'.includes(character)) throw new Unknown();
      return this.#literal(character.codePointAt(0)!);
    }
    const letter = this.#next();
    const named = CLASSES[letter];
    if (named !== undefined) {
      this.#noFold();
      return { kind: 'char', chars: named.chars, js: `[${named.negated ? '^' : ''}${named.inside}]` };
    }
    if (letter === 'A') return { kind: 'begin', js: '^' };
    if (letter === 'z') return { kind: 'end', js: '$' };
    if (letter === 'b') {
      this.#noFold();
      return { kind: 'edge', js: '\\b' };
    }
    // V8 finds this one between the two halves of a character as well.
    if (letter === 'B') throw new Unknown();
    return this.#literal(this.#escaped(letter));
  }

  // With both `i` and `u` the language's \w takes in two letters beyond ASCII.
  #noFold(): void {
    if (this.fold) throw new Unknown();
  }

  #escaped(letter: string): number {
    const control = CONTROLS[letter];
    if (control !== undefined) return control;
    if (letter === 'x') {
      const hex = /^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))/.exec(this.#text.slice(this.at));
      if (hex === null) throw new Unknown();
      this.at += hex[0].length;
      const code = Number.parseInt(hex[1] ?? hex[2]!, 16);
      if (code > MAX_CODE) throw new Unknown();
      return code;
    }
    if (/^[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]$/.test(letter)) return letter.charCodeAt(0);
    throw new Unknown();
  }

  #literal(code: number): Node {
    return { kind: 'char', chars: this.#folded(charOf(code)), js: escapeCode(code) };
  }

  #folded(chars: Chars): Chars {
    if (!this.fold) return chars;
    const upper = (chars >> 65n) & ((1n << 26n) - 1n);
    const lower = (chars >> 97n) & ((1n << 26n) - 1n);
    const letters = upper | lower;
    return chars | (letters << 65n) | (letters << 97n) | (letters !== 0n ? OTHERS : NONE);
  }

  #group(): Node {
    this.#depth++;
    if (this.#depth > MAX_DEPTH) throw new Unknown();
    const head = /^\?(?:P?<([A-Za-z_]\w*)>|:)/.exec(this.#text.slice(this.at));
    if (head === null && this.#text[this.at] === '?') throw new Unknown();
    this.at += head?.[0].length ?? 0;
    const isCapturing = head === null || head[1] !== undefined;
    const name = head?.[1] ?? null;
    if (isCapturing) this.names.push(name);
    const open = isCapturing ? '(' : '(?:';
    const body = this.alternatives();
    if (this.#text[this.at] !== ')') throw new Unknown();
    this.at++;
    this.#depth--;
    return { kind: 'group', open, body };
  }

  #class(): Node {
    let negated = false;
    if (this.#text[this.at] === '^') {
      negated = true;
      this.at++;
    }
    let chars = NONE;
    let js = '';
    let first = true;
    for (;;) {
      const character = this.#next();
      if (character === ']' && !first) break;
      first = false;
      if (character === '[' && this.#text[this.at] === ':') throw new Unknown();
      const low = this.#classCode(character);
      if (typeof low !== 'number') {
        if (low.negated) throw new Unknown();
        this.#noFold();
        chars |= low.chars;
        js += low.inside;
        if (this.#text[this.at] === '-' && this.#text[this.at + 1] !== ']') throw new Unknown();
        continue;
      }
      let high = low;
      if (this.#text[this.at] === '-' && this.#text[this.at + 1] !== ']') {
        this.at++;
        const end = this.#classCode(this.#next());
        if (typeof end !== 'number' || end < low) throw new Unknown();
        high = end;
      }
      chars |= rangeOf(low, high);
      js += high === low ? escapeInClass(low) : `${escapeInClass(low)}-${escapeInClass(high)}`;
    }
    chars = this.#folded(chars);
    if (negated) chars = (ALL & ~chars) | OTHERS;
    return { kind: 'char', chars, js: `[${negated ? '^' : ''}${js}]` };
  }

  #classCode(character: string): number | { chars: Chars; inside: string; negated: boolean } {
    if (character !== '\\') return character.codePointAt(0)!;
    const letter = this.#next();
    return CLASSES[letter] ?? this.#escaped(letter);
  }
}

function escapeCode(code: number): string {
  if (code < 0x20 || code === 0x7f || (code >= 0xd800 && code <= 0xdfff)) return `\\u{${code.toString(16)}}`;
  const character = String.fromCodePoint(code);
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function escapeInClass(code: number): string {
  return /[\\\]^[-]/.test(String.fromCodePoint(code)) ? `\\${String.fromCodePoint(code)}` : escapeCode(code);
}

/** The pattern for the engine of the language. */
export function write(node: Node): string {
  switch (node.kind) {
    case 'seq':
      return node.nodes.map(write).join('');
    case 'alt':
      return node.branches.map(write).join('|');
    case 'group':
      return `${node.open}${write(node.body)})`;
    case 'repeat':
      return write(node.body) + node.js;
    default:
      return node.js;
  }
}

function copiesIn(node: Node): number {
  switch (node.kind) {
    case 'seq':
      return Math.max(1, ...node.nodes.map(copiesIn));
    case 'alt':
      return Math.max(1, ...node.branches.map(copiesIn));
    case 'group':
      return copiesIn(node.body);
    case 'repeat': {
      const copies = Number.isFinite(node.max) ? node.max : node.min;
      return Math.max(1, copies) * copiesIn(node.body);
    }
    default:
      return 1;
  }
}
