import { fileURLToPath } from 'node:url';
import { runCompiled } from './compiled.js';

// Bundled as dist/collect.js, beside the bundle of workers/collect.ts.
const { exports } = runCompiled(fileURLToPath(new URL('jobs.js', import.meta.url)));
export const { collect, identify, spool, spoolHeads, count, checkStages, inspect, echo } = exports as Record<
  string,
  unknown
>;
