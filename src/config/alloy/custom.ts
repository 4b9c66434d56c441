import type { Block, Expression } from './ast.js';
import { evaluateAttribute, type Reading } from './decode.js';
import type { Place } from './diagnostics.js';
import { nearest } from './nearest.js';
import type { Value } from './value.js';

/** The arguments of a custom component; null after telling what is wrong with them. */
export function givenArguments(block: Block, declared: Block, reading: Reading): Map<string, Value> | null {
  const { diagnostics } = reading;
  const tell = (place: Place, message: string): void => diagnostics.error(place, message);
  const errors = diagnostics.errorCount;
  let isWhole = true;
  const wanted = new Map(
    declared.body.statements
      .filter((statement) => statement.kind === 'block')
      .filter(({ name }) => name.text === 'argument')
      .map((argument) => [argument.label?.text ?? '', argument] as const),
  );
  const args = new Map<string, Value>();
  for (const statement of block.body.statements) {
    const { text } = statement.name;
    if (statement.kind === 'block') {
      tell(statement.name, `${block.name.text} takes arguments only, no block "${text}"`);
    } else if (!wanted.has(text)) {
      const meant = nearest(text, [...wanted.keys()]);
      const hint = meant === null ? '' : `; did you mean "${meant}"?`;
      tell(statement.name, `${block.name.text} has no argument "${text}"${hint}`);
    } else if (args.has(text)) {
      tell(statement.name, `the argument "${text}" is given twice`);
    } else {
      const value = evaluateAttribute(statement, reading);
      if (value === undefined) isWhole = false;
      args.set(text, value ?? null);
    }
  }
  for (const [name, argument] of wanted) {
    const isOptional = argument.body.statements.some(
      (statement) => statement.kind === 'attribute' && statement.name.text === 'optional' && isTrue(statement.value),
    );
    if (!isOptional && !args.has(name)) tell(block.name, `${block.name.text} needs the argument "${name}"`);
  }
  return isWhole && diagnostics.errorCount === errors ? args : null;
}

function isTrue(expression: Expression): boolean {
  return expression.kind === 'literal' && expression.text === 'true';
}
