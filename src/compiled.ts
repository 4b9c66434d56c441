import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { constants, Script } from 'node:vm';

/** Where the build keeps what V8 has compiled of a file (scripts/keep-code.mjs). */
export function codeFileOf(path: string): string {
  return `${path}.code`;
}

/**
 * Runs a CommonJS file as `require` would, but lets V8 take the bytecode that the build has kept of it, down to the
 * functions that a start needs: 40 ms of the 190 that a start costs the main thread (bench/results/start-and-idle.md).
 * V8 itself refuses what another version or other flags have made; then the file is compiled as ever.
 *
 * @param path of a file of pure ASCII.
 * @returns the script, which tells whether its bytecode was refused. Throws what reading the file or running it throws.
 */
export function runCompiled(path: string): Script {
  const source = readFileSync(path, 'latin1');
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: path,
    ...keptCodeOf(path),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  return script;
}

function keptCodeOf(path: string): { cachedData?: Buffer } {
  try {
    return { cachedData: readFileSync(codeFileOf(path)) };
  } catch {
    return {};
  }
}
