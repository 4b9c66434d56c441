import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { SleipnirError } from '../../src/errors.js';
import { amount, duration, size, whole } from '../arguments.js';
import { writeLedger } from './ledger.js';
import { startNode } from './node.js';
import { Progress } from './progress.js';

interface Flags {
  root?: string;
  pods: number;
  rate: number;
  even?: true;
  podBytes: number;
  lineBytes: number;
  longLineEvery: number;
  offset: number;
  rotate: number;
  rotateEvery: number;
  keep: number;
  undo: number;
  copytruncate?: true;
  restarts: number;
  churn: number;
  life: number;
  linger: number;
  jobLines: number;
  seconds?: number;
  seed?: number;
  ledger?: string;
  clean?: true;
}

const LEDGER_MS = 1000;

const flags = new Command('node')
  .description('Simulates a Kubernetes node: pods write container logs, rotated as the kubelet does it.')
  .option('--root <dir>', 'pods folder to write to (default: a new temporary folder)')
  .option('--pods <count>', 'pods that live as long as the node', whole, 20)
  .option('--rate <size>', 'bytes per second over all pods; 0: as fast as possible', size, 1 << 20)
  .option('--even', 'all pods write the same, rather than some much and many little')
  .option('--pod-bytes <size>', 'each pod falls silent after so many bytes; 0: never', size, 0)
  .option('--line-bytes <size>', 'bytes of content of every line; 0: natural lengths', size, 0)
  .option('--long-line-every <count>', 'one line in so many is split into parts; 0: none', whole, 5000)
  .option('--offset <zone>', 'zone of the timestamps: Z or such as +02:00', zoneMinutes, 0)
  .option('--rotate <size>', 'rotate a log at this size; 0: never', size, 10 << 20)
  .option('--rotate-every <duration>', 'rotate every log this often, such as 50ms; 0: never', durationOrZero, 0)
  .option('--keep <count>', 'files a container may have, the live one included', whole, 5)
  .option('--undo <share>', 'share of rotations that are undone, 0 to 1', amount, 0)
  .option('--copytruncate', 'rotate by copying the log and emptying it in place')
  .option('--restarts <rate>', 'containers that restart in a second', amount, 0)
  .option('--churn <rate>', 'short-lived pods that start in a second', amount, 0)
  .option('--life <duration>', 'life of a short-lived pod', durationOrZero, 300)
  .option('--linger <duration>', 'how long its folder outlives it', durationOrZero, 1000)
  .option('--job-lines <count>', 'lines of a short-lived pod', whole, 30)
  .option('--seconds <count>', 'stop after so many seconds (default: at SIGINT or SIGTERM)', amount)
  .option('--seed <number>', 'names, uneven rates and lines follow from it (default: another each time)', whole)
  .option('--ledger <file>', 'keep what was written, container by container, in this JSON file')
  .option('--clean', 'delete the files at the end')
  .parse()
  .opts<Flags>();

try {
  await simulate();
} catch (error) {
  const advice = error instanceof SleipnirError ? ` ${error.advice}` : '';
  process.stderr.write(`node: ${error instanceof Error ? error.message : String(error)}.${advice}\n`);
  process.exitCode = 1;
}

/** Runs until the time is over, every pod has written its share, or a signal comes. */
async function simulate(): Promise<void> {
  const enough = untilSignal();
  const seed = flags.seed ?? Date.now() % 2 ** 31;
  const root = resolve(flags.root ?? join(tmpdir(), `sleipnir-node-${seed}`));
  process.stdout.write(`pods folder ${root}, seed ${seed}\n`);
  const node = await startNode({
    root,
    seed,
    pods: flags.pods,
    rateBytes: flags.rate,
    even: flags.even ?? false,
    podBytes: flags.podBytes,
    lineBytes: flags.lineBytes,
    longLineEvery: flags.longLineEvery,
    offsetMinutes: flags.offset,
    rotateBytes: flags.rotate,
    rotateEveryMs: flags.rotateEvery,
    keepFiles: flags.keep,
    undoShare: flags.undo,
    copyTruncate: flags.copytruncate ?? false,
    restartsPerSecond: flags.restarts,
    churnPerSecond: flags.churn,
    lifeMs: flags.life,
    lingerMs: flags.linger,
    jobLines: flags.jobLines,
    clean: flags.clean ?? false,
  });
  const progress = new Progress(() => node.stats(), process.stdout);
  let saving = Promise.resolve();
  const save = (complete: boolean) => {
    const { ledger } = flags;
    if (ledger !== undefined) saving = saving.catch(() => {}).then(() => writeLedger(ledger, node, seed, complete));
    return saving;
  };
  const ledgerTimer = setInterval(() => void save(false).catch(() => {}), LEDGER_MS);
  try {
    await save(false);
    await Promise.race([enough, node.done]);
  } finally {
    clearInterval(ledgerTimer);
    await node.stop().finally(() => progress.end());
    await save(true);
  }
}

/** Resolves at the first SIGINT or SIGTERM, or after `--seconds`. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const timer = flags.seconds === undefined ? undefined : setTimeout(resolve, flags.seconds * 1000);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
  });
}

function durationOrZero(text: string): number {
  return text === '0' ? 0 : duration(text);
}

function zoneMinutes(text: string): number {
  if (text === 'Z') return 0;
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
  if (sign === undefined) throw new InvalidArgumentError('Write Z, or such as +02:00.');
  return (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
}
