import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/**
 * How many bytes of bytecode a function runs through before it is worth optimising. V8 says 67,584; the compilers then
 * take 0.3 s of the 2.9 that 1 GiB costs, for functions that run once for each push (bench/results/start-and-idle.md).
 */
const OPTIMIZE_AFTER_BYTES = 150_000;
/** Later ones count calls instead, and have a cheaper compiler before. */
const LAST_V8_THAT_COUNTS_BYTES = 11;

/** Where the build keeps what V8 has compiled of a file (scripts/keep-code.mjs). */
export function codeFileOf(path: string): string {
  return `${path}.code`;
}

/** A file that has run. */
export interface Compiled {
  /** Tells whether its bytecode was refused. */
  script: Script;
  exports: unknown;
}

/**
 * Runs a CommonJS file as `require` would, but has V8 optimise later, and take the bytecode that the build has kept of
 * the file, down to the functions that a start needs: 40 ms of the 170 that a start costs the main thread, and 5 of the
 * 75 that it costs a worker (bench/results/start-and-idle.md). V8 itself refuses what another version
 * or other flags have made; then the file is compiled as ever.
 *
 * @param path of a file of pure ASCII that imports nothing dynamically: bytecode that was kept has forgotten how to.
 * @throws what reading the file or running it throws.
 */
export function runCompiled(path: string): Compiled {
  // Before the bytecode is read: it is good for the flags only under which it was made.
  if (Number.parseInt(process.versions.v8, 10) <= LAST_V8_THAT_COUNTS_BYTES)
    setFlagsFromString(`--interrupt-budget=${OPTIMIZE_AFTER_BYTES}`);
  const source = readFileSync(path, 'latin1');
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: path,
    ...keptCodeOf(path),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  return { script, exports: module.exports };
}

function keptCodeOf(path: string): { cachedData?: Buffer } {
  try {
    return { cachedData: readFileSync(codeFileOf(path)) };
  } catch {
    return {};
  }
}
