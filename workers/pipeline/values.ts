import { formatFloat } from '../../src/go-number.js';

/** What an extracted value may be; `null` is a JSON null, or a JMESPath that found nothing. */
export type Value = string | number | boolean | null;

/** An extracted value as text; undefined where a stage has to take it for missing. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? formatFloat(value) : String(value);
}
