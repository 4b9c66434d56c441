import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type FunctionResult, measureFunctions } from './functions.js';
import { ours } from './load/contender.js';
import { reportLoad } from './load/report.js';
import { runLoad } from './load/run.js';
import { NOTHING } from './load/workload.js';
import { endWith } from './measure/ending.js';
import { describeMachine, machineLine } from './measure/machine.js';
import { figure, table } from './measure/table.js';

interface Flags {
  quick?: true;
  json?: true;
  out?: string;
  functions: boolean;
  collector: boolean;
}

const MIB = 2 ** 20;

const flags = new Command('npm run bench --')
  .description('Measures functions beside their rivals, the floor, and the whole collector over a corpus.')
  .option('--quick', 'a few milliseconds for each function and a small corpus: shows that it works, not how fast it is')
  .option('--no-functions', 'leave out the functions')
  .option('--no-collector', 'leave out the floor and the whole collector')
  .option('--json', 'print JSON instead of tables')
  .option('--out <file>', 'write the JSON to this file as well')
  .parse()
  .opts<Flags>();

await endWith(async () => {
  const machine = describeMachine();
  const quick = flags.quick ?? false;
  const print = (text: string): void => void (flags.json || process.stdout.write(text));
  print(`${machineLine(machine)}\n`);
  const functions = flags.functions ? await measureFunctions(quick, tell) : [];
  if (functions.length > 0) print(`\nFunctions\n${reportFunctions(functions)}`);
  const runs = flags.collector ? await measureCollector(quick) : [];
  if (runs.length > 0) print(`\nThe whole collector, from its start to the last line stored\n${reportLoad(runs)}`);
  const json = `${JSON.stringify({ machine, quick, functions, collector: runs }, null, 1)}\n`;
  if (flags.json) process.stdout.write(json);
  if (flags.out !== undefined) await writeFile(flags.out, json);
  return runs.every(({ result }) => result.complete && result.lost === 0) ? 0 : 1;
});

async function measureCollector(quick: boolean): Promise<Parameters<typeof reportLoad>[0]> {
  const corpus = { pods: 20, bytes: (quick ? 16 : 256) * MIB, lineBytes: 0, style: 'mixed' as const, seed: 1 };
  const workload = { ...NOTHING, corpus, floorRuns: quick ? 1 : 3 };
  const runs = [{ label: '1 worker', result: await runLoad(ours({ workers: 1 }), workload) }];
  if (!quick) runs.push({ label: '2 workers', result: await runLoad(ours({ workers: 2 }), workload) });
  return runs;
}

function reportFunctions(results: readonly FunctionResult[]): string {
  let file = '';
  const rows = results.flatMap((result) => {
    const { name, unit, nsPerUnit, unitsPerSecond, errorPercent } = result;
    const row = [
      `  ${name}`,
      `${figure(nsPerUnit)} ns`,
      perSecond(unitsPerSecond, unit),
      `± ${errorPercent.toFixed(1)} %`,
    ];
    if (result.file === file) return [row];
    file = result.file;
    return [[file], row];
  });
  return table(['', 'each', 'a second', ''], rows);
}

function perSecond(units: number, unit: string): string {
  const [scale, name] = units >= 1e9 ? [1e9, 'G'] : units >= 1e6 ? [1e6, 'M'] : units >= 1e3 ? [1e3, 'k'] : [1, ''];
  return `${figure(units / scale)} ${name}${name === '' ? '' : ' '}${unit}`;
}

/** Shows that something happens, where somebody looks. */
function tell({ file, name }: FunctionResult): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${file}: ${name}\u001b[K\r\u001b[K`);
}
