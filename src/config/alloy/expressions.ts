import {
  type ArrayExpression,
  type Comment,
  type Element,
  type Expression,
  type Field,
  isBinaryOperator,
  type ObjectExpression,
  precedence,
} from './ast.js';
import { MAX_DEPTH, type TokenStream } from './token-stream.js';
import { describeToken } from './tokens.js';

const MAX_CHAIN = 500;

/** Reads expressions; `||` binds least, then `&&`, comparisons, `+ -`, `* / %`, and `^`, which groups from the right. */
export class ExpressionParser {
  readonly #tokens: TokenStream;
  #depth = 0;

  constructor(tokens: TokenStream) {
    this.#tokens = tokens;
  }

  expression(): Expression {
    if (this.#depth < MAX_DEPTH) return this.#nested(() => this.#binary(1));
    const { token, source } = this.#tokens;
    this.#tokens.fail(`expressions are nested more than ${MAX_DEPTH} deep`);
    this.#skipDeep();
    return { kind: 'literal', source, from: token.from, to: this.#tokens.end, type: 'null', text: 'null' };
  }

  #nested<T>(read: () => T): T {
    this.#depth++;
    const result = read();
    this.#depth--;
    return result;
  }

  /** Long chains make deep trees, so they are bounded like nesting is. */
  #isTooLong(links: number): boolean {
    if (links < MAX_CHAIN) return false;
    this.#tokens.fail(`more than ${MAX_CHAIN} operations in a row`);
    this.#skipDeep();
    return true;
  }

  /** Passes over brackets in their pairs, up to what could follow an expression. */
  #skipDeep(): void {
    const tokens = this.#tokens;
    let depth = 0;
    for (; tokens.token.kind !== 'end'; tokens.next()) {
      const { kind } = tokens.token;
      if (kind === '{' || kind === '[' || kind === '(') depth++;
      if (kind === '}' || kind === ']' || kind === ')') depth--;
      if (depth < 0 || (depth === 0 && (kind === ',' || kind === 'terminator'))) return;
    }
  }

  #binary(least: number): Expression {
    const tokens = this.#tokens;
    let left = this.#power();
    for (let links = 0; ; links++) {
      const { kind, from: at } = tokens.token;
      if (!isBinaryOperator(kind) || kind === '^' || precedence[kind] < least) return left;
      if (this.#isTooLong(links)) return left;
      tokens.next();
      const right = this.#binary(precedence[kind] + 1);
      left = {
        kind: 'binary',
        source: tokens.source,
        from: left.from,
        to: tokens.end,
        operator: kind,
        at,
        left,
        right,
      };
    }
  }

  #power(): Expression {
    const tokens = this.#tokens;
    const operands = [this.#unary()];
    const places: number[] = [];
    while (tokens.token.kind === '^' && !this.#isTooLong(places.length)) {
      places.push(tokens.next().from);
      operands.push(this.#unary());
    }
    return operands.reduceRight((right, left, index) => ({
      kind: 'binary',
      source: tokens.source,
      from: left.from,
      to: right.to,
      operator: '^',
      at: places[index]!,
      left,
      right,
    }));
  }

  #unary(): Expression {
    const tokens = this.#tokens;
    const found: { operator: '!' | '-'; from: number }[] = [];
    for (let { kind } = tokens.token; kind === '!' || kind === '-'; { kind } = tokens.token) {
      if (this.#isTooLong(found.length)) break;
      found.push({ operator: kind, from: tokens.next().from });
    }
    return found.reduceRight<Expression>(
      (value, { operator, from }) => ({ kind: 'unary', source: tokens.source, from, to: value.to, operator, value }),
      this.#operand(),
    );
  }

  #operand(): Expression {
    const tokens = this.#tokens;
    const { source } = tokens;
    let value = this.#primary();
    for (let links = 0; ; links++) {
      const { from } = value;
      if (this.#isTooLong(links)) return value;
      if (tokens.take('.') !== null) {
        const token = tokens.expect('identifier', 'a name after "."');
        const { token: here } = tokens;
        const place = token ?? { from: here.from, to: here.from, text: '' };
        const name = { source, from: place.from, to: place.to, text: place.text };
        value = { kind: 'access', source, from, to: tokens.end, value, name };
        if (token === null) return value;
      } else if (tokens.take('[') !== null) {
        const index = this.expression();
        tokens.expect(']');
        value = { kind: 'index', source, from, to: tokens.end, value, index };
      } else if (tokens.take('(') !== null) {
        const elements = this.#list(')', 'the arguments');
        const args = elements.map((element) => element.value);
        tokens.restoreComments(elements.flatMap(({ leading, trailing }) => [...leading, ...trailing]));
        tokens.expect(')');
        value = { kind: 'call', source, from, to: tokens.end, callee: value, args };
      } else if (tokens.token.kind === '{' || tokens.token.kind === 'string') {
        if (value.kind === 'identifier' || value.kind === 'access') {
          tokens.fail('a block cannot be the value of an argument', from);
        }
        return value;
      } else {
        return value;
      }
    }
  }

  #primary(): Expression {
    const tokens = this.#tokens;
    const { source, token } = tokens;
    const { from, text, kind } = token;
    switch (kind) {
      case 'identifier':
        tokens.next();
        return { kind: 'identifier', source, from, to: tokens.end, name: text };
      case 'string':
      case 'number':
      case 'float':
      case 'bool':
      case 'null':
        tokens.next();
        return { kind: 'literal', source, from, to: tokens.end, type: token.isBad ? 'bad' : kind, text };
      case '(': {
        tokens.next();
        const inner = this.expression();
        tokens.expect(')');
        return { kind: 'paren', source, from, to: tokens.end, inner };
      }
      case '[':
        return this.#array();
      case '{':
        return this.#object();
      default:
        tokens.fail(`expected an expression, found ${describeToken(token)}`);
        if (kind === 'illegal') tokens.next();
        return { kind: 'literal', source, from, to: from, type: 'null', text: 'null' };
    }
  }

  #array(): ArrayExpression {
    const tokens = this.#tokens;
    const { source } = tokens;
    const open = tokens.next();
    const multiline = this.#breaks(open.to);
    const elements = this.#list(']', 'the list');
    const dangling = tokens.takeComments();
    tokens.expect(']');
    return { kind: 'array', source, from: open.from, to: tokens.end, elements, dangling, multiline };
  }

  #list(until: ']' | ')', what: string): Element[] {
    const tokens = this.#tokens;
    const elements: Element[] = [];
    while (tokens.token.kind !== until && tokens.token.kind !== 'end') {
      const leading = tokens.takeComments();
      const { spaced, token: before } = tokens;
      const value = this.expression();
      const element: Element = { value, leading, trailing: [], spaced };
      elements.push(element);
      if (!this.#separator(until, what, element) || tokens.token === before) break;
    }
    return elements;
  }

  #object(): ObjectExpression {
    const tokens = this.#tokens;
    const { source } = tokens;
    const open = tokens.next();
    const multiline = this.#breaks(open.to);
    const fields: Field[] = [];
    while (tokens.token.kind !== '}' && tokens.token.kind !== 'end') {
      const leading = tokens.takeComments();
      const { token, spaced } = tokens;
      const quoted = token.kind === 'string';
      if (!quoted && token.kind !== 'identifier') {
        tokens.fail(`expected the name of a field, found ${describeToken(token)}`);
        break;
      }
      tokens.next();
      const key = { source, from: token.from, to: token.to, text: quoted ? token.text.slice(1, -1) : token.text };
      if (tokens.expect('=', '"=" after the name of a field') === null) break;
      const value = this.expression();
      const field: Field = {
        source,
        from: token.from,
        to: tokens.end,
        key,
        written: token.text,
        value,
        leading,
        trailing: [],
        spaced,
      };
      fields.push(field);
      if (!this.#separator('}', 'the object', field)) break;
    }
    const dangling = tokens.takeComments();
    tokens.expect('}');
    return { kind: 'object', source, from: open.from, to: tokens.end, fields, dangling, multiline };
  }

  /**
   * Stands behind an element or a field: takes the comma, if one more may follow. A missing one is told, and reading goes
   * on as if it were there, since it is mostly the comma after the last line.
   */
  #separator(until: ']' | ')' | '}', what: string, item: { trailing: Comment[]; leading: Comment[] }): boolean {
    const tokens = this.#tokens;
    const inside = tokens.takeComments();
    if (tokens.take(',') !== null) {
      item.leading.push(...inside);
      item.trailing.push(...tokens.takeCommentsOfLine());
      return true;
    }
    item.trailing.push(...inside);
    const { kind } = tokens.token;
    if (kind === until) return false;
    if (kind === 'terminator') {
      tokens.tell(`missing "," before the end of the line in ${what}`);
      tokens.next();
      return true;
    }
    tokens.fail(`missing "," in ${what}, found ${describeToken(tokens.token)}`);
    return false;
  }

  /** Whether the line ends after the bracket. */
  #breaks(at: number): boolean {
    return this.#tokens.source.text.slice(at, this.#tokens.token.from).includes('\n');
  }
}
