import { type Constant, TemplateError, type Token, tokens } from './template-tokens.js';

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
  /** How many lists the one at hand is in. */
  #depth = -1;
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
    this.#depth++;
    const list = this.#nodes();
    this.#depth--;
    return list;
  }

  #nodes(): [Node[], Ending] {
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
      if (word === 'define' && this.#depth > 0) throw this.#wrong('{{define}} is for the outermost level');
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
        if (ending.next !== kind) throw this.#wrong(`{{${kind}}} has no {{else ${ending.next}}}`, ending.at);
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
    const isAlone = word === 'define' || (word === 'template' && this.#token.kind === 'close');
    const pipe = isAlone ? null : this.#pipe(false);
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
    do {
      this.#skipSpace();
      const { at } = this.#token;
      const command = this.#command();
      if (commands.length > 0 && isValue(command[0]!)) throw this.#wrong('this can not be given anything', at);
      commands.push(command);
    } while (this.#passesOn());
    if (declares) this.#variables.push(...variables);
    return { variables, declares, commands };
  }

  /** Whether there is another step: Go takes a bar at the end. */
  #passesOn(): boolean {
    this.#skipSpace();
    if (!this.#isMark('|')) return false;
    this.#at++;
    this.#skipSpace();
    return this.#token.kind !== 'close' && !this.#isMark(')');
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
      if (!this.#endsOperand()) throw this.#wrong('unexpected words behind an operand');
    }
    if (operands.length === 0) throw this.#wrong('an action or a step of its pipeline is empty');
    const [head] = operands;
    if (operands.length > 1 && head!.kind !== 'function' && head!.kind !== 'field') {
      throw this.#wrong('arguments are given to something that is no function', at);
    }
    return operands;
  }

  #endsOperand(): boolean {
    const { kind } = this.#token;
    return kind === 'space' || kind === 'close' || this.#isMark('|') || this.#isMark(')');
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
    if (this.#token.kind === 'field' && isValue(operand)) throw this.#wrong('this has no fields');
    while (this.#token.kind === 'field') {
      operand = { kind: 'field', of: operand, name: this.#token.text };
      this.#at++;
    }
    return operand;
  }
}

/** Neither a function nor something with fields. */
function isValue({ kind }: Operand): boolean {
  return kind === 'constant' || kind === 'dot' || kind === 'nil';
}
