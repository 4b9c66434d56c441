import type { Attribute, Block, Statement } from './ast.js';
import type { Diagnostics } from './diagnostics.js';
import { AlreadyTold, EvaluationError, evaluate, type Scope } from './evaluate.js';
import { nearest } from './nearest.js';
import type { Argument, BlockUse, Compatibility, Decoded, Schema } from './schema.js';
import { insideString } from './types.js';
import type { Value } from './value.js';

/** What is needed to read a block. */
export interface Reading {
  scope: Scope;
  diagnostics: Diagnostics;
}

/** The value of an argument, or undefined after telling why it has none. */
export function evaluateAttribute(attribute: Attribute, { scope, diagnostics }: Reading): Value | undefined {
  try {
    return evaluate(attribute.value, scope);
  } catch (error) {
    tellFailure(error, attribute, diagnostics);
    return undefined;
  }
}

function tellFailure(error: unknown, attribute: Attribute, diagnostics: Diagnostics): void {
  if (error instanceof EvaluationError) diagnostics.error(error.place, error.message);
  else if (error instanceof AggregateError) for (const one of error.errors) tellFailure(one, attribute, diagnostics);
  // Functions can make texts longer than there can be, and JSON can be nested deeper than the stack.
  else if (error instanceof RangeError) diagnostics.error(attribute.value, 'the value is too large');
  else if (!(error instanceof AlreadyTold)) throw error;
}

/**
 * Reads a block by its schema. Every mistake in it is told.
 * @param path names of the block and those it is in, such as `loki.write/endpoint`
 * @returns null if there were any, in it or in what it refers to
 */
export function decodeBlock(block: Block, schema: Schema, path: string, reading: Reading): Decoded | null {
  return new BlockReader(block, schema, path, reading).decode();
}

class BlockReader {
  readonly #block: Block;
  readonly #schema: Schema;
  readonly #path: string;
  readonly #reading: Reading;
  readonly #diagnostics: Diagnostics;
  #failed = false;

  constructor(block: Block, schema: Schema, path: string, reading: Reading) {
    this.#block = block;
    this.#schema = schema;
    this.#path = path;
    this.#reading = reading;
    this.#diagnostics = reading.diagnostics;
  }

  decode(): Decoded | null {
    const errors = this.#diagnostics.errorCount;
    const attributes = this.#attributes();
    const args = Object.fromEntries(
      Object.entries(this.#schema.args).map(([name, argument]) => [
        name,
        this.#argument(name, argument, attributes.get(name)),
      ]),
    );
    const { blocks, sequence } = this.#blocks();
    if (this.#failed || this.#diagnostics.errorCount > errors) return null;
    const place = this.#block.name;
    const at = (name: string, offset: number | null = null) => {
      const value = attributes.get(name)?.value ?? place;
      return 'kind' in value && offset !== null ? insideString(value, offset) : value;
    };
    // The shapes follow from the schema that the caller knows by its type.
    const decoded = { args, blocks, sequence, place, at } as Decoded;
    this.#schema.check?.(decoded, this.#diagnostics);
    return this.#diagnostics.errorCount > errors ? null : decoded;
  }

  get #title(): string {
    return this.#path.replaceAll('/', ' > ');
  }

  #attributes(): Map<string, Attribute> {
    const attributes = new Map<string, Attribute>();
    for (const statement of this.#block.body.statements) {
      if (statement.kind !== 'attribute') continue;
      const { text } = statement.name;
      if (!Object.hasOwn(this.#schema.args, text)) this.#tellUnknown(statement);
      else if (attributes.has(text)) this.#tell(statement, `the argument "${text}" is given twice`);
      else attributes.set(text, statement);
    }
    return attributes;
  }

  #argument(name: string, { type, required, fallback, compatibility }: Argument<unknown>, given?: Attribute): unknown {
    if (given === undefined) {
      if (required) {
        this.#diagnostics.error(this.#block.name, `${this.#title} needs the argument "${name}"`);
      }
      return fallback;
    }
    if (compatibility.is === 'refused') {
      this.#tell(given, `the argument "${name}" of ${this.#title} is not supported: ${compatibility.why}`);
      return fallback;
    }
    const value = evaluateAttribute(given, this.#reading);
    if (value === undefined) {
      this.#failed = true;
      return fallback;
    }
    if (value === null && !required) return fallback;
    const decoded = type.decode({ value, expression: given.value }, this.#diagnostics);
    return decoded === undefined ? fallback : decoded;
  }

  #blocks(): { blocks: Record<string, Decoded | Decoded[] | null>; sequence: unknown[] } {
    const variants = this.#schema.variants?.() ?? {};
    const found = new Map<string, Block[]>();
    const sequence: unknown[] = [];
    for (const statement of this.#block.body.statements) {
      if (statement.kind !== 'block') continue;
      const { text } = statement.name;
      const variant = Object.hasOwn(variants, text) ? variants[text] : undefined;
      if (variant === undefined && !Object.hasOwn(this.#schema.blocks, text)) {
        this.#tellUnknown(statement);
        continue;
      }
      if (statement.label !== null) this.#diagnostics.error(statement.label, `the block "${text}" takes no label`);
      if (variant === undefined) {
        found.set(text, [...(found.get(text) ?? []), statement]);
        continue;
      }
      const decoded = this.#inner(statement, variant.schema, variant.compatibility);
      if (decoded !== null) sequence.push(variant.build(decoded, this.#diagnostics));
    }
    const blocks: Record<string, Decoded | Decoded[] | null> = {};
    for (const [name, use] of Object.entries(this.#schema.blocks))
      blocks[name] = this.#use(name, use, found.get(name) ?? []);
    return { blocks, sequence };
  }

  #use(name: string, { schema, use, compatibility }: BlockUse, found: Block[]): Decoded | Decoded[] | null {
    const isMany = use === 'many' || use === 'at least one';
    if (found.length === 0 && (use === 'required' || use === 'at least one')) {
      this.#diagnostics.error(this.#block.name, `${this.#title} needs a block "${name}"`);
    }
    if (!isMany) for (const second of found.slice(1)) this.#tell(second, `the block "${name}" is given twice`);
    const decoded = found
      .map((each) => this.#inner(each, schema as Schema, compatibility))
      .filter((each) => each !== null);
    return isMany ? decoded : (decoded[0] ?? null);
  }

  #inner(inner: Block, schema: Schema, compatibility: Compatibility): Decoded | null {
    const { text } = inner.name;
    if (compatibility.is === 'refused') {
      this.#tell(inner, `the block "${text}" of ${this.#title} is not supported: ${compatibility.why}`);
      return null;
    }
    const decoded = decodeBlock(inner, schema, `${this.#path}/${text}`, this.#reading);
    if (decoded === null) this.#failed = true;
    return decoded;
  }

  #tellUnknown(statement: Statement): void {
    const { text } = statement.name;
    const isAttribute = statement.kind === 'attribute';
    const args = Object.keys(this.#schema.args);
    const blocks = [...Object.keys(this.#schema.blocks), ...Object.keys(this.#schema.variants?.() ?? {})];
    if (isAttribute && blocks.includes(text)) {
      this.#tell(statement, `"${text}" is a block: write ${text} { ... } without "="`);
    } else if (!isAttribute && args.includes(text)) {
      this.#tell(statement, `"${text}" is an argument: write ${text} = ...`);
    } else {
      const hint = nearest(text, isAttribute ? args : blocks);
      const what = isAttribute ? 'argument' : 'block';
      const meant = hint === null ? '' : `; did you mean "${hint}"?`;
      this.#tell(statement, `${this.#title} has no ${what} "${text}"${meant}`);
    }
  }

  #tell(statement: Statement, message: string): void {
    this.#diagnostics.error(statement.name, message);
  }
}
