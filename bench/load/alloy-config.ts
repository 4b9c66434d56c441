import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SleipnirError } from '../../src/errors.js';
import type { Place } from './place.js';

/** An Alloy configuration to be measured. */
export interface AlloyConfig {
  /** As it is used in production: see `placed`. */
  text: string;
  /** It does not join lines in parts: each part is an entry, and all of them are waited for. */
  sendsParts: boolean;
}

const PODS_FOLDER = '/var/log/pods';
/** The `url` of an endpoint; `proxy_url` and `token_url` are others. */
const URL_ARGUMENT = /\b(url\s*=\s*)"[^"]*"/g;

/**
 * The text with the pods folder of `place` for /var/log/pods and its receiver for each `url = "..."`, so that nothing
 * goes where a file of somebody's production sends it. Throws SleipnirError BENCH_CONFIG when there are two pods folders.
 */
export function placed(text: string, { roots, pushUrl }: Place): string {
  if (roots.length !== 1) {
    const advice = 'Give either --size or --rate.';
    throw new SleipnirError('BENCH_CONFIG', 'a configuration file is measured over one pods folder', advice);
  }
  const [root] = roots;
  return text.replaceAll(PODS_FOLDER, () => root!).replace(URL_ARGUMENT, (_, head: string) => `${head}"${pushUrl}"`);
}

/** Reads a configuration of this folder's source. */
export function ownConfig(name: string, sendsParts: boolean): AlloyConfig {
  // The build has no copies of files that are not compiled.
  const path = fileURLToPath(new URL(`../../../bench/load/${name}`, import.meta.url));
  return { text: readFileSync(path, 'utf8'), sendsParts };
}
