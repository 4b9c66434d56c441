import type { SamplingStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';

export function accessSampling(): Access {
  return { reads: ['line', 'time'], writes: [], pure: false };
}

function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x85ebca6b);
  return Math.imul(h ^ (h >>> 13), 0xc2b2ae35) ^ (h >>> 16);
}

function hashText(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return hash;
}

/** Lets a share of the entries through. Which, a hash of the entry decides: a repeat decides alike. */
export function compileSampling({ rate, dropCounterReason }: SamplingStage, { tally, run, id }: StageContext): Stage {
  const seed = hashText(id);
  let path = '';
  let pathHash = 0;
  return {
    process(entry: Entry): boolean {
      if (run.path !== path) {
        path = run.path;
        pathHash = mix(seed, hashText(path));
      }
      const { offset, seconds, nanos, part } = entry;
      let hash = mix(pathHash, offset | 0);
      hash = mix(hash, (offset / 0x1_0000_0000) | 0);
      hash = mix(mix(mix(hash, seconds | 0), nanos), part);
      hash = mix(hash, hash >>> 15) >>> 0;
      if (hash < rate * 0x1_0000_0000) return true;
      tally.dropped(dropCounterReason);
      return false;
    },
  };
}
