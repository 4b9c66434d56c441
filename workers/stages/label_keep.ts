import type { LabelKeepStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';

export function accessLabelKeep(): Access {
  return { reads: ['l:*'], writes: ['l:*'], pure: true };
}

/** Removes all labels but these, those that begin with `__` included. */
export function compileLabelKeep({ values }: LabelKeepStage): Stage {
  const kept = new Set(values);
  return {
    process(entry: Entry): boolean {
      for (const name of entry.labels.labels.keys()) if (!kept.has(name)) entry.labels = entry.labels.without(name);
      return true;
    },
  };
}
