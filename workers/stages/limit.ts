import type { LimitStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';

const REASON = 'ratelimit_drop_stage';

export function accessLimit({ byLabelName }: LimitStage): Access {
  return { reads: byLabelName === null ? [] : [`l:${byLabelName}`], writes: [], pure: false };
}

/**
 * Lets so many entries a second through, over all workers. Those beyond are dropped; or, so that none is lost, the route
 * rests after them until their time has come.
 */
export function compileLimit(
  { rate, burst, drop, byLabelName }: LimitStage,
  { id, buckets, tally, run }: StageContext,
): Stage {
  if (!drop) {
    return {
      process(): boolean {
        run.waitMs = Math.max(run.waitMs, buckets.reserve(id, rate, burst));
        return true;
      },
    };
  }
  if (byLabelName === null) {
    return {
      process(): boolean {
        if (buckets.take(id, null, rate, burst)) return true;
        tally.dropped(REASON);
        return false;
      },
    };
  }
  return {
    process(entry: Entry): boolean {
      const value = entry.labels.get(byLabelName);
      if (value === undefined || buckets.take(id, value, rate, burst)) return true;
      tally.dropped(REASON);
      tally.count('loki_process_dropped_lines_by_label_total', 1, ['label_name', byLabelName], ['label_value', value]);
      return false;
    },
  };
}
