import type { LabelsStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { extractedKeys, labelKeys } from './input.js';

export function accessLabels({ values, sourceType }: LabelsStage): Access {
  const reads = sourceType === 'extracted' ? extractedKeys(values.map(([, source]) => source)) : ['meta'];
  return { reads, writes: labelKeys(values.map(([name]) => name)), pure: true };
}

/** Sets labels from extracted values, or from structured metadata. */
export function compileLabels({ values, sourceType }: LabelsStage): Stage {
  if (sourceType === 'structured_metadata') return fromMetadata(values);
  const pairs = values.map(([name, source]) => ({ name, source }));
  return {
    process(entry: Entry): boolean {
      for (const { name, source } of pairs) {
        const value = entry.extracted.text(source);
        if (value?.isWellFormed()) entry.labels = entry.labels.with(name, value);
      }
      return true;
    },
  };
}

function fromMetadata(values: LabelsStage['values']): Stage {
  return {
    process(entry: Entry): boolean {
      for (const [name, source] of values) {
        const pair = entry.metadata.find(([one]) => one === source);
        if (pair !== undefined) entry.labels = entry.labels.with(name, pair[1]);
      }
      return true;
    },
  };
}
