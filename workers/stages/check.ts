import type { RouteSpec, StageSpec } from '../../src/pipeline.js';
import type { CheckStagesJob, CheckStagesResult, StageMistake } from '../../src/protocol.js';
import { Pipeline } from '../pipeline/pipeline.js';
import { TemplateError } from './go/template-tokens.js';
import { loadLibraries } from './libraries.js';

/** The argument that a mistake is in which the loader has not seen; it has checked patterns and JMESPaths already. */
const ARGUMENTS: Partial<Record<StageSpec['stage'], string>> = {
  geoip: 'db',
  json: 'expressions',
  match: 'selector',
  pattern: 'pattern',
  regex: 'expression',
  replace: 'replace',
  template: 'template',
  timestamp: 'location',
};

/**
 * What is wrong with the arguments of a stage beyond their types: a pattern that RE2 refuses, a template, JMESPath, selector
 * or time zone that is none, a database that can not be read. Null if it compiles. Nested stages are not looked at: they
 * are asked about one by one, so that each mistake is told where it stands. `loadLibraries` must have seen the stage.
 */
export function mistakeIn(spec: StageSpec): StageMistake | null {
  const alone: StageSpec = spec.stage === 'match' ? { ...spec, stages: [] } : spec;
  const processes = [{ component: 'check', stages: [alone], counts: false }];
  const route: RouteSpec = { revision: 0, processes, externalLabels: [], maxLineBytes: 0 };
  try {
    new Pipeline(route);
    return null;
  } catch (error) {
    const argument = ARGUMENTS[spec.stage] ?? '';
    if (error instanceof TemplateError) {
      return { argument, offset: error.at, message: `this is no Go template: ${error.message}` };
    }
    return { argument, offset: null, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Asks about many stages. */
export async function checkStages({ stages }: CheckStagesJob): Promise<CheckStagesResult> {
  await loadLibraries(stages);
  return { mistakes: stages.map(mistakeIn) };
}
