const FLOAT = /^[+-]?(?:(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)$/i;

/** A number as Go's `strconv.ParseFloat` reads it; null if it is none. Hexadecimal ones are not read. */
export function parseFloat64(text: string): number | null {
  if (!FLOAT.test(text)) return null;
  const word = /^([+-]?)(inf|nan)/i.exec(text);
  if (word === null) return Number(text.replaceAll('_', ''));
  if (word[2]!.toLowerCase() === 'nan') return Number.NaN;
  return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

const INTEGER = /^([+-]?)(0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?\d)*)$/;

/** A whole number as Go's `strconv.ParseInt` reads it with base 0: `0x1f`, `1_000`, and `007` as octal; null if it is none. */
export function parseInteger(text: string): bigint | null {
  const [, sign, digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined) return null;
  const value = BigInt(digits.replaceAll('_', '').replace(/^0(?=\d)/, '0o'));
  const signed = sign === '-' ? -value : value;
  return signed === toInt64(signed) ? signed : null;
}

/** What is left of a whole number in 64 bits. */
export function toInt64(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** `value` as Go's `strconv.FormatFloat(value, 'g', -1, 64)` writes it: with an exponent below 1e-4 and from 1e6 on. */
export function formatShort(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude >= 1e-4 && magnitude < 1e6)) return String(value);
  return withExponent(value.toExponential());
}

/** Go writes at least two digits of exponent. */
export function withExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
