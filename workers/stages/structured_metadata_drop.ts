import type { StructuredMetadataDropStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';

export function accessStructuredMetadataDrop(): Access {
  return { reads: ['meta'], writes: ['meta'], pure: true };
}

/** Removes structured metadata by name. */
export function compileStructuredMetadataDrop({ values }: StructuredMetadataDropStage): Stage {
  const dropped = new Set(values);
  return {
    process(entry: Entry): boolean {
      if (entry.metadata.some(([name]) => dropped.has(name))) {
        entry.metadata = entry.metadata.filter(([name]) => !dropped.has(name));
      }
      return true;
    },
  };
}
