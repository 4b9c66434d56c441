import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type AlloyConfig, placed } from './alloy-config.js';
import { benchVariables, type Place } from './place.js';

/** How a collector is started. */
export interface Command {
  argv: string[];
  env: Record<string, string>;
  cwd?: string;
  /** What has to be written before: text by path. */
  files?: Record<string, string>;
}

/** A collector under measurement. */
export interface Contender {
  name: string;
  command(place: Place): Command;
  /** Every part of a line has to come, as an entry of its own; if not, parts are not asked for, joined or single. */
  sendsParts: boolean;
  /** Whether a line of its standard output says that it has started; null if it never says so. */
  isReady: ((line: string) => boolean) | null;
}

export interface OursOptions {
  name?: string;
  /** The work tree whose `dist` is run; default: the current folder. */
  tree?: string;
  workers?: number | null;
  /** In place of the built-in pipeline. */
  config?: AlloyConfig | null;
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
  config = null,
  env = {},
  nodeFlags = [],
}: OursOptions = {}): Contender {
  const start = readStart(tree);
  return {
    name,
    sendsParts: config?.sendsParts ?? false,
    command: (place) => {
      const pipeline = config === null ? builtIn(place) : configured(config, place);
      return {
        argv: [process.execPath, ...nodeFlags, ...start.args],
        env: {
          ...start.env,
          SLEIPNIR_STATE_DIR: place.stateDir,
          SLEIPNIR_HTTP_ADDR: '127.0.0.1:0',
          SLEIPNIR_LOG_FORMAT: 'json',
          ...(workers != null && { SLEIPNIR_WORKERS: String(workers) }),
          ...pipeline.env,
          ...env,
        },
        files: pipeline.files,
      };
    },
    isReady: (line) => line.includes('"msg":"started"'),
  };
}

type Pipeline = Required<Pick<Command, 'env' | 'files'>>;

function builtIn({ paths, roots, pushUrl }: Place): Pipeline {
  const env = { SLEIPNIR_PATHS: paths.join(','), SLEIPNIR_LOKI_URL: pushUrl };
  return { env: roots.length > 1 ? { ...env, SLEIPNIR_LABEL_REGEX: PART_REGEX } : env, files: {} };
}

function configured({ text }: AlloyConfig, place: Place): Pipeline {
  const path = join(dirname(place.stateDir), 'config.alloy');
  return { env: { ...benchVariables(place), SLEIPNIR_CONFIG: path }, files: { [path]: placed(text, place) } };
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
