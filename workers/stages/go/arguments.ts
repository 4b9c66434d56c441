import type { Data } from './template.js';

/** Go's functions take what their parameters say; each of these throws for anything else, which ends the template. */
export function text(value: Data): string {
  if (typeof value !== 'string') throw new Error('a string is needed');
  return value;
}

/** Whole numbers as far as JavaScript knows them exactly. */
export function int(value: Data): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw new Error('a whole number is needed');
  return number;
}

export function list(value: Data): Data[] {
  if (!Array.isArray(value)) throw new Error('a list is needed');
  return value;
}

/** What is missing stands for one without anything. */
export function dict(value: Data): Map<string, Data> {
  if (value === undefined || value === null) return new Map();
  if (!(value instanceof Map)) throw new Error('a dictionary is needed');
  return value;
}
