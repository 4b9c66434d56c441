import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { errnoOf } from '../../src/errors.js';
import { amount, duration, size, whole } from '../arguments.js';
import { STYLES, type Style } from '../node/shapes.js';
import type { AlloyConfig } from './alloy-config.js';
import type { Run } from './scenarios.js';
import { NOTHING, type Workload } from './workload.js';

/** What stands on the command line of the commands that load a collector. Nothing has a default here. */
export interface LoadFlags {
  pods?: number;
  size?: number;
  rate?: number;
  lineBytes?: number;
  style?: Style;
  seconds?: number;
  even?: true;
  rotate?: number;
  restarts?: number;
  seed?: number;
  drops?: string;
  workers?: number;
  config?: AlloyConfig;
  set?: Record<string, string>;
  cpu?: number;
  threadCpu?: number;
  memory?: number;
  lokiDelay?: number;
  away?: number;
  idle?: number;
  patience?: number;
  floor?: number;
}

const MIB = 2 ** 20;
const DEFAULT_PODS = 20;
const DEFAULT_SECONDS = 20;
const DEFAULT_FLOOR_RUNS = 3;

const ABOUT_CONFIG = `
Of the Alloy file a copy is run, in which the pods folder of the run stands for /var/log/pods and the receiver for each
url = "...". sys.env("BENCH_ROOT"), sys.env("BENCH_PUSH_URL") and so on hold as well, so a file in bench/peers does for
Alloy and for us. Files that it imports need absolute paths. Lines bear running numbers for each container, and are
counted by them: a stream must not hold the lines of two containers.`;

/** Adds the flags that say what the collectors are put under. */
export function withLoadFlags(command: Command): Command {
  return command
    .option('--pods <count>', 'pods', whole)
    .option('--size <size>', 'a corpus of so many bytes is there at the start', size)
    .option('--rate <size>', 'pods write so many bytes a second while the collector runs', size)
    .option('--seconds <count>', 'how long they write', amount)
    .option('--even', 'all of them write the same')
    .option('--rotate <size>', 'their logs are rotated at this size', size)
    .option('--restarts <rate>', 'of their containers so many restart in a second', amount)
    .option('--line-bytes <size>', 'bytes of content of every line; 0: natural lengths', size)
    .addOption(
      new Option('--style <style>', 'what the pods of the corpus write, lengths being natural').choices(STYLES),
    )
    .option('--drops <text>', 'lines of the corpus with this text are dropped on purpose, and not missed')
    .option('--seed <number>', 'names and lines follow from it', whole)
    .option('--cpu <cores>', 'CPU limit, such as 0.5 (cgroup)', amount)
    .option('--memory <size>', 'memory limit (cgroup)', size)
    .option('--thread-cpu <cores>', 'CPU limit of each thread: as on more, but slower cores (cgroup v1)', amount)
    .option('--loki-delay <duration>', 'every answer of the receiver comes so much later', duration)
    .option('--away <duration>', 'the receiver appears so long after the start', duration)
    .option('--idle <duration>', 'look for so long at what it costs when there is nothing to do any more', duration)
    .option('--patience <duration>', 'give up when nothing new was stored for so long (default: 30s)', duration)
    .option('--floor <runs>', 'how often to measure the floor', whole);
}

/** Adds the flags that are settings of this collector. */
export function withOurFlags(command: Command): Command {
  return command
    .option('--workers <count>', 'worker threads of the collector', whole)
    .option('--config <file>', 'an Alloy file in place of the built-in pipeline', configFile)
    .option('--set <NAME=VALUE>', 'another setting of the collector, such as SLEIPNIR_BATCH_WAIT=100ms', setting)
    .addHelpText('after', ABOUT_CONFIG);
}

/** The run that the flags describe by themselves: 256 MiB in 20 pods if they name no load. */
export function runOf(flags: LoadFlags): Run {
  const size = flags.size ?? (flags.rate === undefined ? 256 * MIB : 0);
  const corpus = size > 0 ? { pods: DEFAULT_PODS, bytes: size, lineBytes: 0, style: 'mixed' as const, seed: 1 } : null;
  const rate = { rateBytes: 0, seconds: DEFAULT_SECONDS, even: false, rotateBytes: 10 * MIB, restartsPerSecond: 0 };
  const live = flags.rate === undefined ? null : { pods: DEFAULT_PODS, lineBytes: 0, seed: 2, ...rate };
  const workload: Workload = { ...NOTHING, corpus, live, floorRuns: corpus === null ? 0 : DEFAULT_FLOOR_RUNS };
  const run: Run = { label: 'load', workers: null, config: flags.config ?? null, env: {}, workload };
  return changed(run, flags);
}

/**
 * The runs of a scenario with what the flags name. A configuration of theirs takes the place of the scenario's, and the
 * built-in pipeline stays what that is compared with; where there is none, it takes the place of the built-in one. What it
 * drops is not what the scenario's would.
 */
export function changedAll(runs: readonly Run[], flags: LoadFlags): Run[] {
  const compared = runs.some(({ config }) => config !== null);
  return runs.map((run) => {
    const { config } = flags;
    if (config === undefined || (compared && run.config === null)) return changed(run, flags);
    return changed({ ...run, config, workload: { ...run.workload, drops: null } }, flags);
  });
}

/** A run with what the flags name in place of what it says itself, but for the configuration. */
export function changed(run: Run, flags: LoadFlags): Run {
  const { pods, lineBytes, seed, rate, seconds, even, rotate, restarts } = flags;
  const both = given({ pods, lineBytes, seed });
  const { corpus, live, limits } = run.workload;
  const ofLive = given({ rateBytes: rate, seconds, even, rotateBytes: rotate, restartsPerSecond: restarts });
  const workload: Workload = {
    ...run.workload,
    corpus: corpus === null ? null : { ...corpus, ...both, ...given({ bytes: flags.size, style: flags.style }) },
    live: live === null ? null : { ...live, ...both, ...ofLive },
    limits: { ...limits, ...given({ cpus: flags.cpu, memoryBytes: flags.memory, threadCpus: flags.threadCpu }) },
    ...given({
      delayMs: flags.lokiDelay,
      awaySeconds: inSeconds(flags.away),
      idleSeconds: inSeconds(flags.idle),
      patienceSeconds: inSeconds(flags.patience),
      floorRuns: flags.floor,
      drops: flags.drops,
    }),
  };
  return { ...run, workload, workers: flags.workers ?? run.workers, env: { ...run.env, ...flags.set } };
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

/** Leaves out what has no value. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function setting(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Write NAME=VALUE.');
  return { ...before, [name]: value };
}

/** Whether a file of somebody joins parts is not known: they are not asked for. */
function configFile(path: string): AlloyConfig {
  try {
    return { text: readFileSync(path, 'utf8'), sendsParts: false };
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be read (${errnoOf(error)}).`);
  }
}
