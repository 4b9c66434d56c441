import { InvalidArgumentError } from 'commander';
import { parseBytes, parseDurationMs } from '../src/config/units.js';
import { SleipnirError } from '../src/errors.js';

/** Values of flags, as commander asks for them: each throws an InvalidArgumentError for what it does not take. */
export function whole(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is not a whole number.');
}

export function amount(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is not a number.');
}

/** In bytes. */
export function size(text: string): number {
  return checked(() => parseBytes(text));
}

/** In milliseconds. */
export function duration(text: string): number {
  return checked(() => parseDurationMs(text));
}

/** Gives a refusal of ours the form in which commander names the flag. */
function checked(parse: () => number): number {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SleipnirError) throw new InvalidArgumentError(`It ${error.message}. ${error.advice}`);
    throw error;
  }
}
