/** A pattern that the engine of the language matches like RE2. */
export interface NativePattern {
  regexp: RegExp;
  /** Names of the groups from 1 on; null for those without. */
  names: readonly (string | null)[];
  /** The cost over a text of n characters is at most about n to this power. */
  degree: number;
}

/** The cheapest way to be wrong is to be slow: what is not known to be harmless is left to RE2. */
class Unknown extends Error {}

/** Sets of characters: one bit for each of ASCII, one more for all others together. */
type Chars = bigint;
const OTHERS = 1n << 128n;
const ALL: Chars = (1n << 129n) - 1n;
const NONE: Chars = 0n;

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

type Node =
  | { kind: 'char'; chars: Chars; js: string }
  | { kind: 'begin' | 'end' | 'edge'; js: string }
  | { kind: 'seq'; nodes: Node[] }
  | { kind: 'alt'; branches: Node[] }
  | { kind: 'group'; open: string; body: Node }
  | { kind: 'repeat'; body: Node; min: number; max: number; js: string };

/** Most copies of a repeated group that are looked at one by one. */
const MAX_COPIES = 8;
/** More ways than this to go through one text and the pattern is left to RE2. */
const MAX_WAYS = 64;
/** A bounded repetition beyond this counts as unbounded. */
const SHORT_LOOP = 16;

class Parser {
  at = 0;
  fold = false;
  readonly names: (string | null)[] = [];
  #dotAll = false;
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
    return { kind: 'repeat', body, min, max, js };
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
    if (letter === 'b' || letter === 'B') {
      this.#noFold();
      return { kind: 'edge', js: `\\${letter}` };
    }
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
      return Number.parseInt(hex[1] ?? hex[2]!, 16);
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
    const head = /^\?(?:P?<([A-Za-z_]\w*)>|:)/.exec(this.#text.slice(this.at));
    if (head === null && this.#text[this.at] === '?') throw new Unknown();
    this.at += head?.[0].length ?? 0;
    const isCapturing = head === null || head[1] !== undefined;
    if (isCapturing) this.names.push(head?.[1] ?? null);
    const open = isCapturing ? '(' : '(?:';
    const body = this.alternatives();
    if (this.#text[this.at] !== ')') throw new Unknown();
    this.at++;
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

function write(node: Node): string {
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

/** What is known of everything behind a place in the pattern. */
interface Rest {
  /** What it may begin with; nothing if it can only be empty. */
  first: Chars;
  degree: number;
  /** In how many ways it may be gone through, loops apart. */
  ways: number;
}

function before(node: Node, rest: Rest): Rest {
  switch (node.kind) {
    case 'char':
      return { ...rest, first: node.chars };
    case 'end':
      return { ...rest, first: NONE };
    case 'begin':
    case 'edge':
      return rest;
    case 'seq':
      return node.nodes.reduceRight((behind, part) => before(part, behind), rest);
    case 'group':
      return before(node.body, rest);
    case 'alt': {
      const branches = node.branches.map((branch) => before(branch, rest));
      return {
        first: branches.reduce((first, branch) => first | branch.first, NONE),
        degree: Math.max(...branches.map((branch) => branch.degree)),
        ways: limited(branches.reduce((ways, branch) => ways + branch.ways, 0)),
      };
    }
    case 'repeat':
      return node.body.kind === 'char' ? beforeLoop(node.body.chars, node, rest) : beforeCopies(node, rest);
  }
}

function limited(ways: number): number {
  if (ways > MAX_WAYS) throw new Unknown();
  return ways;
}

function beforeLoop(chars: Chars, { min, max }: { min: number; max: number }, rest: Rest): Rest {
  const first = chars | (min === 0 ? rest.first : NONE);
  const unsure = (chars & rest.first) !== NONE;
  if (max <= SHORT_LOOP) return { first, degree: rest.degree, ways: limited(rest.ways * (unsure ? max - min + 1 : 1)) };
  // Where what follows can not begin with a character of the loop, only its very end is worth a try.
  return { first, degree: unsure ? rest.degree + 1 : Math.max(1, rest.degree), ways: rest.ways };
}

function beforeCopies({ body, min, max }: { body: Node; min: number; max: number }, rest: Rest): Rest {
  // JavaScript does not repeat what came out empty, and forgets the groups of the round before.
  if (max > MAX_COPIES || isNullable(body) || (max > 1 && captures(body))) throw new Unknown();
  let result = rest;
  for (let copy = max; copy > 0; copy--) {
    const one = before(body, result);
    if (copy <= min) result = one;
    else {
      result = {
        first: one.first | rest.first,
        degree: Math.max(one.degree, result.degree),
        ways: limited(one.ways + result.ways),
      };
    }
  }
  return result;
}

function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'seq':
      return node.nodes.every(isNullable);
    case 'alt':
      return node.branches.some(isNullable);
    case 'group':
      return isNullable(node.body);
    case 'repeat':
      return node.min === 0 || isNullable(node.body);
    default:
      return node.kind !== 'char';
  }
}

function captures(node: Node): boolean {
  switch (node.kind) {
    case 'seq':
      return node.nodes.some(captures);
    case 'alt':
      return node.branches.some(captures);
    case 'group':
      return node.open === '(' || captures(node.body);
    case 'repeat':
      return captures(node.body);
    default:
      return false;
  }
}

function loops(node: Node): Chars {
  switch (node.kind) {
    case 'seq':
      return node.nodes.reduce((chars, part) => chars | loops(part), NONE);
    case 'alt':
      return node.branches.reduce((chars, branch) => chars | loops(branch), NONE);
    case 'group':
      return loops(node.body);
    case 'repeat':
      return node.body.kind === 'char' ? (node.max > SHORT_LOOP ? node.body.chars : NONE) : loops(node.body);
    default:
      return NONE;
  }
}

/** The first parts that every match goes through, one by one. */
function leading(node: Node): Node[] {
  if (node.kind === 'group') return leading(node.body);
  if (node.kind !== 'seq') return [node];
  const [head, ...tail] = node.nodes;
  if (head === undefined) return [];
  if (head.kind === 'group') return leading(head);
  return [head, ...tail];
}

function isAnchored(node: Node): boolean {
  if (node.kind === 'alt') return node.branches.every(isAnchored);
  if (node.kind === 'group') return isAnchored(node.body);
  if (node.kind === 'seq') return node.nodes.length > 0 && isAnchored(node.nodes[0]!);
  return node.kind === 'begin';
}

/** Whether matches must begin with a character that no loop passes: then tries from different places do not overlap. */
function hasFence(node: Node): boolean {
  const looped = loops(node);
  for (const part of leading(node)) {
    if (part.kind === 'edge') continue;
    if (part.kind !== 'char') return false;
    if ((part.chars & looped) === NONE) return true;
  }
  return false;
}

/** `source` for the engine of the language, if both match alike and its cost is known; else null. */
export function nativePattern(source: string): NativePattern | null {
  try {
    const parser = new Parser(source);
    const tree = parser.alternatives();
    if (!parser.done) return null;
    let { degree } = before(tree, { first: NONE, degree: 0, ways: 1 });
    if (!isAnchored(tree)) degree = degree > 0 && !hasFence(tree) ? degree + 1 : Math.max(1, degree);
    if (degree > 2) return null;
    return { regexp: new RegExp(write(tree), parser.fold ? 'giu' : 'gu'), names: parser.names, degree };
  } catch (error) {
    if (error instanceof Unknown || error instanceof SyntaxError) return null;
    throw error;
  }
}
