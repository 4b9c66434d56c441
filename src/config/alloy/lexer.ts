import { codeOf } from './strings.js';
import { type Operator, operators, type Token, type TokenKind } from './tokens.js';

const asciiName = /[A-Za-z_]\w*/y;
const name = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const LAST_ASCII = 0x7f;
const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d*)?/y;
const blank = /[ \t\r]+/y;
const blankOrNewline = /[ \t\r\n]+/y;
const BOM = '\ufeff';
const BOM_INSIDE = 'a byte order mark is only allowed at the start of the file';

/** After these a newline ends the statement. */
const endsStatement: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'identifier',
  'string',
  'number',
  'float',
  'bool',
  'null',
  ')',
  ']',
  '}',
]);

/** Whether `text` could be written without quotes as a name. */
export function isIdentifier(text: string): boolean {
  return text !== '' && nameEnd(text, 0) === text.length;
}

/**
 * Where the name ends that begins at `from`; `from` if none does. To compile a class of all the letters there are takes
 * milliseconds, which hardly any file needs.
 */
function nameEnd(text: string, from: number): number {
  const end = endOf(asciiName, text, from);
  return text.charCodeAt(end) > LAST_ASCII ? endOf(name, text, from) : end;
}

function endOf(sticky: RegExp, text: string, from: number): number {
  sticky.lastIndex = from;
  return sticky.test(text) ? sticky.lastIndex : from;
}

/** Told what is wrong; `isInside` a string, so that the tokens around it are what they seem. */
export type Report = (offset: number, message: string, isInside: boolean) => void;

/**
 * Splits a configuration into tokens; the last is `end`. Newlines become terminators after what can end a statement.
 * Comments are kept. What is no token is reported at its offset and passed over, so reading always comes to the end.
 */
export function tokenize(text: string, report: Report): Token[] {
  return new Lexer(text, report).tokens();
}

class Lexer {
  readonly #text: string;
  readonly #tell: Report;
  readonly #tokens: Token[] = [];
  #at = 0;
  /** Whether a newline here would end a statement. */
  #mayEnd = false;
  /** Whether something is wrong inside the string at hand. */
  #isBad = false;

  constructor(text: string, report: Report) {
    this.#text = text;
    this.#tell = report;
  }

  tokens(): Token[] {
    if (this.#text.startsWith(BOM)) this.#at = 1;
    for (;;) {
      this.#pass(this.#mayEnd ? blank : blankOrNewline);
      if (this.#at >= this.#text.length) break;
      this.#next();
    }
    if (this.#mayEnd) this.#add('terminator', this.#at);
    this.#add('end', this.#at);
    return this.#tokens;
  }

  #next(): void {
    const from = this.#at;
    const character = this.#text[from]!;
    if (character === '\n') {
      this.#add('terminator', from);
      this.#at++;
    } else if (character === '"' || character === "'") {
      this.#string(character);
    } else if (character === '`') {
      this.#rawString();
    } else if (this.#text.startsWith('//', from) || this.#text.startsWith('/*', from)) {
      this.#comment();
    } else if (this.#pass(number)) {
      const text = this.#text.slice(from, this.#at);
      if (/[eE][+-]?$/.test(text)) this.#report(from, 'the exponent of the number has no digits');
      this.#add(/^\d+$/.test(text) ? 'number' : 'float', from);
    } else if (this.#standAt(nameEnd(this.#text, from))) {
      const text = this.#text.slice(from, this.#at);
      this.#add(text === 'null' ? 'null' : text === 'true' || text === 'false' ? 'bool' : 'identifier', from);
    } else {
      this.#operator();
    }
  }

  #operator(): void {
    const from = this.#at;
    const found: Operator | undefined = operators.find((operator) => this.#text.startsWith(operator, from));
    if (found !== undefined) {
      this.#at += found.length;
      this.#add(found, from);
      return;
    }
    const character = this.#character();
    if (character === '|' || character === '&') {
      this.#report(from, `a single "${character}" is no operator; write "${character}${character}"`);
      this.#at++;
      this.#add(character === '|' ? '||' : '&&', from);
      return;
    }
    if (character === BOM) this.#report(from, BOM_INSIDE);
    else if (character === '#') this.#report(from, 'illegal character "#"; comments begin with "//"');
    else this.#report(from, `illegal character ${nameOf(character)}`);
    const mayEnd = this.#mayEnd;
    this.#at += character.length;
    this.#add('illegal', from);
    this.#mayEnd = mayEnd;
  }

  #string(quote: string): void {
    const from = this.#at++;
    if (quote === "'") this.#reportInside(from, 'strings are written in double quotes, not in single quotes');
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined || character === '\n') {
        this.#report(from, 'the string is not ended on its line');
        break;
      }
      this.#at++;
      if (character === quote) break;
      if (character === '\\') this.#escape(quote);
    }
    this.#forbid(from);
    this.#add('string', from);
  }

  /** Stands behind a backslash; moves behind the escape if it is a good one. */
  #escape(quote: string): void {
    const from = this.#at - 1;
    const rest = this.#text.slice(this.#at, this.#at + 9);
    const simple = /^[abfnrtv\\"]/.exec(rest);
    if (simple !== null) {
      this.#at++;
      return;
    }
    const coded = /^(?:[0-7]{3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})/.exec(rest);
    if (coded === null) {
      const character = this.#character();
      if (/^[0-7xuU]/.test(rest)) this.#reportInside(from, `the escape sequence \\${character} has too few digits`);
      else if (character === '\n' || character === '') return;
      else this.#reportInside(from, `unknown escape sequence \\${character}; write \\\\ for a backslash`);
      // A quote that is escaped does not end the string, or one mistake would make two.
      if (character === quote) this.#at++;
      return;
    }
    const code = codeOf(coded[0]);
    const limit = /^[0-7x]/.test(rest) ? 0xff : 0x10ffff;
    if (code > limit || (code >= 0xd800 && code < 0xe000)) {
      this.#reportInside(from, `the escape sequence \\${coded[0]} is no character`);
    }
    this.#at += coded[0].length;
  }

  #rawString(): void {
    const from = this.#at;
    const end = this.#text.indexOf('`', from + 1);
    if (end < 0) this.#report(from, 'the raw string is not ended');
    this.#at = end < 0 ? this.#text.length : end + 1;
    this.#forbid(from);
    this.#add('string', from);
  }

  #comment(): void {
    const from = this.#at;
    let end: number;
    if (this.#text[from + 1] === '/') {
      end = this.#text.indexOf('\n', from);
      if (end < 0) end = this.#text.length;
    } else {
      const close = this.#text.indexOf('*/', from + 2);
      if (close < 0) this.#report(from, 'the comment is not ended');
      end = close < 0 ? this.#text.length : close + 2;
    }
    if (this.#mayEnd && this.#endsLine(from, end)) this.#tokens.push({ kind: 'terminator', text: '', from, to: from });
    this.#at = end;
    this.#forbid(from);
    this.#add('comment', from);
  }

  /** Whether the line ends in a comment, or with nothing but blanks and comments after it. */
  #endsLine(from: number, end: number): boolean {
    for (;;) {
      if (this.#text[from + 1] === '/' || this.#text.slice(from, end).includes('\n')) return true;
      blank.lastIndex = end;
      if (blank.test(this.#text)) end = blank.lastIndex;
      if (end >= this.#text.length || this.#text[end] === '\n') return true;
      if (this.#text.startsWith('//', end)) return true;
      if (!this.#text.startsWith('/*', end)) return false;
      from = end;
      const close = this.#text.indexOf('*/', from + 2);
      end = close < 0 ? this.#text.length : close + 2;
    }
  }

  /** What may stand nowhere, not even in a string or a comment, since `from`. */
  #forbid(from: number): void {
    for (const { 0: character, index } of this.#text.slice(from, this.#at).matchAll(/[\0\ufeff]/g)) {
      this.#reportInside(from + index, character === BOM ? BOM_INSIDE : `illegal character ${nameOf(character)}`);
    }
  }

  #report(offset: number, message: string): void {
    this.#tell(offset, message, false);
  }

  #reportInside(offset: number, message: string): void {
    this.#isBad = true;
    this.#tell(offset, message, true);
  }

  /** The whole character at the place, even one of two units. */
  #character(): string {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  /** Whether that is further on. */
  #standAt(end: number): boolean {
    const moved = end > this.#at;
    this.#at = end;
    return moved;
  }

  #pass(pattern: RegExp): boolean {
    return this.#standAt(endOf(pattern, this.#text, this.#at));
  }

  #add(kind: TokenKind, from: number): void {
    const text = kind === 'terminator' || kind === 'end' ? '' : this.#text.slice(from, this.#at);
    this.#tokens.push({ kind, text, from, to: this.#at, ...(this.#isBad ? { isBad: true } : {}) });
    this.#isBad = false;
    this.#mayEnd = endsStatement.has(kind);
  }
}

function nameOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return /[\p{C}\p{Z}]/u.test(character) ? `U+${code}` : `U+${code} "${character}"`;
}
