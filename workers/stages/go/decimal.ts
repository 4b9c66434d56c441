/** `digits` times ten to the power of `-places`. */
interface Decimal {
  digits: bigint;
  places: number;
}

/** Digits behind the point that a quotient is rounded to. */
const QUOTIENT_PLACES = 16;

/** What the shortest text of the number says. */
function decimalOf(number: number): Decimal {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(number)) ?? [];
  const places = fraction.length - Number(exponent);
  const digits = BigInt(sign + whole + fraction);
  return places < 0 ? { digits: digits * 10n ** BigInt(-places), places: 0 } : { digits, places };
}

function numberOf({ digits, places }: Decimal): number {
  return Number(`${digits}e-${places}`);
}

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const places = Math.max(a.places, b.places);
  const scaled = (one: Decimal): bigint => one.digits * 10n ** BigInt(places - one.places);
  return [scaled(a), scaled(b), places];
}

/** Numbers as sprig counts with them: in decimals, so that 0.1 and 0.2 are 0.3. */
export const decimals = {
  add(a: Decimal, b: Decimal): Decimal {
    const [x, y, places] = aligned(a, b);
    return { digits: x + y, places };
  },
  subtract(a: Decimal, b: Decimal): Decimal {
    const [x, y, places] = aligned(a, b);
    return { digits: x - y, places };
  },
  multiply(a: Decimal, b: Decimal): Decimal {
    return { digits: a.digits * b.digits, places: a.places + b.places };
  },
  divide(a: Decimal, b: Decimal): Decimal {
    const [x, y] = aligned(a, b);
    if (y === 0n) throw new Error('division by zero');
    const size = (2n * (x < 0n ? -x : x) * 10n ** BigInt(QUOTIENT_PLACES)) / (y < 0n ? -y : y);
    const rounded = (size + 1n) / 2n;
    return { digits: x < 0n === y < 0n ? rounded : -rounded, places: QUOTIENT_PLACES };
  },
};

/** The first number with all others, one after the other. */
export function reckon(operation: (a: Decimal, b: Decimal) => Decimal, numbers: readonly number[]): number {
  if (!numbers.every(Number.isFinite)) throw new Error('a number is needed');
  return numberOf(numbers.map(decimalOf).reduce(operation));
}
