import type { StaticLabelsStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { labelKeys } from './input.js';

export function accessStaticLabels({ values }: StaticLabelsStage): Access {
  return { reads: [], writes: labelKeys(values.map(([name]) => name)), pure: true };
}

/** Sets labels to values of the configuration. */
export function compileStaticLabels({ values }: StaticLabelsStage): Stage {
  const given = values.filter(([, value]) => value !== '');
  return {
    process(entry: Entry): boolean {
      for (const [name, value] of given) entry.labels = entry.labels.with(name, value);
      return true;
    },
  };
}
