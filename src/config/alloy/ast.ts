import type { SourceFile } from './source.js';

/** Where a node stands: offsets of its first character and of what follows it. */
export interface Node {
  source: SourceFile;
  from: number;
  to: number;
}

export interface Comment {
  /** As written, with its slashes. */
  text: string;
  /** Whether an empty line stands before it. */
  spaced: boolean;
}

/** What a statement, element or field carries besides its meaning; only the printer looks at it. */
export interface Surroundings {
  /** Comments on lines of their own before it. */
  leading: Comment[];
  /** Comments after it on its last line. */
  trailing: Comment[];
  /** Whether an empty line stands right before it. */
  spaced: boolean;
}

export interface Name extends Node {
  text: string;
}

export interface File extends Node {
  kind: 'file';
  body: Body;
  /** Whether mistakes of syntax, if there are any, have left everything in its place. */
  isWhole: boolean;
}

export interface Body {
  statements: Statement[];
  /** Comments after the last statement. */
  dangling: Comment[];
}

export interface Attribute extends Node, Surroundings {
  kind: 'attribute';
  name: Name;
  value: Expression;
}

export interface Block extends Node, Surroundings {
  kind: 'block';
  /** `loki.process` is ["loki", "process"]. Its place is that of the whole name. */
  name: Name;
  /** Null without one; also for `""`. */
  label: Name | null;
  body: Body;
}

export type Statement = Attribute | Block;

export interface Literal extends Node {
  kind: 'literal';
  /** `bad` is a string in which there is a mistake, which is told. */
  type: 'string' | 'number' | 'float' | 'bool' | 'null' | 'bad';
  /** As written. */
  text: string;
}

export interface Identifier extends Node {
  kind: 'identifier';
  name: string;
}

export interface Element extends Surroundings {
  value: Expression;
}

export interface ArrayExpression extends Node {
  kind: 'array';
  elements: Element[];
  dangling: Comment[];
  /** Whether it is written with one element on a line. */
  multiline: boolean;
}

export interface Field extends Node, Surroundings {
  /** Without quotes. */
  key: Name;
  /** The key as written, maybe with quotes. */
  written: string;
  value: Expression;
}

export interface ObjectExpression extends Node {
  kind: 'object';
  fields: Field[];
  dangling: Comment[];
  multiline: boolean;
}

export interface Access extends Node {
  kind: 'access';
  value: Expression;
  name: Name;
}

export interface Index extends Node {
  kind: 'index';
  value: Expression;
  index: Expression;
}

export interface Call extends Node {
  kind: 'call';
  callee: Expression;
  args: Expression[];
}

export type UnaryOperator = '!' | '-';

export interface Unary extends Node {
  kind: 'unary';
  operator: UnaryOperator;
  value: Expression;
}

export type BinaryOperator = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%' | '^';

export interface Binary extends Node {
  kind: 'binary';
  operator: BinaryOperator;
  /** Where the operator stands. */
  at: number;
  left: Expression;
  right: Expression;
}

export interface Paren extends Node {
  kind: 'paren';
  inner: Expression;
}

export type Expression =
  | Literal
  | Identifier
  | ArrayExpression
  | ObjectExpression
  | Access
  | Index
  | Call
  | Unary
  | Binary
  | Paren;

/** How strongly a binary operator binds; `^` is the only one that groups from the right. */
export const precedence: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '^': 6,
};

export function isBinaryOperator(text: string): text is BinaryOperator {
  return Object.hasOwn(precedence, text);
}

/** Calls `visit` for every expression below and at `expression`; one for which it returns false is not entered. */
export function walk(expression: Expression, visit: (expression: Expression) => boolean): void {
  if (!visit(expression)) return;
  switch (expression.kind) {
    case 'array':
      for (const element of expression.elements) walk(element.value, visit);
      break;
    case 'object':
      for (const field of expression.fields) walk(field.value, visit);
      break;
    case 'access':
      walk(expression.value, visit);
      break;
    case 'index':
      walk(expression.value, visit);
      walk(expression.index, visit);
      break;
    case 'call':
      walk(expression.callee, visit);
      for (const argument of expression.args) walk(argument, visit);
      break;
    case 'unary':
      walk(expression.value, visit);
      break;
    case 'binary':
      walk(expression.left, visit);
      walk(expression.right, visit);
      break;
    case 'paren':
      walk(expression.inner, visit);
      break;
  }
}
