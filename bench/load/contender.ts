import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where a collector finds what it is to collect, and where it is to put it. */
export interface Place {
  /** Globs of the current logs, `<root>/<pod folder>/<container>/<n>.log`. */
  paths: string[];
  /** The pods folders the globs begin with. */
  roots: string[];
  /** Of the receiver, without a path. */
  url: string;
  pushUrl: string;
  /** An empty folder for positions. */
  stateDir: string;
}

/** A collector under measurement. */
export interface Contender {
  name: string;
  command(place: Place): { argv: string[]; env: Record<string, string>; cwd?: string };
  /** Whether a line of its standard output says that it has started; null if it never says so. */
  isReady: ((line: string) => boolean) | null;
}

export interface OursOptions {
  name?: string;
  /** The work tree whose `dist` is run; default: the current folder. */
  tree?: string;
  workers?: number | null;
  /** More settings, by variable. */
  env?: Record<string, string>;
  /** Flags of Node, such as those that write profiles. */
  nodeFlags?: string[];
}

/** This collector, started as `npm start` of its work tree starts it. */
export function ours({
  name = 'sleipnir',
  tree = '.',
  workers,
  env = {},
  nodeFlags = [],
}: OursOptions = {}): Contender {
  const start = readStart(tree);
  return {
    name,
    command: ({ paths, roots, pushUrl, stateDir }) => ({
      argv: [process.execPath, ...nodeFlags, ...start.args],
      env: {
        ...start.env,
        SLEIPNIR_PATHS: paths.join(','),
        SLEIPNIR_LOKI_URL: pushUrl,
        SLEIPNIR_STATE_DIR: stateDir,
        SLEIPNIR_HTTP_ADDR: '127.0.0.1:0',
        SLEIPNIR_LOG_FORMAT: 'json',
        ...(workers != null && { SLEIPNIR_WORKERS: String(workers) }),
        ...(roots.length > 1 && { SLEIPNIR_LABEL_REGEX: PART_REGEX }),
        ...env,
      },
    }),
    isReady: (line) => line.includes('"msg":"started"'),
  };
}

/**
 * Reads the `start` script of a work tree: variables, `node`, its flags, the program, its arguments. The flags belong to
 * how the collector is deployed, and a revision that is compared has its own.
 */
export function readStart(tree: string): { env: Record<string, string>; args: string[] } {
  const { scripts } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const words = scripts.start.split(' ');
  const node = words.indexOf('node');
  const env = Object.fromEntries(words.slice(0, node).map((word) => word.split('=') as [string, string]));
  const args = words.slice(node + 1).map((word) => (word.endsWith('.js') ? resolve(tree, word) : word));
  return { env, args };
}

/** Pods of two pods folders may have the same name; the label `part` tells them apart, by the name of the folder. */
const PART_REGEX = '/(?P<part>[^/]+)/(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_[^/]+/(?P<container>[^/]+)/[^/]+$';
