import type { LuhnStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { inputKey, inputOf } from './input.js';

const DIGIT = /\p{Nd}/u;
const MAX_NUMBER = 2n ** 63n - 1n;

export function accessLuhn({ source }: LuhnStage): Access {
  return { reads: [inputKey(source)], writes: ['line'], pure: false };
}

/** Whether the digits are a number with a valid check digit (ISO/IEC 7812-1, annex B) that fits 64 bits. */
function isNumber(digits: string): boolean {
  if (!/^[0-9]+$/.test(digits) || BigInt(digits) > MAX_NUMBER) return false;
  let sum = 0;
  for (let i = digits.length - 1, double = false; i >= 0; i--, double = !double) {
    const digit = digits.charCodeAt(i) - 0x30;
    const value = double ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/**
 * Replaces numbers that may be of payment cards, and all but the last of the delimiters behind them. Whatever it reads, it
 * writes the line.
 */
export function compileLuhn({ replacement, source, minLength, delimiters, skipRegex }: LuhnStage): Stage {
  const input = inputOf(source);
  const skip = skipRegex === null ? null : new Regex(skipRegex);
  const between = new Set(delimiters);
  return {
    process(entry: Entry): boolean {
      const text = input(entry);
      if (text === undefined) return true;
      const result = redact(text, replacement, minLength, between, skip);
      if (source !== null || result !== text) entry.line = result;
      return true;
    },
  };
}

function redact(
  text: string,
  replacement: string,
  minLength: number,
  between: ReadonlySet<string>,
  skip: Regex | null,
): string {
  let skipped: number[][] | null = null;
  let result = '';
  let at = 0;
  let from = -1;
  let digits = '';
  let end = 0;
  /** What comes after `end`: the last delimiter, and where it ends. */
  let delimiter = '';
  let delimiterEnd = 0;
  const finish = (): void => {
    if (from >= 0 && Buffer.byteLength(digits) >= minLength && isNumber(digits)) {
      skipped ??= skip === null ? [] : skip.all(text);
      const inside = skipped.some((match) => match[0]! <= from && end <= match[1]!);
      if (!inside) {
        result += text.slice(at, from) + replacement + delimiter;
        at = delimiterEnd;
      }
    }
    from = -1;
    digits = '';
  };
  for (let i = 0; i < text.length; ) {
    const character = String.fromCodePoint(text.codePointAt(i)!);
    const next = i + character.length;
    if (DIGIT.test(character)) {
      if (from < 0) from = i;
      digits += character;
      end = next;
      delimiter = '';
      delimiterEnd = next;
    } else if (from >= 0 && between.has(character)) {
      delimiter = character;
      delimiterEnd = next;
    } else if (from >= 0) finish();
    i = next;
  }
  finish();
  return result + text.slice(at);
}
