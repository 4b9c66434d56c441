import { getHeapStatistics } from 'node:v8';
import { diagnosticsJson, formatDiagnostics } from '../config/alloy/diagnostics.js';
import { effectiveBeside, notUsed } from '../config/lanes.js';
import { formatReport } from '../config/report.js';
import { explain } from '../plan/sizing.js';
import { printable } from '../table.js';
import { budgetOf, checkConfiguration, type Loaded, withWorker } from './configuration.js';
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
  const { config } = loaded;
  const { configPath } = config;
  const budget = budgetOf(config);
  const derived = explain(budget, getHeapStatistics().heap_size_limit);
  const checked =
    configPath === null
      ? null
      : await withWorker(config, budget, (worker) => checkConfiguration(configPath, skipUnsupported, worker));
  const plan = checked !== null && 'plan' in checked ? checked.plan : null;
  const isGood = checked === null || plan !== null;
  const diagnostics = checked === null ? [] : 'plan' in checked ? checked.warnings : checked.diagnostics;
  const effective = plan === null ? loaded.effective : effectiveBeside(plan, loaded.effective);
  const warnings = plan === null ? loaded.warnings : [...loaded.warnings, ...notUsed(loaded.effective)];
  if (json) {
    printJson({ settings: effective, derived, warnings, diagnostics: diagnosticsJson(diagnostics) });
  } else {
    process.stderr.write(formatDiagnostics(diagnostics));
    if (plan !== null && configPath !== null) process.stdout.write(`${printable(configPath)} has no mistakes\n\n`);
    // What is wrong is all that matters then.
    if (isGood) process.stdout.write(formatReport({ effective, derived, warnings }));
  }
  return isGood ? exitCodes.ok : exitCodes.failed;
}
