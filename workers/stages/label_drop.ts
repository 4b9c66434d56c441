import type { LabelDropStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { labelKeys } from './input.js';

export function accessLabelDrop({ values }: LabelDropStage): Access {
  return { reads: labelKeys(values), writes: labelKeys(values), pure: true };
}

/** Removes labels. */
export function compileLabelDrop({ values }: LabelDropStage): Stage {
  return {
    process(entry: Entry): boolean {
      for (const name of values) entry.labels = entry.labels.without(name);
      return true;
    },
  };
}
