import type { TruncateRule, TruncateStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';
import { cutText, textBytes } from '../pipeline/text.js';
import { extractedKeys, labelKeys } from './input.js';

const FIELD = 'truncated';

function keysOf({ sourceType, sources }: TruncateRule): string[] {
  const names = sources.length === 0 ? ['*'] : sources;
  if (sourceType === 'line') return ['line'];
  if (sourceType === 'structured_metadata') return ['meta'];
  return sourceType === 'label' ? labelKeys(names) : extractedKeys(names);
}

export function accessTruncate({ rules }: TruncateStage): Access {
  const keys = rules.flatMap(keysOf);
  return { reads: [...keys, `x:${FIELD}`], writes: [...keys, `x:${FIELD}`], pure: false };
}

type Cut = (entry: Entry) => number;

/** Cuts values that are too long. */
export function compileTruncate({ rules }: TruncateStage, { tally }: StageContext): Stage {
  const cuts = rules.map((rule) => ({ field: rule.sourceType, cut: cutOf(rule) }));
  return {
    process(entry: Entry): boolean {
      for (const { field, cut } of cuts) {
        const count = cut(entry);
        if (count === 0) continue;
        tally.count('loki_process_truncated_fields_total', count, ['field', field]);
        const before = entry.extracted.get(FIELD);
        const fields = new Set(typeof before === 'string' && before !== '' ? before.split(',') : []);
        entry.extracted.set(FIELD, [...fields.add(field)].sort().join(','));
      }
      return true;
    },
  };
}

/** Cuts what a rule is for, and tells how many values it has cut. */
function cutOf({ limitBytes, suffix, sourceType, sources }: TruncateRule): Cut {
  const most = limitBytes - textBytes(suffix);
  const shorten = (value: string): string | null => {
    // A character is at least a byte and at most three a unit.
    if (value.length * 3 <= most || textBytes(value) <= most) return null;
    return cutText(value, most) + suffix;
  };
  switch (sourceType) {
    case 'line':
      return (entry) => {
        if (entry.lineBytes <= most) return 0;
        entry.line = cutText(entry.line, most) + suffix;
        return 1;
      };
    case 'label':
      return (entry) => {
        let count = 0;
        for (const name of sources.length === 0 ? [...entry.labels.labels.keys()] : sources) {
          const short = shorten(entry.labels.get(name) ?? '');
          if (short === null) continue;
          entry.labels = entry.labels.with(name, short.toWellFormed());
          count++;
        }
        return count;
      };
    case 'structured_metadata':
      return (entry) => {
        let count = 0;
        const metadata = entry.metadata.map(([name, value]): [string, string] => {
          const short = sources.length === 0 || sources.includes(name) ? shorten(value) : null;
          if (short !== null) count++;
          return [name, short?.toWellFormed() ?? value];
        });
        if (count > 0) entry.metadata = metadata;
        return count;
      };
    case 'extracted':
      return (entry) => {
        let count = 0;
        for (const name of sources.length === 0 ? [...entry.extracted.all().keys()] : sources) {
          const value = entry.extracted.get(name);
          const short = typeof value === 'string' ? shorten(value) : null;
          if (short === null) continue;
          entry.extracted.set(name, short);
          count++;
        }
        return count;
      };
  }
}
