import { parseFloat64, parseInteger } from './numbers.js';

/** A `bigint` where Go has a whole number. */
export type Constant = string | bigint | number | boolean;

/** What stands in a pipeline: a command is a function and its arguments, or one operand. */
export type Operand =
  | { kind: 'dot' }
  | { kind: 'nil' }
  | { kind: 'constant'; value: Constant }
  | { kind: 'field'; of: Operand; name: string }
  | { kind: 'variable'; name: string }
  | { kind: 'function'; name: string }
  | { kind: 'pipe'; pipe: Pipe };

export interface Pipe {
  /** Variables it sets; two for the index and the element of a range. */
  variables: string[];
  /** Whether they are new, or were declared before. */
  declares: boolean;
  commands: Operand[][];
}

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'action'; pipe: Pipe }
  | { kind: 'if' | 'with' | 'range'; pipe: Pipe; body: Node[]; otherwise: Node[] }
  | { kind: 'template'; name: string; pipe: Pipe | null }
  | { kind: 'break' | 'continue' };

export interface Parsed {
  body: Node[];
  defined: Map<string, Node[]>;
}

/** `at`: where it begins in the template, in UTF-16 units. */
type Token = { at: number } & TokenKind;

type TokenKind =
  | { kind: 'text'; text: string }
  | { kind: 'open' | 'close' | 'space' | 'end' }
  | { kind: 'mark' | 'word' | 'field' | 'variable'; text: string }
  | { kind: 'constant'; value: Constant };

/** What is wrong with a template, and at which of its UTF-16 units. */
export class TemplateError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = 'TemplateError';
    this.at = at;
  }
}

const IN_ACTION =
  /(?<space>[ \t\r\n]+)|(?<field>\.[\p{L}_][\p{L}\p{Nd}_]*)|(?<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))|(?<variable>\$(?:[\p{L}_][\p{L}\p{Nd}_]*)?)|(?<word>[\p{L}_][\p{L}\p{Nd}_]*)|(?<string>"(?:[^"\\\n]|\\.)*")|(?<raw>`[^`]*`)|(?<char>'(?:[^'\\\n]|\\.)+')|(?<mark>:=|[=|(),.])/uy;

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' };

/** The value of what stands inside of a Go literal in such quotes. Throws an Error for an escape that Go does not take. */
export function unescapeGo(text: string, quote = '"'): string {
  if (!text.includes('\\')) return text;
  const parts = text.matchAll(/\\(?:x([\da-fA-F]{2})|([0-7]{3})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.)|$)|[^\\]+/gsu);
  const values = [...parts].map(([all, hex, octal, short, long, letter]) => {
    if (!all.startsWith('\\')) return Buffer.from(all);
    // These two name a byte, all others a character.
    const byte = hex === undefined ? Number.parseInt(octal ?? 'none', 8) : Number.parseInt(hex, 16);
    if (byte <= 0xff) return Uint8Array.of(byte);
    const code = Number.parseInt(short ?? long ?? 'none', 16);
    if (code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)) return Buffer.from(String.fromCodePoint(code));
    const control = letter === undefined ? undefined : (ESCAPES[letter] ?? (letter === quote ? quote : undefined));
    if (control === undefined) throw new Error(`unknown escape ${all}`);
    return Buffer.from(control);
  });
  return Buffer.concat(values).toString();
}

function tokens(source: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  let trim = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    const end = open < 0 ? source.length : open;
    const textAt = at;
    let text = source.slice(at, end);
    if (trim) text = text.replace(/^[ \t\r\n]+/, '');
    trim = false;
    at = end;
    if (open >= 0) {
      at += 2;
      if (/^-[ \t\r\n]/.test(source.slice(at, at + 2))) {
        text = text.replace(/[ \t\r\n]+$/, '');
        at += 2;
      }
    }
    if (text !== '') found.push({ at: textAt, kind: 'text', text });
    if (open < 0) break;
    const comment = /^\/\*[\s\S]*?\*\/(?:([ \t\r\n]-)?\}\})/.exec(source.slice(at));
    if (comment !== null) {
      at += comment[0].length;
      trim = comment[1] !== undefined;
      continue;
    }
    found.push({ at: open, kind: 'open' });
    let closeAt = at;
    for (;;) {
      const close = /^(?:[ \t\r\n]+-)?\}\}/.exec(source.slice(at, source.indexOf('}}', at) + 2));
      if (close !== null) {
        closeAt = at;
        at += close[0].length;
        trim = close[0].length > 2;
        break;
      }
      IN_ACTION.lastIndex = at;
      const match = IN_ACTION.exec(source);
      if (match === null)
        throw at >= source.length
          ? new TemplateError('unclosed action', open)
          : new TemplateError(`unexpected ${JSON.stringify(source[at])} in an action`, at);
      found.push({ at, ...tokenAt(match.groups!, match[0], at) });
      at += match[0].length;
    }
    found.push({ at: closeAt, kind: 'close' });
  }
  found.push({ at: source.length, kind: 'end' });
  return found;
}

function tokenAt(groups: Record<string, string | undefined>, text: string, at: number): TokenKind {
  try {
    return tokenOf(groups, text);
  } catch (error) {
    throw new TemplateError(error instanceof Error ? error.message : String(error), at);
  }
}

function tokenOf(groups: Record<string, string | undefined>, text: string): TokenKind {
  if (groups.space !== undefined) return { kind: 'space' };
  if (groups.field !== undefined) return { kind: 'field', text: text.slice(1) };
  if (groups.variable !== undefined) return { kind: 'variable', text };
  if (groups.mark !== undefined) return { kind: 'mark', text };
  if (groups.raw !== undefined) return { kind: 'constant', value: text.slice(1, -1) };
  if (groups.string !== undefined) return { kind: 'constant', value: unescapeGo(text.slice(1, -1)) };
  if (groups.char !== undefined)
    return { kind: 'constant', value: BigInt(unescapeGo(text.slice(1, -1), "'").codePointAt(0)!) };
  if (groups.number !== undefined) {
    const value = parseInteger(text) ?? parseFloat64(text);
    if (value === null) throw new Error(`${text} is no number`);
    return { kind: 'constant', value };
  }
  if (text === 'true' || text === 'false') return { kind: 'constant', value: text === 'true' };
  return { kind: 'word', text };
}

/** Parses a Go text/template; `isFunction` says which functions there are. Throws a TemplateError. */
export function parseTemplate(source: string, isFunction: (name: string) => boolean): Parsed {
  return new Parser(tokens(source), isFunction).all();
}

type Ending = { at: number; word: 'end' | 'else' | 'eof'; next?: 'if' | 'with' };

class Parser {
  readonly #tokens: Token[];
  readonly #isFunction: (name: string) => boolean;
  readonly #defined = new Map<string, Node[]>();
  #variables: string[] = ['$'];
  #ranges = 0;
  #at = 0;

  constructor(found: Token[], isFunction: (name: string) => boolean) {
    this.#tokens = found;
    this.#isFunction = isFunction;
  }

  all(): Parsed {
    const [body, ending] = this.#list();
    if (ending.word !== 'eof') throw this.#wrong(`unexpected {{${ending.word}}}`, ending.at);
    return { body, defined: this.#defined };
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** `at`: the token at hand, if not given. */
  #wrong(message: string, at = this.#token.at): TemplateError {
    return new TemplateError(message, at);
  }

  #skipSpace(): void {
    while (this.#token.kind === 'space') this.#at++;
  }

  #isMark(text: string): boolean {
    return this.#token.kind === 'mark' && this.#token.text === text;
  }

  #expectClose(): void {
    this.#skipSpace();
    if (this.#token.kind !== 'close') throw this.#wrong('unexpected words at the end of an action');
    this.#at++;
  }

  #list(): [Node[], Ending] {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#token;
      this.#at++;
      if (token.kind === 'end') return [nodes, { at: token.at, word: 'eof' }];
      if (token.kind === 'text') nodes.push(token);
      if (token.kind !== 'open') continue;
      this.#skipSpace();
      const ending = this.#ending();
      if (ending !== null) return [nodes, ending];
      nodes.push(...this.#action());
    }
  }

  #keyword(): string | null {
    const token = this.#token;
    if (token.kind !== 'word' || this.#isFunction(token.text)) return null;
    return token.text;
  }

  #ending(): Ending | null {
    const { at } = this.#token;
    const word = this.#keyword();
    if (word !== 'end' && word !== 'else') return null;
    this.#at++;
    this.#skipSpace();
    const next = word === 'else' ? this.#keyword() : null;
    if (next === 'if' || next === 'with') {
      this.#at++;
      return { at, word: 'else', next };
    }
    this.#expectClose();
    return { at, word };
  }

  #action(): Node[] {
    const word = this.#keyword();
    if (word === 'if' || word === 'with' || word === 'range') {
      this.#at++;
      return [this.#control(word)];
    }
    if (word === 'define' || word === 'block' || word === 'template') {
      this.#at++;
      return this.#named(word);
    }
    if (word === 'break' || word === 'continue') {
      if (this.#ranges === 0) throw this.#wrong(`{{${word}}} outside {{range}}`);
      this.#at++;
      this.#expectClose();
      return [{ kind: word }];
    }
    const pipe = this.#pipe(false);
    this.#expectClose();
    return [{ kind: 'action', pipe }];
  }

  #control(kind: 'if' | 'with' | 'range'): Node {
    const { at } = this.#tokens[this.#at - 1]!;
    const outer = this.#variables;
    this.#variables = [...outer];
    const pipe = this.#pipe(kind === 'range');
    this.#expectClose();
    if (kind === 'range') this.#ranges++;
    const [body, ending] = this.#list();
    if (kind === 'range') this.#ranges--;
    let otherwise: Node[] = [];
    if (ending.word === 'else') {
      if (ending.next !== undefined) {
        if (kind === 'range') throw this.#wrong('{{range}} has no {{else if}}', ending.at);
        otherwise = [this.#control(ending.next)];
      } else {
        const [nodes, last] = this.#list();
        if (last.word !== 'end') throw this.#wrong(`{{${kind}}} is not ended`, at);
        otherwise = nodes;
      }
    } else if (ending.word === 'eof') throw this.#wrong(`{{${kind}}} is not ended`, at);
    this.#variables = outer;
    return { kind, pipe, body, otherwise };
  }

  #named(word: 'define' | 'block' | 'template'): Node[] {
    const { at } = this.#tokens[this.#at - 1]!;
    this.#skipSpace();
    const token = this.#token;
    if (token.kind !== 'constant' || typeof token.value !== 'string')
      throw this.#wrong(`{{${word}}} needs a name in quotes`);
    this.#at++;
    this.#skipSpace();
    const pipe = word === 'define' || this.#token.kind === 'close' ? null : this.#pipe(false);
    this.#expectClose();
    if (word !== 'template') {
      const outer = this.#variables;
      this.#variables = ['$'];
      const [body, ending] = this.#list();
      if (ending.word !== 'end') throw this.#wrong(`{{${word}}} is not ended`, at);
      this.#variables = outer;
      this.#defined.set(token.value, body);
    }
    return word === 'define' ? [] : [{ kind: 'template', name: token.value, pipe }];
  }

  #pipe(isRange: boolean): Pipe {
    this.#skipSpace();
    const { variables, declares } = this.#declaration(isRange);
    const commands: Operand[][] = [];
    for (;;) {
      this.#skipSpace();
      commands.push(this.#command());
      this.#skipSpace();
      if (!this.#isMark('|')) break;
      this.#at++;
    }
    if (declares) this.#variables.push(...variables);
    return { variables, declares, commands };
  }

  #declaration(isRange: boolean): { variables: string[]; declares: boolean } {
    const start = this.#at;
    const variables: string[] = [];
    while (this.#token.kind === 'variable') {
      variables.push(this.#token.text);
      this.#at++;
      this.#skipSpace();
      if (this.#isMark(',') && isRange && variables.length === 1) {
        this.#at++;
        this.#skipSpace();
        continue;
      }
      if (this.#isMark(':=') || this.#isMark('=')) {
        const declares = this.#isMark(':=');
        this.#at++;
        if (!declares) for (const name of variables) this.#known(name);
        return { variables, declares };
      }
      break;
    }
    this.#at = start;
    return { variables: [], declares: false };
  }

  #known(name: string): void {
    if (!this.#variables.includes(name)) throw this.#wrong(`variable ${name} is not defined`);
  }

  #command(): Operand[] {
    const operands: Operand[] = [];
    const { at } = this.#token;
    for (;;) {
      this.#skipSpace();
      const operand = this.#operand();
      if (operand === null) break;
      operands.push(operand);
    }
    if (operands.length === 0) throw this.#wrong('an action or a step of its pipeline is empty');
    const [head] = operands;
    if (operands.length > 1 && head!.kind !== 'function' && head!.kind !== 'field') {
      throw this.#wrong('arguments are given to something that is no function', at);
    }
    return operands;
  }

  #operand(): Operand | null {
    const token = this.#token;
    let operand: Operand;
    if (token.kind === 'constant') operand = token;
    else if (token.kind === 'field') operand = { kind: 'field', of: { kind: 'dot' }, name: token.text };
    else if (token.kind === 'variable') {
      this.#known(token.text);
      operand = { kind: 'variable', name: token.text };
    } else if (token.kind === 'word') {
      if (token.text === 'nil') operand = { kind: 'nil' };
      else if (this.#isFunction(token.text)) operand = { kind: 'function', name: token.text };
      else throw this.#wrong(`function ${JSON.stringify(token.text)} is not defined`);
    } else if (this.#isMark('.')) operand = { kind: 'dot' };
    else if (this.#isMark('(')) {
      this.#at++;
      operand = { kind: 'pipe', pipe: this.#pipe(false) };
      this.#skipSpace();
      if (!this.#isMark(')')) throw this.#wrong('a parenthesis is not closed');
    } else return null;
    this.#at++;
    while (this.#token.kind === 'field') {
      operand = { kind: 'field', of: operand, name: this.#token.text };
      this.#at++;
    }
    return operand;
  }
}
