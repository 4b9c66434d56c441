import type { StageSpec } from '../../src/pipeline.js';
import { loadReader } from './geoip.js';
import { loadQueries } from './query.js';

/** Loads the libraries that only some stages need. To be awaited before they are compiled. */
export async function loadLibraries(stages: readonly StageSpec[]): Promise<void> {
  for (const spec of stages) {
    if (spec.stage === 'json') await loadQueries(spec.expressions);
    else if (spec.stage === 'match') await loadLibraries(spec.stages);
    else if (spec.stage === 'geoip') {
      await loadReader();
      await loadQueries(spec.customLookups);
    }
  }
}

/** The same for all stages of a route. */
export async function loadRouteLibraries(route: { processes: { stages: StageSpec[] }[] }): Promise<void> {
  for (const { stages } of route.processes) await loadLibraries(stages);
}
