import type { Entry } from './entry.js';
import type { Access, Stage } from './stage.js';

/** Between two components nothing is extracted; the second begins with the labels. */
export const restartAccess: Access = { reads: ['l:*'], writes: ['x:*'], pure: true };

export const restartStage: Stage = {
  process(entry: Entry): boolean {
    entry.extracted.begin(entry.labels.labels);
    return true;
  },
};

/** What also happens at the start of nested stages: the labels win over what was extracted. */
export function addLabels(entry: Entry): void {
  for (const [name, value] of entry.labels.labels) entry.extracted.set(name, value);
}
