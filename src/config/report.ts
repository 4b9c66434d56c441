import { formatTable, printable } from '../table.js';
import type { EffectiveSetting, Mistake, Origin } from './load.js';
import { settings } from './settings.js';

/** A value that no setting gave: it follows from what was found on the machine. */
export interface DerivedValue {
  name: string;
  value: string;
  because: string;
}

export interface CheckReport {
  effective: EffectiveSetting[];
  warnings: string[];
  derived?: DerivedValue[];
}

/** What `sleipnir check` prints: each setting with its value and origin, what was derived from it, and warnings. */
export function formatReport({ effective, warnings, derived = [] }: CheckReport): string {
  const rows = effective.map(({ name, variable, flag, value, origin }) => [
    variable,
    value ?? (origin === 'file' ? '-' : settings[name].default),
    origins(flag)[origin],
  ]);
  const tables = [formatTable([['SETTING', 'VALUE', 'FROM'], ...rows])];
  if (derived.length > 0) {
    const rows = derived.map(({ name, value, because }) => [name, value, because]);
    tables.push(formatTable([['DERIVED', 'VALUE', 'BECAUSE'], ...rows]));
  }
  if (warnings.length > 0) tables.push(formatWarnings(warnings));
  return tables.join('\n');
}

function origins(flag: string): Record<Origin, string> {
  return { flag: `flag ${flag}`, environment: 'environment', file: 'configuration file', default: 'default' };
}

/** Each warning on a line of its own. */
export function formatWarnings(warnings: string[]): string {
  return warnings.map((warning) => `warning: ${printable(warning)}\n`).join('');
}

/** All mistakes, one on each line: the setting, its value, what is wrong with it, what is allowed. */
export function formatMistakes(mistakes: Mistake[]): string {
  return mistakes
    .map(({ setting, value, problem, allowed }) => printable(`${setting}: "${value}" ${problem}; allowed: ${allowed}.`))
    .map((line) => `${line}\n`)
    .join('');
}
