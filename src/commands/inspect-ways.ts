import { filesOf } from '../config/alloy/lanes.js';
import type { PipelinePlan, TargetPlan } from '../config/alloy/plan.js';
import { SleipnirError } from '../errors.js';
import type { InspectPipeline } from '../protocol.js';

/** A way from a log to where its entries go. */
export interface Way {
  /** The components on it. */
  name: string;
  pipeline: InspectPipeline;
}

/**
 * The ways that the lines of a log take through a configuration.
 *
 * @param path the log; null: `sample` if it is read, else one that is
 * @throws SleipnirError `PATH_UNWANTED` if no target reads it
 */
export function waysFor(
  plan: PipelinePlan,
  path: string | null,
  sample: string,
  maxLineBytes: number,
): { path: string; ways: Way[] } {
  const targets = plan.sources.flatMap((source) => source.targets);
  const candidates = path === null ? [sample, ...targets.map(exampleOf)] : [path];
  for (const candidate of candidates) {
    const ways = waysOf(plan, candidate, maxLineBytes);
    if (ways.length > 0) return { path: candidate, ways };
  }
  const wanted = [...new Set(targets.map((target) => target.path))].join(', ');
  throw new SleipnirError(
    'PATH_UNWANTED',
    path === null ? 'no log that the configuration reads goes anywhere' : `the configuration does not read ${path}`,
    wanted === '' ? 'Give loki.source.file a target.' : `Give --path a log that one of these takes: ${wanted}`,
  );
}

function waysOf(plan: PipelinePlan, path: string, maxLineBytes: number): Way[] {
  return plan.sources.flatMap(({ component, targets, routes }) => {
    const targetLabels = filesOf(targets).labelsOf(path);
    if (targetLabels === null) return [];
    return routes.map(({ spec, sink }): Way => {
      const components = spec.processes.map((process) => process.component);
      const route = { revision: 1, ...spec, maxLineBytes };
      return {
        name: [component, ...components, sink.component].join(' -> '),
        pipeline: { kind: 'route', route, targetLabels },
      };
    });
  });
}

/** A path that the target most likely takes. */
function exampleOf({ path, literal }: TargetPlan): string {
  return literal ? path : path.replace(/\*+/g, 'sample');
}
