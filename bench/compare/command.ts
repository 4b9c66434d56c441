import { SleipnirError } from '../../src/errors.js';
import type { Contender } from '../load/contender.js';
import { benchVariables, PLACEHOLDERS } from '../load/place.js';

/**
 * Makes a contender of a command line, which the shell reads; every `{name}` in it is filled in.
 * Throws SleipnirError BENCH_PLACEHOLDER for a name that there is not.
 */
export function commandContender(name: string, commandLine: string): Contender {
  const unknown = [...commandLine.matchAll(/\{([a-z_]+)\}/g)].find(([, key]) => !(key! in PLACEHOLDERS));
  if (unknown !== undefined) {
    const names = Object.keys(PLACEHOLDERS).map((key) => `{${key}}`);
    throw new SleipnirError(
      'BENCH_PLACEHOLDER',
      `${unknown[0]} means nothing here`,
      `Write one of ${names.join(' ')}.`,
    );
  }
  return {
    name,
    sendsParts: false,
    isReady: null,
    command: (place) => {
      const filled = commandLine.replace(/\{([a-z_]+)\}/g, (_, key: string) => quote(PLACEHOLDERS[key]!(place)));
      // The shell of a single command makes way for it, so that it is not counted.
      const line = /[;&|\n]/.test(commandLine) ? filled : `exec ${filled}`;
      return { argv: ['/bin/sh', '-c', line], env: benchVariables(place), cwd: process.cwd() };
    },
  };
}

/** The globs are not for the shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
