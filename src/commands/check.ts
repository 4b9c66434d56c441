import { diagnosticsJson, formatDiagnostics } from '../config/alloy/diagnostics.js';
import { formatReport } from '../config/report.js';
import { explain } from '../plan/sizing.js';
import { printable } from '../table.js';
import { budgetOf, checkConfiguration, configPathOf, type Loaded, withWorker } from './configuration.js';
import { exitCodes } from './exit-codes.js';
import { printJson } from './print.js';

export interface CheckCommandOptions {
  json: boolean;
  /** Of the configuration file: leave out what has nothing to do with logs. */
  skipUnsupported: boolean;
}

/**
 * `sleipnir check`: prints the settings and what is derived from them; with a configuration file, what is wrong with it.
 *
 * @returns the exit code: 1 if the file has mistakes
 */
export async function check(loaded: Loaded, { json, skipUnsupported }: CheckCommandOptions): Promise<number> {
  const { config, effective, warnings } = loaded;
  const budget = budgetOf(config);
  const derived = explain(budget);
  const path = configPathOf(loaded);
  const checked =
    path === null
      ? { warnings: [] }
      : await withWorker(config, budget, (worker) => checkConfiguration(path, skipUnsupported, worker));
  const isGood = 'warnings' in checked;
  const diagnostics = isGood ? checked.warnings : checked.diagnostics;
  if (json) {
    printJson({ settings: effective, derived, warnings, diagnostics: diagnosticsJson(diagnostics) });
  } else {
    process.stderr.write(formatDiagnostics(diagnostics));
    if (isGood && path !== null) process.stdout.write(`${printable(path)} has no mistakes\n\n`);
    // What is wrong is all that matters then.
    if (isGood) process.stdout.write(formatReport({ effective, derived, warnings }));
  }
  return isGood ? exitCodes.ok : exitCodes.failed;
}
