import type { Hash } from 'node:crypto';

/** As that of node:crypto, which is loaded only now: loading it is a good part of what a route costs a worker at its start. */
export function createHash(algorithm: string): Hash {
  return process.getBuiltinModule('node:crypto').createHash(algorithm);
}
