import { Command, InvalidArgumentError } from 'commander';
import { parseBytes } from '../../src/config/units.js';
import { SleipnirError } from '../../src/errors.js';
import { endWith } from '../measure/ending.js';
import { table } from '../measure/table.js';
import { BOOKS_HEADING, booksRow, reasonsIn } from './books.js';
import { runTrial, type TrialOptions, type TrialResult } from './run.js';
import { SCENARIOS, type Scenario } from './scenarios.js';

interface Flags {
  scenario: string[];
  seconds: number;
  kills: number;
  pods: number;
  rate: number;
  seed: number;
  cpu?: number;
  json?: true;
}

const NAMES = SCENARIOS.map(({ name }) => name).join(', ');
const HEADING = ['fault', 'wrote', 'stored', 'repeated', 'lost', 'counted', 'refused', 'holds'];
const LOSSES_SHOWN = 5;
const flags = new Command('npm run trial --')
  .description(
    'Holds what simulated pods wrote against what Loki has, while things go wrong. Exit code 1 if a line is missing.',
  )
  .option('--scenario <names...>', `which of ${NAMES} (default: all)`, [])
  .option('--seconds <count>', 'how long the pods write in each', number, 20)
  .option('--kills <count>', 'how often the collector is ended where the scenario ends it', number, 5)
  .option('--pods <count>', 'pods that write all the time', number, 20)
  .option('--rate <size>', 'bytes they write in a second', bytes, 1 << 20)
  .option(
    '--seed <number>',
    'names, lines and times follow from it (default: another each time)',
    number,
    Date.now() % 2 ** 31,
  )
  .option('--cpu <cores>', 'CPU limit of the collector, such as 0.2 (cgroup)', number)
  .option('--json', 'print the results as JSON as well')
  .parse()
  .opts<Flags>();

await endWith(async () => {
  const chosen = flags.scenario.length === 0 ? SCENARIOS : flags.scenario.map(find);
  const { seconds, kills, seed, pods, rate, cpu } = flags;
  const options: TrialOptions = {
    seconds,
    kills,
    seed,
    pods,
    rateBytes: rate,
    ...(cpu !== undefined && { cpus: cpu }),
  };
  process.stdout.write(`seed ${seed}; ${chosen.length} scenarios of ${seconds} s\n`);
  const results: { scenario: Scenario; result: TrialResult }[] = [];
  for (const scenario of chosen) {
    const result = await runTrial(scenario, options);
    results.push({ scenario, result });
    process.stdout.write(`${scenario.name}: ${verdict(result)}\n`);
    if (result.wrongs.length > 0) process.stdout.write(`  the collector said ${JSON.stringify(result.said)}\n`);
    const reasons = reasonsIn(result.books);
    if (reasons !== '') process.stdout.write(`  ${reasons}\n`);
    for (const loss of result.losses.slice(0, LOSSES_SHOWN)) process.stdout.write(`  counted in ${loss}\n`);
    for (const gap of result.gaps) process.stdout.write(`  ${gap}\n`);
  }
  process.stdout.write(`\n${table(HEADING, results.map(row))}`);
  const books = results.map(({ scenario, result }) => booksRow(scenario.name, result.books));
  process.stdout.write(`\n${table(BOOKS_HEADING, books)}`);
  if (flags.json)
    process.stdout.write(
      `${JSON.stringify(results.map(({ scenario, result }) => ({ scenario: scenario.name, ...result })))}\n`,
    );
  return results.every(({ result }) => result.wrongs.length === 0) ? 0 : 1;
});

function row({ scenario, result }: { scenario: Scenario; result: TrialResult }): string[] {
  const { wrote, stored, repeated, lost, countedLost, refused } = result;
  const figures = [wrote, stored, repeated, lost, countedLost, refused].map((value) => value.toLocaleString('en-US'));
  return [scenario.fault, ...figures, result.wrongs.length === 0 ? 'yes' : 'NO'];
}

function verdict({ wrongs, note }: TrialResult): string {
  const how = note === null ? '' : ` (${note})`;
  return wrongs.length === 0 ? `holds${how}` : `DOES NOT HOLD${how}: ${wrongs.join('; ')}`;
}

function find(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined)
    throw new SleipnirError('BENCH_NO_SUCH_SCENARIO', `there is no ${name}`, `Take one of ${NAMES}.`);
  return found;
}

function number(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It is not a number.');
  return Number(text);
}

function bytes(text: string): number {
  try {
    return parseBytes(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `It ${error.message}.` : String(error));
  }
}
