import type { Attribute, Block, Body, Expression, File, Name, Statement, Surroundings } from './ast.js';
import type { Diagnostics } from './diagnostics.js';
import { ExpressionParser } from './expressions.js';
import { isIdentifier } from './lexer.js';
import type { SourceFile } from './source.js';
import { MAX_DEPTH, TokenStream } from './token-stream.js';
import { describeToken, type Token } from './tokens.js';

/** Reads a configuration file. What is wrong with it is told to `diagnostics`; what could be read is returned anyway. */
export function parseFile(source: SourceFile, diagnostics: Diagnostics): File {
  return new Parser(source, diagnostics).file();
}

/** Reads a single expression, as it stands after `=`. */
export function parseExpression(source: SourceFile, diagnostics: Diagnostics): Expression {
  const tokens = new TokenStream(source, diagnostics);
  const expression = new ExpressionParser(tokens).expression();
  tokens.take('terminator');
  tokens.expect('end', 'the end of the expression');
  return expression;
}

class Parser {
  readonly #source: SourceFile;
  readonly #tokens: TokenStream;
  readonly #expressions: ExpressionParser;
  #depth = 0;

  constructor(source: SourceFile, diagnostics: Diagnostics) {
    this.#source = source;
    this.#tokens = new TokenStream(source, diagnostics);
    this.#expressions = new ExpressionParser(this.#tokens);
  }

  file(): File {
    const body = this.#body('end');
    return {
      kind: 'file',
      source: this.#source,
      from: 0,
      to: this.#source.text.length,
      body,
      isWhole: this.#tokens.isWhole,
    };
  }

  #body(until: 'end' | '}'): Body {
    const tokens = this.#tokens;
    const statements: Statement[] = [];
    while (tokens.token.kind !== until && tokens.token.kind !== 'end') {
      const statement = this.#statement();
      if (statement !== null) statements.push(statement);
      if (tokens.token.kind === until) break;
      if (tokens.token.kind !== 'terminator') {
        tokens.fail(`expected the end of the line, found ${describeToken(tokens.token)}`);
        this.#skipStatement();
      }
      if (tokens.token.kind === 'terminator') tokens.next();
      const trailing = tokens.takeCommentsOfLine();
      if (statement !== null) statement.trailing.push(...trailing);
      if (tokens.token.kind === '}' && until === 'end') {
        tokens.fail('this "}" has no "{" before it');
        tokens.next();
        tokens.take('terminator');
      }
    }
    return { statements, dangling: tokens.takeComments() };
  }

  #statement(): Statement | null {
    const tokens = this.#tokens;
    const { from } = tokens.token;
    const surroundings: Surroundings = { leading: tokens.takeComments(), trailing: [], spaced: tokens.spaced };
    const name = this.#name();
    if (name === null) return this.#giveUp();
    const label = this.#label();
    const node = { source: this.#source, from };
    if (tokens.take('=') !== null) {
      this.#checkAttributeName(name, label);
      const value = this.#expressions.expression();
      surroundings.leading.push(...tokens.takeComments());
      const attribute: Attribute = { kind: 'attribute', ...node, to: tokens.end, name, value, ...surroundings };
      return attribute;
    }
    if (tokens.token.kind !== '{') {
      const what = name.text.includes('.') || label !== null ? '"{"' : '"=" or "{"';
      tokens.fail(`expected ${what}, found ${describeToken(tokens.token)}`);
      return this.#giveUp();
    }
    if (this.#depth >= MAX_DEPTH) {
      tokens.fail(`blocks are nested more than ${MAX_DEPTH} deep`);
      this.#skipStatement();
      return null;
    }
    tokens.next();
    this.#depth++;
    const body = this.#body('}');
    this.#depth--;
    if (tokens.expect('}') === null) {
      tokens.fail(`the block "${name.text}" is not ended`, name.from);
    }
    const block: Block = {
      kind: 'block',
      ...node,
      to: tokens.end,
      name,
      label: label?.named ?? null,
      body,
      ...surroundings,
    };
    return block;
  }

  #name(): Name | null {
    const tokens = this.#tokens;
    const first = tokens.expect('identifier', 'the name of an argument or a block');
    if (first === null) return null;
    let text = first.text;
    while (tokens.take('.') !== null) {
      const part = tokens.expect('identifier', 'a name after "."');
      if (part === null) return null;
      text += `.${part.text}`;
    }
    return { source: this.#source, from: first.from, to: tokens.end, text };
  }

  #label(): { token: Token; named: Name | null } | null {
    const tokens = this.#tokens;
    const token = tokens.take('string');
    if (token === null) return null;
    const text = token.text.slice(1, -1);
    if (!token.text.startsWith('"')) tokens.tell('labels are written in double quotes', token.from);
    else if (text !== '' && !isIdentifier(text)) {
      tokens.tell(`"${text}" cannot be a label: use letters, digits and "_", not beginning with a digit`, token.from);
    }
    const named = text === '' ? null : { source: this.#source, from: token.from, to: token.to, text };
    return { token, named };
  }

  #checkAttributeName(name: Name, label: { token: Token } | null): void {
    if (label !== null) this.#tokens.tell('an argument has no label', label.token.from);
    else if (name.text.includes('.')) this.#tokens.fail('the name of an argument has no "."', name.from);
  }

  /** Nothing can be made of the statement: goes on with the next line that could begin one. */
  #giveUp(): null {
    this.#skipStatement();
    return null;
  }

  /** Passes over what is left of a statement, whole pairs of brackets included. */
  #skipStatement(): void {
    const tokens = this.#tokens;
    let depth = 0;
    for (; tokens.token.kind !== 'end'; tokens.next()) {
      const { kind } = tokens.token;
      if (kind === 'terminator' && depth <= 0) return;
      if (kind === '{' || kind === '[' || kind === '(') depth++;
      if (kind === '}' || kind === ']' || kind === ')') {
        // The end of the block around us is not ours to pass.
        if (depth === 0 && kind === '}' && this.#depth > 0) return;
        depth--;
      }
    }
  }
}
