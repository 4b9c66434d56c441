import type { OutputStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';

export function accessOutput({ source }: OutputStage): Access {
  return { reads: [`x:${source}`], writes: ['line'], pure: false };
}

/** Makes an extracted value the line. */
export function compileOutput({ source }: OutputStage): Stage {
  return {
    process(entry: Entry): boolean {
      const text = entry.extracted.text(source);
      if (text !== undefined) entry.line = text;
      return true;
    },
  };
}
