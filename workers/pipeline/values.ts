/** What an extracted value may be; `null` is a JSON null, or a JMESPath that found nothing. */
export type Value = string | number | boolean | null;

/** `value` as Go's `strconv.FormatFloat(value, 'f', -1, 64)` writes it: the shortest digits, never an exponent. */
function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const exponentAt = text.indexOf('e');
  if (exponentAt < 0) return text;
  const exponent = Number(text.slice(exponentAt + 1));
  const sign = value < 0 ? '-' : '';
  const [whole = '', fraction = ''] = text.slice(sign.length, exponentAt).split('.');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - whole.length)}${whole}${fraction}`;
  return sign + whole + fraction.padEnd(exponent, '0');
}

/** An extracted value as text; undefined where a stage has to take it for missing. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? formatFloat(value) : String(value);
}
