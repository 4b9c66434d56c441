import type { CheckStagesJob, CheckStagesResult } from '../../protocol.js';
import { loadWanted } from './libraries.js';
import { type AlloyOptions, type AlloyResult, draftAlloy } from './load.js';

export interface CheckOptions extends AlloyOptions {
  /** Asks the compilers of the stages, which live in the workers (`Workers.checkStages`). */
  askWorker(job: CheckStagesJob): Promise<CheckStagesResult>;
}

/**
 * Reads an Alloy configuration, or a folder of them, and checks all there is to check: what the language and the
 * components say, and what the compilers of the stages say about templates, selectors, databases and the like. Every
 * mistake is told at once, at its place. Starting, reloading and `sleipnir check` all ask this one function.
 *
 * @throws what `askWorker` throws
 */
export async function checkFile(path: string, { askWorker, ...options }: CheckOptions): Promise<AlloyResult> {
  let draft = draftAlloy({ path }, options);
  if (await loadWanted()) draft = draftAlloy({ path }, options);
  if (draft.stages.length === 0) return draft.finish([]);
  const { mistakes } = await askWorker({ stages: draft.stages });
  return draft.finish(mistakes);
}
