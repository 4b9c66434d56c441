import type { TargetLabels } from '../../pipeline.js';
import type { TargetPlan } from './plan.js';
import { relabel } from './relabel.js';

const PATH = '__path__';

/**
 * The labels all entries of a file bear from its target, without `filename`, which comes on top.
 * @param path absolute path of the file
 * @returns null if the rules of the target drop the file
 */
export function fileLabels(target: TargetPlan, path: string): TargetLabels | null {
  const labels = relabel(target.relabel, new Map([...target.labels, [PATH, path]]));
  return labels === null ? null : [...labels].filter(([name]) => !name.startsWith('__') && name !== 'filename');
}
