import { quote } from '../../label/quote.js';
import { formatShort, withExponent } from './numbers.js';
import type { Data } from './template.js';

/** `value` as Go's `%v` and `fmt.Print` show it. */
export function print(value: Data): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatShort(value);
  if (Array.isArray(value)) return `[${value.map(print).join(' ')}]`;
  if (value instanceof Map) {
    const pairs = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${pairs.map(([name, one]) => `${name}:${print(one)}`).join(' ')}]`;
  }
  return String(value);
}

const VERB = /%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?(.)/gsu;

/** How a value is to be shown: flags, the least number of characters, and the places or the most characters. */
interface Shape {
  verb: string;
  flags: string;
  width: number;
  places: number | null;
}

/** Go's `fmt.Sprintf` for the values templates have. */
export function sprintf(format: string, args: readonly Data[]): string {
  let next = 0;
  const number = (text: string): number => Number(text === '*' ? args[next++] : text);
  const text = format.replace(
    VERB,
    (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const shape = {
        verb,
        flags,
        width: number(width ?? '0'),
        places: precision === undefined ? null : number(precision),
      };
      if (next >= args.length) return `%!${verb}(MISSING)`;
      return show(args[next++], shape);
    },
  );
  if (next >= args.length) return text;
  const extra = args.slice(next).map((arg) => (isNil(arg) ? '<nil>' : `${typeName(arg)}=${print(arg)}`));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

function isNil(value: Data): value is null | undefined {
  return value === null || value === undefined;
}

function typeName(value: Data): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'boolean') return 'bool';
  return value === null || value === undefined
    ? '<nil>'
    : Array.isArray(value)
      ? '[]interface {}'
      : 'map[string]interface {}';
}

/** Text of one value; of each one in a list or a dictionary. */
function show(value: Data, shape: Shape): string {
  const { verb } = shape;
  if (verb === 'T') return pad(typeName(value), shape);
  if (isNil(value)) return verb === 'v' ? pad('<nil>', shape) : `%!${verb}(<nil>)`;
  if (Array.isArray(value)) return `[${value.map((one) => show(one, shape)).join(' ')}]`;
  if (value instanceof Map) {
    const pairs = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${pairs.map(([name, one]) => `${show(name, shape)}:${show(one, shape)}`).join(' ')}]`;
  }
  const text = textOf(value, shape);
  return text === null ? `%!${verb}(${typeName(value)}=${show(value, { ...shape, verb: 'v' })})` : pad(text, shape);
}

function pad(text: string, { verb, flags, width }: Shape): string {
  const length = [...text].length;
  if (length >= width) return text;
  const missing = width - length;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || 'sqT'.includes(verb)) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

/** Null if the verb is not for such a value. */
function textOf(value: string | bigint | number | boolean, shape: Shape): string | null {
  if (typeof value === 'string') return stringAs(value, shape);
  if (typeof value === 'boolean') return shape.verb === 't' || shape.verb === 'v' ? String(value) : null;
  const text = typeof value === 'bigint' ? integerAs(value, shape) : floatAs(value, shape);
  if (text === null || /^[+-]/.test(text) || 'cqU'.includes(shape.verb)) return text;
  return (shape.flags.includes('+') ? '+' : shape.flags.includes(' ') ? ' ' : '') + text;
}

function stringAs(value: string, { verb, places }: Shape): string | null {
  const text = places === null ? value : [...value].slice(0, places).join('');
  if (verb === 'v' || verb === 's') return text;
  if (verb === 'q') return quote(text);
  return verb === 'x' || verb === 'X'
    ? cased(
        verb,
        Buffer.from(value)
          .subarray(0, places ?? undefined)
          .toString('hex'),
      )
    : null;
}

function integerAs(value: bigint, { verb, places }: Shape): string | null {
  const digits = (radix: number): string => {
    const text = (value < 0n ? -value : value).toString(radix).padStart(places ?? 0, '0');
    return value < 0n ? `-${text}` : text;
  };
  switch (verb) {
    case 'd':
    case 'v':
      return digits(10);
    case 'c':
      return String.fromCodePoint(Number(value));
    case 'b':
      return digits(2);
    case 'o':
      return digits(8);
    case 'x':
    case 'X':
      return cased(verb, digits(16));
    case 'U':
      return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
    default:
      return null;
  }
}

function floatAs(value: number, { verb, places }: Shape): string | null {
  if (!Number.isFinite(value)) return 'fFeEgGv'.includes(verb) ? formatShort(value) : null;
  switch (verb) {
    case 'f':
    case 'F':
      return fixed(value, Math.min(100, places ?? 6));
    case 'e':
    case 'E':
      return cased(verb, withExponent(value.toExponential(Math.min(100, places ?? 6))));
    case 'g':
    case 'G':
    case 'v':
      return cased(verb, places === null ? formatShort(value) : precise(value, Math.max(1, places)));
    default:
      return null;
  }
}

/** `value` with so many places. Halfway between two, Go takes the even one, and the language the larger one. */
function fixed(value: number, places: number): string {
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${places === 0 ? '' : `.${'0'.repeat(places)}`}`;
  const exact = value.toFixed(100);
  const end = exact.length - 100 + places;
  if (!/^5?0*$/.test(exact.slice(end)) || exact[end] !== '5') return value.toFixed(places);
  const down = exact.slice(0, places === 0 ? end - 1 : end);
  return /[02468]$/.test(down) ? down : value.toFixed(places);
}

/** `value` in so many digits, without zeros at the end. */
function precise(value: number, digits: number): string {
  const text = value.toExponential(Math.min(100, digits) - 1);
  const [mantissa = '', exponent = ''] = text.split('e');
  if (Number(exponent) >= -4 && Number(exponent) < digits) return String(Number(text));
  return withExponent(`${mantissa.replace(/\.?0+$/, '')}e${exponent}`);
}

/** Upper case for a verb that is. */
function cased(verb: string, text: string): string {
  return verb === verb.toUpperCase() ? text.toUpperCase() : text;
}
