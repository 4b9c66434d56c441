import type { RouteSpec, StageSpec } from '../../src/pipeline.js';
import { Pipeline } from '../pipeline/pipeline.js';

/**
 * What is wrong with the arguments of a stage beyond their types: a pattern that RE2 refuses, a template, JMESPath, selector
 * or time zone that is none, a database that can not be read. Null if it compiles. Nested stages are not looked at: they
 * are asked about one by one, so that each mistake is told where it stands.
 */
export function mistakeIn(spec: StageSpec): string | null {
  const alone: StageSpec = spec.stage === 'match' ? { ...spec, stages: [] } : spec;
  const processes = [{ component: 'check', stages: [alone], counts: false }];
  const route: RouteSpec = { revision: 0, processes, externalLabels: [], maxLineBytes: 0 };
  try {
    new Pipeline(route);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
