import { type Command, CommanderError, Option, program } from 'commander';
import { exitCodes } from './commands/exit-codes.js';
import type { FmtOptions } from './commands/fmt.js';
import { printJson } from './commands/print.js';
import { type LoadResult, loadConfig } from './config/load.js';
import { formatMistakes, formatWarnings } from './config/report.js';
import { type SettingName, settingNames, settings } from './config/settings.js';
import { errnoOf, SleipnirError } from './errors.js';
import { VERSION } from './version.js';

type Flags = Partial<Record<SettingName, string>>;
type RunFlags = Flags & { skipUnsupported?: true };

function withSettings(command: Command): Command {
  command.argument('[FILE]', `${settings.config.meaning} (${settings.config.variable})`);
  for (const name of settingNames) {
    if (name !== 'config') command.addOption(optionFor(name));
  }
  return command;
}

function optionFor(name: SettingName): Option {
  const { flag, variable, meaning, default: fallback } = settings[name];
  return new Option(`${flag} <value>`, `${meaning} (${variable}, default: ${fallback})`);
}

function load(flags: Flags): LoadResult {
  return loadConfig({ flags, env: process.env, isTerminal: process.stdout.isTTY });
}

async function run(file: string | undefined, { skipUnsupported, ...flags }: RunFlags): Promise<number> {
  const loaded = load(withFile(flags, file));
  if ('mistakes' in loaded) return refuse(loaded);
  // What only `run` needs is loaded only now: it is most of what there is, and the other commands start without it.
  const { runCollector } = await import('./main.js');
  const { config, effective, warnings } = loaded;
  return runCollector(config, { effective, warnings, skipUnsupported: skipUnsupported ?? false });
}

type CheckFlags = Flags & { json?: true; skipUnsupported?: true };

async function check(file: string | undefined, { json, skipUnsupported, ...flags }: CheckFlags): Promise<number> {
  const loaded = load(withFile(flags, file));
  if ('mistakes' in loaded) {
    if (!json) return refuse(loaded);
    printJson(loaded);
    return exitCodes.badSettings;
  }
  const command = await import('./commands/check.js');
  return command.check(loaded, { json: json ?? false, skipUnsupported: skipUnsupported ?? false });
}

async function fmt(files: string[], options: FmtOptions): Promise<number> {
  const command = await import('./commands/fmt.js');
  return command.fmt(files, options);
}

/** The settings that say what is done with a line. */
const lineSettings = ['config', 'labelRegex', 'labels', 'format', 'stream', 'maxLineBytes'] as const;

type InspectFlags = Flags & { json?: true; skipUnsupported?: true; path?: string };

/** Mistakes in settings that it does not need do not keep it from answering. */
async function inspect(file: string | undefined, given: InspectFlags): Promise<number> {
  const { json, skipUnsupported, path, ...flags } = given;
  const variables = lineSettings.map((name) => settings[name].variable);
  const loaded = loadConfig({
    flags: withFile(flags, file),
    env: Object.fromEntries(variables.map((variable) => [variable, process.env[variable]])),
    isTerminal: process.stdout.isTTY,
  });
  if ('mistakes' in loaded) return refuse(loaded);
  const command = await import('./commands/inspect.js');
  const options = { json: json ?? false, skipUnsupported: skipUnsupported ?? false, path: path ?? null };
  return command.inspect(loaded, options);
}

/** Needs the state directory alone, so mistakes in other settings do not keep it from answering. */
async function positions({ json, stateDir }: { json?: true; stateDir?: string }): Promise<number> {
  const { variable } = settings.stateDir;
  const loaded = loadConfig({
    flags: stateDir === undefined ? {} : { stateDir },
    env: { [variable]: process.env[variable] },
    isTerminal: process.stdout.isTTY,
  });
  if ('mistakes' in loaded) return refuse(loaded);
  const { readPositions } = await import('./checkpoint/positions.js');
  const { formatPositions, positionsJson } = await import('./checkpoint/report.js');
  const records = await readPositions(loaded.config.stateDir);
  if (json) printJson(positionsJson(records));
  else process.stdout.write(formatPositions(records));
  return exitCodes.ok;
}

/** Which logs are collected is known here only without a configuration file. */
async function importInto(file: string, { force, stateDir }: { force?: true; stateDir?: string }): Promise<number> {
  const named = [settings.stateDir, settings.paths, settings.exclude].map(({ variable }) => variable);
  const loaded = loadConfig({
    flags: stateDir === undefined ? {} : { stateDir },
    env: Object.fromEntries(named.map((variable) => [variable, process.env[variable]])),
    isTerminal: process.stdout.isTTY,
  });
  if ('mistakes' in loaded) return refuse(loaded);
  const { config } = loaded;
  const { positionsImport } = await import('./commands/positions-import.js');
  const { createFileMatch } = await import('./discover/match.js');
  await positionsImport({
    file,
    stateDir: config.stateDir,
    force: force ?? false,
    ...(process.env[settings.config.variable] === undefined && {
      wanted: createFileMatch(config.paths, config.exclude),
    }),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
  return exitCodes.ok;
}

function withFile(flags: Flags, file: string | undefined): Flags {
  return file === undefined ? flags : { ...flags, config: file };
}

function refuse({ mistakes, warnings }: Extract<LoadResult, { mistakes: unknown }>): number {
  process.stderr.write(formatMistakes(mistakes) + formatWarnings(warnings));
  return exitCodes.badSettings;
}

function endingWith<A extends unknown[]>(command: (...args: A) => number | Promise<number>) {
  return async (...args: A): Promise<void> => {
    process.exitCode = await command(...args);
  };
}

program
  .name('sleipnir')
  .description('Ships the logs of every pod on a Kubernetes node to Grafana Loki.')
  .version(`sleipnir ${VERSION}`)
  .exitOverride();

const skipUnsupported = new Option('--skip-unsupported', 'leave out components that have nothing to do with logs');

withSettings(program.command('run').description('collect and push until told to end'))
  .addOption(skipUnsupported)
  .action(endingWith(run));

withSettings(
  program
    .command('check')
    .description('tell what is wrong with the configuration, or print each setting, its value and where it came from'),
)
  .addOption(skipUnsupported)
  .option('--json', 'print JSON')
  .action(endingWith(check));

const inspecting = program
  .command('inspect')
  .description('show what each stage does with the lines of standard input; nothing is sent')
  .argument('[FILE]', `${settings.config.meaning} (${settings.config.variable})`)
  .option('--path <path>', 'the log that the lines are supposed to come from')
  .option('--json', 'print JSON, an object a line')
  .addOption(skipUnsupported)
  .action(endingWith(inspect));
for (const name of lineSettings) if (name !== 'config') inspecting.addOption(optionFor(name));

program
  .command('fmt')
  .description('format Alloy configuration files, or standard input')
  .argument('[FILE...]', 'files to print formatted; - is standard input')
  .addOption(new Option('-w, --write', 'write the files instead').conflicts('test'))
  .option('-t, --test', 'name the files that are not formatted, and exit with 1 if there are any')
  .action(endingWith(fmt));

const positionsCommand = program
  .command('positions')
  .description('print where reading stands in each container log')
  .addOption(optionFor('stateDir'))
  .option('--json', 'print JSON')
  .action(endingWith(positions));

positionsCommand
  .command('import')
  .description('take over the positions of Alloy (positions.yml) or Promtail (positions.yaml) before the first start')
  .argument('FILE', 'the positions file of the other collector, which has ended')
  .option('--force', 'forget the positions that are stored already')
  .action((file: string, options: { force?: true }) =>
    endingWith(importInto)(file, { ...positionsCommand.opts(), ...options }),
  );

program
  .command('version')
  .description('print the version')
  .action(() => {
    process.stdout.write(`sleipnir ${VERSION}\n`);
  });

// Whoever reads our output may have seen enough (`sleipnir positions | head`).
process.stdout.on('error', (error) => {
  if (errnoOf(error) !== 'EPIPE') throw error;
});

program.parseAsync().catch((error: unknown) => {
  // Whatever was begun must not go on without the rest.
  process.exit(exitCodeOf(error));
});

function exitCodeOf(error: unknown): number {
  // Commander has already told what is wrong with the command line.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.badSettings;
  process.stderr.write(`sleipnir: ${describe(error)}\n`);
  return exitCodes.failed;
}

function describe(error: unknown): string {
  if (error instanceof SleipnirError) return `${error.message}\n${error.advice}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
