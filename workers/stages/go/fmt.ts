import { quote } from '../../label/quote.js';
import { formatFloat } from '../../pipeline/values.js';
import type { Data } from './template.js';

/** `value` as Go's `%v` and `fmt.Print` show it. */
export function print(value: Data): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return printNumber(value);
  if (Array.isArray(value)) return `[${value.map(print).join(' ')}]`;
  if (value instanceof Map) {
    const pairs = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${pairs.map(([name, one]) => `${name}:${print(one)}`).join(' ')}]`;
  }
  return String(value);
}

/** Go's `%v` of a float64 has an exponent below 1e-4 and from 1e21 on. */
function printNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return formatFloat(value);
  if (!Number.isFinite(value)) return formatFloat(value);
  const magnitude = Math.abs(value);
  return magnitude >= 1e-4 && magnitude < 1e21 ? formatFloat(value) : exponent(value.toExponential());
}

/** Go writes at least two digits of exponent. */
function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

const VERB = /%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?(.)/gsu;

/** Go's `fmt.Sprintf` for the values templates have. */
export function sprintf(format: string, args: readonly Data[]): string {
  let next = 0;
  const text = format.replace(
    VERB,
    (all, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const size = width === '*' ? Number(args[next++]) : Number(width ?? 0);
      const places = precision === undefined ? null : precision === '*' ? Number(args[next++]) : Number(precision);
      if (next >= args.length) return `%!${verb}(MISSING)`;
      return pad(formatOne(verb, flags, places, args[next++], all), flags, size, verb);
    },
  );
  if (next >= args.length) return text;
  return `${text}%!(EXTRA ${args
    .slice(next)
    .map((arg) => `${typeName(arg)}=${print(arg)}`)
    .join(', ')})`;
}

function typeName(value: Data): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return value === null || value === undefined
    ? '<nil>'
    : Array.isArray(value)
      ? '[]interface {}'
      : 'map[string]interface {}';
}

function pad(text: string, flags: string, width: number, verb: string): string {
  const length = [...text].length;
  if (length >= width) return text;
  const missing = width - length;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || 'svqT'.includes(verb)) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

function formatOne(verb: string, flags: string, places: number | null, value: Data, all: string): string {
  const wrong = `%!${verb}(${typeName(value)}=${print(value)})`;
  if (verb === 'T') return typeName(value);
  if (verb === 'v' || verb === 's') {
    if (verb === 's' && typeof value !== 'string' && !Array.isArray(value))
      return value === undefined ? '%!s(<nil>)' : wrong;
    const text = print(value);
    return places === null || typeof value !== 'string' ? text : [...text].slice(0, places).join('');
  }
  if (verb === 'q') return typeof value === 'string' ? quote(value) : wrong;
  if (verb === 't') return typeof value === 'boolean' ? String(value) : wrong;
  if (verb === 'x' || verb === 'X') return hex(verb, value) ?? wrong;
  if (typeof value !== 'number') return wrong;
  const sign = value >= 0 && flags.includes('+') ? '+' : value >= 0 && flags.includes(' ') ? ' ' : '';
  switch (verb) {
    case 'd':
      return Number.isInteger(value) ? sign + formatFloat(value) : wrong;
    case 'c':
      return String.fromCodePoint(value);
    case 'b':
    case 'o':
      return Number.isInteger(value) ? sign + value.toString(verb === 'b' ? 2 : 8) : wrong;
    case 'f':
    case 'F':
      return sign + value.toFixed(Math.min(100, places ?? 6));
    case 'e':
    case 'E': {
      const text = exponent(value.toExponential(places ?? 6));
      return sign + (verb === 'E' ? text.toUpperCase() : text);
    }
    case 'g':
    case 'G':
      return sign + (places === null ? printNumber(value) : String(Number(value.toPrecision(Math.max(1, places)))));
    case 'U':
      return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
    default:
      return all === '' ? '' : wrong;
  }
}

function hex(verb: string, value: Data): string | null {
  let text: string;
  if (typeof value === 'string') text = Buffer.from(value).toString('hex');
  else if (typeof value === 'number' && Number.isInteger(value)) text = value.toString(16);
  else return null;
  return verb === 'X' ? text.toUpperCase() : text;
}
