import type { Diagnostics, Place } from './diagnostics.js';
import type { Type } from './types.js';

/** How something compares with Alloy. */
export type Compatibility = { is: 'same' } | { is: 'differs'; how: string } | { is: 'refused'; why: string };

/** One argument of a block: validation, defaults and documentation are all made from it. */
export interface Argument<T> {
  type: Type<T>;
  required: boolean;
  /** What holds when it is not given. */
  fallback: T;
  compatibility: Compatibility;
}

export type Arguments = Readonly<Record<string, Argument<unknown>>>;

/** How often a block may stand inside another. */
export type Use = 'optional' | 'required' | 'many' | 'at least one';

export interface BlockUse<S = unknown, U extends Use = Use> {
  schema: S;
  use: U;
  compatibility: Compatibility;
}

export type Blocks = Readonly<Record<string, BlockUse>>;

/** What may stand inside a block. `V` is what its ordered blocks, such as stages, are decoded to. */
export interface Schema<A extends Arguments = Arguments, B extends Blocks = Blocks, V = unknown> {
  args: A;
  blocks: B;
  /** Blocks whose order counts, by their full name. A function, since stages hold stages. */
  variants?: () => Readonly<Record<string, Variant<V>>>;
  /** What single arguments cannot tell; called only if they are all good. */
  check?(decoded: Decoded<A, B, V>, diagnostics: Diagnostics): void;
}

/** A kind of ordered block. */
export interface Variant<V> {
  schema: Schema;
  compatibility: Compatibility;
  build(decoded: Decoded<Arguments, Blocks, unknown>, diagnostics: Diagnostics): V;
}

export type ArgumentValues<A extends Arguments> = { [N in keyof A]: A[N] extends Argument<infer T> ? T : never };

/** What a block of a schema is read as. */
export type DecodedOf<S> = S extends Schema<infer A, infer B, infer V> ? Decoded<A, B, V> : never;

export type BlockValues<B extends Blocks> = {
  [N in keyof B]: B[N] extends BlockUse<infer S, infer U>
    ? U extends 'many' | 'at least one'
      ? DecodedOf<S>[]
      : U extends 'required'
        ? DecodedOf<S>
        : DecodedOf<S> | null
    : never;
};

/** A block whose arguments are all good. */
export interface Decoded<A extends Arguments = Arguments, B extends Blocks = Blocks, V = unknown> {
  args: ArgumentValues<A>;
  blocks: BlockValues<B>;
  /** The ordered blocks, in the order of the file. */
  sequence: V[];
  /** Where the name of the block stands. */
  place: Place;
  /** Where the value of an argument stands, or a character of its text; the block if it is not given. */
  at(argument: string, offset?: number | null): Place;
}

const same: Compatibility = { is: 'same' };

export function differs(how: string): Compatibility {
  return { is: 'differs', how };
}

export function refused(why: string): Compatibility {
  return { is: 'refused', why };
}

export function required<T>(type: Type<T>, compatibility: Compatibility = same): Argument<T> {
  // Never used: a block without it is refused.
  return { type, required: true, fallback: undefined as T, compatibility };
}

export function optional<T, F extends T>(type: Type<T>, fallback: F, compatibility: Compatibility = same): Argument<T> {
  return { type, required: false, fallback, compatibility };
}

/** An optional argument that is null when it is not given. */
export function maybe<T>(type: Type<T>, compatibility: Compatibility = same): Argument<T | null> {
  return { type, required: false, fallback: null, compatibility };
}

export function block<S, const U extends Use>(schema: S, use: U, compatibility: Compatibility = same): BlockUse<S, U> {
  return { schema, use, compatibility };
}

export function schema<const A extends Arguments, const B extends Blocks = Record<never, never>>(
  args: A,
  blocks?: B,
  check?: (decoded: Decoded<A, B>, diagnostics: Diagnostics) => void,
): Schema<A, B> {
  return { args, blocks: blocks ?? ({} as B), ...(check === undefined ? {} : { check }) };
}

/** A schema with ordered blocks. */
export function ordered<A extends Arguments, B extends Blocks, V>(
  base: Schema<A, B>,
  variants: () => Readonly<Record<string, Variant<V>>>,
  check?: (decoded: Decoded<A, B, V>, diagnostics: Diagnostics) => void,
): Schema<A, B, V> {
  return { args: base.args, blocks: base.blocks, variants, ...(check === undefined ? {} : { check }) };
}

/** A kind of ordered block, with what it becomes. */
export function variant<A extends Arguments, B extends Blocks, W, V>(
  schema: Schema<A, B, W>,
  build: (decoded: Decoded<A, B, W>) => V,
  compatibility: Compatibility = same,
): Variant<V> {
  // Only ever called with what the same schema decoded.
  return { schema, compatibility, build: build as (decoded: Decoded) => V };
}

/** A kind of ordered block that cannot be used. */
export function refusedVariant(why: string): Variant<never> {
  return {
    schema: { args: {}, blocks: {} },
    compatibility: refused(why),
    build: () => {
      throw new Error('a refused block is never built');
    },
  };
}
