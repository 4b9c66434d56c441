import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { endWith } from '../measure/ending.js';
import { describeMachine, machineLine } from '../measure/machine.js';
import { profiled } from '../measure/profile.js';
import { ours } from './contender.js';
import { changedAll, type LoadFlags, runOf, withLoadFlags, withOurFlags } from './flags.js';
import { plot } from './plot.js';
import { reportLoad, reportVerdicts } from './report.js';
import type { LoadResult } from './result.js';
import { runLoad } from './run.js';
import { judge, type Scenario, scenarios } from './scenarios.js';

interface Flags extends LoadFlags {
  scenario?: string;
  json?: true;
  out?: string;
  plot?: string;
  profile?: string;
}

const command = new Command('npm run bench:load --').description(
  'Runs the whole collector over a corpus or a live simulated node, into a receiver that decodes and counts.',
);
const about = Object.entries(scenarios).map(([name, { about }]) => `  ${name.padEnd(16)} ${about}\n`);
const flags = withOurFlags(withLoadFlags(command))
  .addOption(
    new Option('--scenario <name>', 'a row of the table of goals; other flags change it').choices(
      Object.keys(scenarios),
    ),
  )
  .option('--json', 'print JSON instead of a table')
  .option('--out <file>', 'write the JSON to this file as well')
  .option('--plot <file>', 'draw throughput, RSS and lag over time into this SVG file')
  .option('--profile <file>', 'profile the CPU of the first run, and write a summary to this Markdown file')
  .addHelpText('after', `\nScenarios:\n${about.join('')}`)
  .parse()
  .opts<Flags>();

await endWith(async () => {
  const machine = describeMachine();
  const scenario: Scenario | null = flags.scenario === undefined ? null : scenarios[flags.scenario]!;
  const runs: { label: string; result: LoadResult }[] = [];
  for (const run of scenario === null ? [runOf(flags)] : changedAll(scenario.runs, flags)) {
    const { label, workers, config, env, workload } = run;
    const load = (nodeFlags: string[]) => runLoad(ours({ workers, config, env, nodeFlags }), workload);
    const first = runs.length === 0;
    const about = (result: LoadResult): string => {
      const args = process.argv.slice(2).join(' ');
      const run = `npm run bench:load -- ${args}\n\n${reportLoad([{ label, result }])}`;
      return `${machineLine(machine)}\n\n\`\`\`\n${run}\`\`\`\n`;
    };
    const result = flags.profile !== undefined && first ? await profiled(flags.profile, about, load) : await load([]);
    runs.push({ label, result });
  }
  const verdicts =
    scenario === null
      ? []
      : judge(
          scenario,
          runs.map(({ result }) => result),
        );
  const json = `${JSON.stringify({ machine, scenario: flags.scenario ?? null, runs, verdicts }, null, 1)}\n`;
  if (flags.out !== undefined) await writeFile(flags.out, json);
  if (flags.plot !== undefined) await writeFile(flags.plot, plot(runs));
  const tables = [
    `${machineLine(machine)}\n\n`,
    reportLoad(runs),
    ...(verdicts.length > 0 ? ['\n', reportVerdicts(verdicts)] : []),
  ];
  process.stdout.write(flags.json ? json : tables.join(''));
  return runs.every(({ result }) => result.complete && result.lost === 0) ? 0 : 1;
});
