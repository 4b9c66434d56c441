import { type CgroupLimits, UNLIMITED } from '../measure/cgroup.js';
import type { CorpusShape } from '../measure/corpus.js';
import type { NodeShape } from '../measure/node.js';

/** What a collector is put under. */
export interface Workload {
  /** Files that are there when it starts. */
  corpus: CorpusShape | null;
  /** Pods that write while it runs, for so long. */
  live: (NodeShape & { seconds: number }) | null;
  /** How long to look at it when it has nothing to do any more; 0: not at all. */
  idleSeconds: number;
  /** How long after its start the receiver appears; until then connections are refused. */
  awaySeconds: number;
  /** It is given up when nothing new was stored for so long. */
  patienceSeconds: number;
  /** The receiver answers so much later. */
  delayMs: number;
  limits: CgroupLimits;
  /** Lines of the corpus with this text are not to be stored; null: all are. */
  drops: string | null;
  /** How often to measure the floor over the corpus. */
  floorRuns: number;
}

export const NOTHING: Workload = {
  corpus: null,
  live: null,
  idleSeconds: 0,
  awaySeconds: 0,
  patienceSeconds: 30,
  delayMs: 0,
  limits: UNLIMITED,
  drops: null,
  floorRuns: 0,
};
