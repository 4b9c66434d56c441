import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { whole } from '../arguments.js';
import { ours } from '../load/contender.js';
import { type Duel, duel, reportDuel } from '../load/duel.js';
import { changedAll, type LoadFlags, runOf, withLoadFlags, withOurFlags } from '../load/flags.js';
import { scenarios } from '../load/scenarios.js';
import { endWith } from '../measure/ending.js';
import { describeMachine, machineLine } from '../measure/machine.js';
import { buildRevision } from './worktree.js';

interface Flags extends LoadFlags {
  scenario?: string;
  rounds: number;
  json?: true;
  out?: string;
}

const command = new Command('npm run bench:ab --').description(
  'Runs the collector of another revision and that of the work tree in turn, in fresh processes.',
);
withOurFlags(withLoadFlags(command))
  .argument('<revision>', 'a commit, branch or tag')
  .addOption(new Option('--scenario <name>', 'as in bench:load').choices(Object.keys(scenarios)))
  .option('--rounds <count>', 'how often each of them runs', whole, 5)
  .option('--json', 'print JSON instead of a table')
  .option('--out <file>', 'write the JSON to this file as well')
  .parse();
const flags = command.opts<Flags>();
const revision = command.args[0]!;

await endWith(async () => {
  const machine = describeMachine();
  const runs = flags.scenario === undefined ? [runOf(flags)] : changedAll(scenarios[flags.scenario]!.runs, flags);
  process.stderr.write(`building ${revision}\n`);
  const built = await buildRevision(revision);
  const duels: { label: string; outcome: Duel }[] = [];
  try {
    for (const { label, workers, config, env, workload } of runs) {
      const before = ours({ name: built.commit, tree: built.folder, workers, config, env });
      const after = ours({ name: 'work tree', workers, config, env });
      const outcome = await duel(before, after, { first: workload, second: workload }, flags.rounds);
      duels.push({ label, outcome });
    }
  } finally {
    await built.remove();
  }
  const json = `${JSON.stringify({ machine, revision: built.commit, scenario: flags.scenario ?? null, duels }, null, 1)}\n`;
  if (flags.out !== undefined) await writeFile(flags.out, json);
  const tables = duels.map(({ label, outcome }) => `\n${label}\n${reportDuel(outcome)}`);
  process.stdout.write(flags.json ? json : `${machineLine(machine)}\n${tables.join('')}`);
  return 0;
});
