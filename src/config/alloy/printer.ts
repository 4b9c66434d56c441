import {
  type Body,
  type Comment,
  type Expression,
  type File,
  precedence,
  type Statement,
  type Surroundings,
} from './ast.js';

/** Writes a file in the form of `alloy fmt`: tabs, one statement a line, `=` of neighbouring lines below each other. */
export function printFile(file: File): string {
  const text = printBody(file.body, 0);
  return text === '' ? '' : `${text}\n`;
}

/** The lines of a body, all but the first behind the indent of `depth`. */
function printBody({ statements, dangling }: Body, depth: number): string {
  const values = statements.map((statement) =>
    statement.kind === 'attribute' ? printExpression(statement.value, depth) : null,
  );
  const widths = alignedWidths(statements, statements.map(nameOf), values);
  const items = statements.map((statement, index) => {
    const value = values[index];
    if (value != null) return { text: `${nameOf(statement).padEnd(widths[index]!)} = ${value}`, ...statement };
    // A block always has an empty line before it, and its comments belong to it.
    const [first, ...others] = statement.leading;
    const leading = first === undefined ? [] : [{ ...first, spaced: true }, ...others];
    const spaced = first === undefined || statement.spaced;
    return { text: printBlock(statement, depth), ...statement, leading, spaced };
  });
  return printItems(items, dangling, depth);
}

function nameOf(statement: Statement): string {
  return statement.name.text;
}

function printBlock(statement: Statement, depth: number): string {
  if (statement.kind !== 'block') return '';
  const { name, label, body } = statement;
  const head = `${name.text}${label === null ? '' : ` "${label.text}"`} {`;
  const inside = printBody(body, depth + 1);
  return inside === '' ? `${head} }` : `${head}${newline(depth + 1)}${inside}${newline(depth)}}`;
}

/** Items below each other, each with its comments; empty lines are kept, but for those behind a bracket. */
function printItems(
  items: readonly ({ text: string } & Surroundings)[],
  dangling: readonly Comment[],
  depth: number,
): string {
  let out = '';
  const put = (text: string, spaced: boolean): void => {
    if (out !== '') out += `${spaced ? '\n' : ''}${newline(depth)}`;
    out += text;
  };
  for (const { text, leading, trailing, spaced } of items) {
    for (const comment of leading) put(comment.text, comment.spaced);
    put(text + trailing.map((comment) => ` ${comment.text}`).join(''), spaced);
  }
  for (const comment of dangling) put(comment.text, comment.spaced);
  return out;
}

function newline(depth: number): string {
  return `\n${'\t'.repeat(depth)}`;
}

/**
 * For each item the width of the names in its group: neighbours on lines of their own with nothing in between. A value
 * of null is a block.
 */
function alignedWidths(
  items: readonly Surroundings[],
  names: readonly string[],
  values: readonly (string | null)[],
): number[] {
  const widths: number[] = [];
  let from = 0;
  const close = (): void => {
    widths.fill(Math.max(0, ...widths.slice(from)), from);
    from = widths.length;
  };
  items.forEach(({ spaced, leading }, index) => {
    const alone = values[index]?.includes('\n') ?? true;
    if (alone || spaced || leading.length > 0) close();
    widths.push([...names[index]!].length);
    if (alone) close();
  });
  close();
  return widths;
}

/** An expression on the line where it begins; lines after the first are indented for `depth`. */
function printExpression(expression: Expression, depth: number): string {
  switch (expression.kind) {
    case 'literal':
      return expression.text;
    case 'identifier':
      return expression.name;
    case 'access':
      return `${printOperand(expression.value, depth, 'access')}.${expression.name.text}`;
    case 'index':
      return `${printOperand(expression.value, depth)}[${printExpression(expression.index, depth)}]`;
    case 'call': {
      const args = expression.args.map((argument) => printExpression(argument, depth));
      return `${printOperand(expression.callee, depth)}(${args.join(', ')})`;
    }
    case 'paren':
      return `(${printExpression(expression.inner, depth)})`;
    case 'unary':
      return expression.operator + printOperand(expression.value, depth, 'unary');
    case 'binary': {
      const { operator, left, right } = expression;
      const binds = precedence[operator];
      // `^` groups from the right, all others from the left.
      const [leftBinds, rightBinds] = operator === '^' ? [binds + 1, binds] : [binds, binds + 1];
      return `${printBound(left, leftBinds, depth)} ${operator} ${printBound(right, rightBinds, depth)}`;
    }
    case 'array': {
      const items = expression.elements.map((element) => ({ ...element, text: printExpression(element.value, depth) }));
      if (!expression.multiline && !holdsComments(items, expression.dangling)) {
        return `[${items.map(({ text }) => text).join(', ')}]`;
      }
      const below = expression.elements.map((element) => ({
        ...element,
        text: `${printExpression(element.value, depth + 1)},`,
      }));
      return inBrackets('[', printItems(below, expression.dangling, depth + 1), ']', depth);
    }
    case 'object': {
      const { fields, dangling } = expression;
      if (!expression.multiline && !holdsComments(fields, dangling)) {
        const pairs = fields.map((field) => `${field.written} = ${printExpression(field.value, depth)}`);
        return `{${pairs.join(', ')}}`;
      }
      const values = fields.map((field) => printExpression(field.value, depth + 1));
      const names = fields.map((field) => field.written);
      const widths = alignedWidths(fields, names, values);
      const below = fields.map((field, i) => ({ ...field, text: `${names[i]!.padEnd(widths[i]!)} = ${values[i]},` }));
      return inBrackets('{', printItems(below, dangling, depth + 1), '}', depth);
    }
  }
}

function inBrackets(open: string, inside: string, close: string, depth: number): string {
  return inside === '' ? open + close : `${open}${newline(depth + 1)}${inside}${newline(depth)}${close}`;
}

function holdsComments(items: readonly Surroundings[], dangling: readonly Comment[]): boolean {
  return dangling.length > 0 || items.some(({ leading, trailing }) => leading.length + trailing.length > 0);
}

/** An operand of a binary operator, in parentheses where the tree could not be read back without. */
function printBound(expression: Expression, binds: number, depth: number): string {
  const text = printExpression(expression, depth);
  return expression.kind === 'binary' && precedence[expression.operator] < binds ? `(${text})` : text;
}

/** What stands before `.`, `[`, `(` or behind a sign. */
function printOperand(expression: Expression, depth: number, user: 'access' | 'unary' | 'other' = 'other'): string {
  const text = printExpression(expression, depth);
  const loose =
    expression.kind === 'binary' ||
    (expression.kind === 'unary' && user !== 'unary') ||
    // The dot would become part of the number.
    (expression.kind === 'literal' && user === 'access');
  return loose ? `(${text})` : text;
}
