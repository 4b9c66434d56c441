import { quote } from './strings.js';
import { CallError, describe, numberText, type Value } from './value.js';

const verb = /%(?<flags>[-+# 0]*)(?<width>\d+)?(?:\.(?<precision>\d*))?(?<letter>.?)/gsu;

/**
 * Go's fmt.Sprintf: verbs `v s q x X d b o O c U e E f F g G t %`, flags `- + # 0` and space, width and precision. Lists,
 * objects and null go with `v`. What Go would print as `%!d(string=x)` is an error here.
 * @throws CallError
 */
export function sprintf(format: string, args: readonly Value[]): string {
  let next = 0;
  const text = format.replace(verb, (...match) => {
    const groups = match.at(-1) as Record<'flags' | 'width' | 'precision' | 'letter', string | undefined>;
    const { flags = '', width, precision, letter = '' } = groups;
    if (letter === '%') return '%';
    if (letter === '') throw new CallError(0, 'the format ends in the middle of a verb');
    const index = next++;
    const value = args[index];
    if (value === undefined) throw new CallError(0, `the format takes more than the ${args.length} values given`);
    const shown = formatOne(letter, flags, precision === undefined ? null : Number(precision), value, index + 1);
    return pad(shown, flags, Math.min(Number(width ?? 0), 10_000));
  });
  if (next < args.length) throw new CallError(next + 1, 'the format has no verb for this value');
  return text;
}

function pad(text: string, flags: string, width: number): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0')) return ' '.repeat(missing) + text;
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

function formatOne(letter: string, flags: string, precision: number | null, value: Value, index: number): string {
  const formatted = apply(letter, flags, precision === null ? null : Math.min(precision, 100), value);
  if (formatted !== null) return formatted;
  throw new CallError(index, `the verb %${letter} does not take ${describe(value)}`);
}

function apply(letter: string, flags: string, precision: number | null, value: Value): string | null {
  if (typeof value === 'boolean') return letter === 't' || letter === 'v' ? String(value) : null;
  if (typeof value === 'string') return applyToText(letter, flags, precision, value);
  if (typeof value === 'bigint') return applyToWhole(letter, flags, precision, value);
  if (typeof value === 'number') return applyToReal(letter, flags, precision, value);
  if (letter !== 'v') return null;
  if (value === null) return '<nil>';
  const inner = (one: Value): string | null => apply('v', '', null, one);
  if (Array.isArray(value)) return joined(value.map(inner), '[', ']');
  if (!(value instanceof Map)) return null;
  const pairs = [...value].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return joined(
    pairs.map(([key, one]) => {
      const text = inner(one);
      return text === null ? null : `${key}:${text}`;
    }),
    'map[',
    ']',
  );
}

function joined(texts: readonly (string | null)[], open: string, close: string): string | null {
  return texts.includes(null) ? null : `${open}${texts.join(' ')}${close}`;
}

function applyToText(letter: string, flags: string, precision: number | null, value: string): string | null {
  switch (letter) {
    case 's':
    case 'v':
      return precision === null ? value : [...value].slice(0, precision).join('');
    case 'q': {
      const shown = precision === null ? value : [...value].slice(0, precision).join('');
      return flags.includes('#') && !shown.includes('`') ? `\`${shown}\`` : quote(shown);
    }
    case 'x':
    case 'X': {
      const bytes = [...Buffer.from(value).subarray(0, precision ?? undefined)];
      const digits = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
      const mark = flags.includes('#') && digits.length > 0 ? '0x' : '';
      const text = mark + digits.join(flags.includes(' ') ? ` ${mark}` : '');
      return letter === 'X' ? text.toUpperCase() : text;
    }
    default:
      return null;
  }
}

const radixes: Readonly<Record<string, [radix: number, prefix: string]>> = {
  d: [10, ''],
  v: [10, ''],
  b: [2, '0b'],
  o: [8, '0'],
  O: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function applyToWhole(letter: string, flags: string, precision: number | null, value: bigint): string | null {
  const code = value >= 0n && value <= 0x10ffffn ? Number(value) : 0xfffd;
  if (letter === 'c') return String.fromCodePoint(code);
  if (letter === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
  if (letter === 'q') return `'${String.fromCodePoint(code)}'`;
  const known = radixes[letter];
  if (known === undefined) return null;
  const [radix, prefix] = known;
  const digits = (value < 0n ? -value : value).toString(radix).padStart(precision ?? 0, '0');
  const marked = letter === 'O' || flags.includes('#') ? prefix : '';
  const sign = letter === 'v' ? flags.replace('+', '') : flags;
  return signed(sign, value < 0n, marked + (letter === 'X' ? digits.toUpperCase() : digits));
}

function applyToReal(letter: string, flags: string, precision: number | null, value: number): string | null {
  const size = Math.abs(value);
  const shownSigns = letter === 'v' ? flags.replace('+', '') : flags;
  const sign = (text: string): string => signed(shownSigns, value < 0, text);
  switch (letter) {
    case 'f':
    case 'F':
      return sign(fixed(size, precision ?? 6));
    case 'e':
    case 'E': {
      const text = twoDigitExponent(size.toExponential(precision ?? 6));
      return sign(letter === 'E' ? text.toUpperCase() : text);
    }
    case 'g':
    case 'G':
    case 'v': {
      const text = shortest(size, precision);
      return sign(letter === 'G' ? text.toUpperCase() : text);
    }
    default:
      return null;
  }
}

/** Go rounds what is exactly in the middle to the even digit, toFixed rounds it up. */
function fixed(size: number, precision: number): string {
  const text = size.toFixed(precision);
  const exact = size < 1e21 ? size.toFixed(100) : '';
  const rest = exact.slice(exact.indexOf('.') + 1 + precision);
  if (!/^50*$/.test(rest)) return text;
  const down = exact.slice(0, exact.length - rest.length).replace(/\.$/, '');
  return /[02468]$/.test(down) ? down : text;
}

function signed(flags: string, negative: boolean, text: string): string {
  return (negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '') + text;
}

/** %g: an exponent below -4, or from the precision on (6 where there is none). */
function shortest(size: number, precision: number | null): string {
  const digits = precision === null ? undefined : Math.max(1, precision) - 1;
  const text = size.toExponential(digits);
  const exponent = Number(text.slice(text.indexOf('e') + 1));
  const most = precision === null ? 6 : Math.max(1, precision);
  const trimmed = text.replace(/(\.\d*?)0+(e|$)/, '$1$2').replace(/\.(e|$)/, '$1');
  if (exponent < -4 || exponent >= most) return twoDigitExponent(trimmed);
  const shown = Number(trimmed);
  // More digits than it takes to tell a number from others may be asked for.
  return Number.isInteger(shown) ? BigInt(shown).toString() : numberText(shown);
}

function twoDigitExponent(text: string): string {
  return text.replace(/e([-+])(\d)$/, 'e$10$2');
}
