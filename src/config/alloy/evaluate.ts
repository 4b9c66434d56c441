import type { Binary, BinaryOperator, Expression, Literal, Name } from './ast.js';
import type { Place } from './diagnostics.js';
import { unquote } from './strings.js';
import { CallError, describe, equal, FunctionValue, numberText, Secret, type Value } from './value.js';

/** Why an expression has no value, and where. Caught where the argument is read, so that the next one still is. */
export class EvaluationError extends Error {
  readonly place: Place;

  constructor(place: Place, message: string) {
    super(message);
    this.place = place;
  }
}

/** Thrown for what has been told elsewhere: nothing is added. */
export class AlreadyTold extends Error {}

/** What names mean. `find` gets a dotted chain of names, and says how many of them lead to the value it gives. */
export interface Scope {
  find(names: readonly Name[]): { value: Value; used: number };
}

/**
 * The value of an expression.
 * @throws EvaluationError at the part that has none, AlreadyTold, or an AggregateError of several such
 */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return literalValue(expression);
    case 'paren':
      return evaluate(expression.inner, scope);
    case 'array':
      return evaluateAll(
        expression.elements.map(({ value }) => value),
        scope,
      );
    case 'object': {
      const { fields } = expression;
      const values = evaluateAll(
        fields.map(({ value }) => value),
        scope,
      );
      // Of fields with the same name the last counts.
      return new Map(fields.map(({ key }, index) => [key.text, values[index]!]));
    }
    case 'identifier':
    case 'access': {
      const names = chainOf(expression);
      if (names !== null) {
        const { value, used } = scope.find(names);
        return names.slice(used).reduce((whole, name) => fieldOf(whole, name), value);
      }
      if (expression.kind === 'identifier') throw new EvaluationError(expression, 'is no name');
      return fieldOf(evaluate(expression.value, scope), expression.name);
    }
    case 'index':
      return elementOf(evaluate(expression.value, scope), evaluate(expression.index, scope), expression.index);
    case 'call': {
      const callee = evaluate(expression.callee, scope);
      if (!(callee instanceof FunctionValue)) {
        throw new EvaluationError(expression.callee, `${describe(callee)} cannot be called`);
      }
      const args = evaluateAll(expression.args, scope);
      try {
        return callee.call(args);
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        throw new EvaluationError(expression.args[error.argument] ?? expression, `${callee.name}: ${error.message}`);
      }
    }
    case 'unary': {
      const value = evaluate(expression.value, scope);
      if (expression.operator === '!') {
        if (typeof value === 'boolean') return !value;
        throw new EvaluationError(expression.value, `"!" takes a bool, not ${describe(value)}`);
      }
      if (typeof value === 'bigint') return BigInt.asIntN(64, -value);
      if (typeof value === 'number') return -value;
      throw new EvaluationError(expression.value, `"-" takes a number, not ${describe(value)}`);
    }
    case 'binary':
      return binaryValue(expression, evaluate(expression.left, scope), evaluate(expression.right, scope));
  }
}

/** All of them, or all that is wrong with them. */
function evaluateAll(expressions: readonly Expression[], scope: Scope): Value[] {
  const failures: unknown[] = [];
  const values = expressions.map((expression) => {
    try {
      return evaluate(expression, scope);
    } catch (error) {
      failures.push(error);
      return null;
    }
  });
  if (failures.length > 1) throw new AggregateError(failures);
  if (failures.length === 1) throw failures[0];
  return values;
}

/** The names of `a.b.c`; null if something else than a name is at its start. */
export function chainOf(expression: Expression): Name[] | null {
  const names: Name[] = [];
  let at = expression;
  while (at.kind === 'access') {
    names.unshift(at.name);
    at = at.value;
  }
  if (at.kind !== 'identifier') return null;
  const { source, from, to, name: text } = at;
  return [{ source, from, to, text }, ...names];
}

function literalValue(literal: Literal): Value {
  const { type, text } = literal;
  switch (type) {
    case 'null':
      return null;
    case 'bool':
      return text === 'true';
    case 'string': {
      const unquoted = unquote(text).text;
      if (unquoted === null)
        throw new EvaluationError(literal, 'the escapes of this string make bytes that are not UTF-8');
      return unquoted;
    }
    case 'number': {
      // A leading zero means octal, where the digits allow it.
      const whole = /^0[0-7]+$/.test(text) ? BigInt(`0o${text.slice(1)}`) : BigInt(text);
      if (!/^0\d/.test(text) || /^0[0-7]+$/.test(text)) return whole < 2n ** 64n ? whole : floatValue(literal);
      return floatValue(literal);
    }
    case 'float':
      return floatValue(literal);
    case 'bad':
      throw new AlreadyTold();
  }
}

function floatValue(literal: Literal): number {
  const value = Number(literal.text);
  if (Number.isFinite(value)) return value;
  throw new EvaluationError(literal, 'the number is too large');
}

function fieldOf(value: Value, name: Name): Value {
  if (!(value instanceof Map)) throw new EvaluationError(name, `${describe(value)} has no fields`);
  const field = value.get(name.text);
  if (field !== undefined) return field;
  throw new EvaluationError(name, `there is no field "${name.text}"${listed(value)}`);
}

function listed(value: ReadonlyMap<string, Value>): string {
  const keys = [...value.keys()];
  return keys.length === 0 || keys.length > 20 ? '' : `; there are ${keys.join(', ')}`;
}

function elementOf(value: Value, index: Value, place: Place): Value {
  if (value instanceof Map) {
    if (typeof index !== 'string')
      throw new EvaluationError(place, `an object takes a string here, not ${describe(index)}`);
    return value.get(index) ?? null;
  }
  if (!Array.isArray(value)) throw new EvaluationError(place, `${describe(value)} has no elements`);
  if (typeof index !== 'bigint' && typeof index !== 'number')
    throw new EvaluationError(place, `a list takes a whole number here, not ${describe(index)}`);
  const element = value[Math.trunc(Number(index))];
  if (element !== undefined) return element;
  throw new EvaluationError(
    place,
    `the list has ${value.length} elements, counted from 0; there is no ${numberText(index)}`,
  );
}

function binaryValue(expression: Binary, left: Value, right: Value): Value {
  const { operator } = expression;
  if (operator === '==') return equal(left, right);
  if (operator === '!=') return !equal(left, right);
  if (operator === '&&' || operator === '||') {
    const [a, b] = [boolOperand(expression, 'left', left), boolOperand(expression, 'right', right)];
    return operator === '&&' ? a && b : a || b;
  }
  if (operator === '+' && (left instanceof Secret || right instanceof Secret)) {
    return new Secret(secretOperand(expression, 'left', left) + secretOperand(expression, 'right', right));
  }
  if (typeof left === 'string' && typeof right === 'string') {
    if (operator === '+') return left + right;
    const order = ordering(operator, Buffer.compare(Buffer.from(left), Buffer.from(right)));
    if (order !== null) return order;
  }
  const a = numberOperand(expression, 'left', left);
  const b = numberOperand(expression, 'right', right);
  if ((operator === '/' || operator === '%') && Number(b) === 0) {
    throw new EvaluationError(expression.right, 'division by zero');
  }
  if (typeof a === 'bigint' && typeof b === 'bigint') return wholeValue(operator, a, b);
  return realValue(operator, Number(a), Number(b));
}

function wholeValue(operator: BinaryOperator, a: bigint, b: bigint): Value {
  const order = ordering(operator, a < b ? -1 : a > b ? 1 : 0);
  if (order !== null) return order;
  const wrap = (value: bigint): bigint =>
    a < 2n ** 63n && b < 2n ** 63n ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  switch (operator) {
    case '+':
      return wrap(a + b);
    case '-':
      return wrap(a - b);
    case '*':
      return wrap(a * b);
    case '/':
      return wrap(a / b);
    case '%':
      return wrap(a % b);
    default:
      return wrap(wholePower(a, b));
  }
}

/** As in Alloy, a negative exponent gives the base itself; overflow wraps. */
function wholePower(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n || base === 1n) return 1n;
  if (exponent < 0n) return base;
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

function realValue(operator: BinaryOperator, a: number, b: number): Value {
  const order = ordering(operator, a < b ? -1 : a > b ? 1 : 0);
  if (order !== null) return order;
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    default:
      return a ** b;
  }
}

/** What a comparison says; null if the operator is none. */
function ordering(operator: BinaryOperator, order: number): boolean | null {
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return null;
  }
}

function boolOperand(expression: Binary, side: 'left' | 'right', value: Value): boolean {
  if (typeof value === 'boolean') return value;
  throw wrongOperand(expression, side, 'a bool', value);
}

function secretOperand(expression: Binary, side: 'left' | 'right', value: Value): string {
  if (value instanceof Secret) return value.reveal();
  if (typeof value === 'string') return value;
  throw wrongOperand(expression, side, 'a string or a secret', value);
}

function numberOperand(expression: Binary, side: 'left' | 'right', value: Value): bigint | number {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  const other = expression.operator === '+' || ordering(expression.operator, 0) !== null;
  throw wrongOperand(expression, side, other ? 'two numbers or two strings' : 'a number', value);
}

function wrongOperand(expression: Binary, side: 'left' | 'right', wanted: string, value: Value): EvaluationError {
  return new EvaluationError(expression[side], `"${expression.operator}" takes ${wanted}, not ${describe(value)}`);
}
