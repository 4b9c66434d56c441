import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { whole } from '../arguments.js';
import { ours } from '../load/contender.js';
import { duel, reportDuel } from '../load/duel.js';
import { type LoadFlags, runOf, withLoadFlags, withOurFlags } from '../load/flags.js';
import { endWith } from '../measure/ending.js';
import { describeMachine, machineLine } from '../measure/machine.js';
import { commandContender } from './command.js';

interface Flags extends LoadFlags {
  against: string;
  name: string;
  rounds: number;
  json?: true;
  out?: string;
}

const command = new Command('npm run bench:compare --').description(
  'Runs another collector and this one in turn over the same files, into the same receiver, with the same limits.',
);
const flags = withOurFlags(withLoadFlags(command))
  .requiredOption('--against <command>', 'command line of the other collector')
  .option('--name <name>', 'what to call it', 'other')
  .option('--rounds <count>', 'how often each of them runs', whole, 3)
  .option('--json', 'print JSON instead of a table')
  .option('--out <file>', 'write the JSON to this file as well')
  .addHelpText(
    'after',
    `
The command goes through the shell. In it, and as BENCH_PATHS and so on in its environment:
  {paths}     globs of the logs, comma-separated
  {root}      the pods folder
  {url}       the receiver, as http://host:port; also {host} and {port}
  {push_url}  where it takes pushes, as protobuf or JSON, gzipped or not
  {state}     an empty folder for positions
Configuration files for other collectors, with the commands, are in bench/peers.`,
  )
  .parse()
  .opts<Flags>();

await endWith(async () => {
  const machine = describeMachine();
  const { workload, workers, config, env } = runOf(flags);
  const other = commandContender(flags.name, flags.against);
  const first = ours({ workers, config, env });
  const outcome = await duel(first, other, { first: workload, second: { ...workload, floorRuns: 0 } }, flags.rounds);
  const json = `${JSON.stringify({ machine, against: flags.against, ...outcome }, null, 1)}\n`;
  if (flags.out !== undefined) await writeFile(flags.out, json);
  process.stdout.write(flags.json ? json : `${machineLine(machine)}\n\n${reportDuel(outcome)}`);
  return outcome.results.first.every(({ complete, lost }) => complete && lost === 0) ? 0 : 1;
});
