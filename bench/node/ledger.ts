import { rename, writeFile } from 'node:fs/promises';
import type { NodeStats, SimulatedNode, Written } from './node.js';

/** What a node wrote, as the command leaves it in `--ledger FILE`. */
export interface Ledger {
  root: string;
  seed: number;
  /** The node has stopped: the figures are final. */
  complete: boolean;
  stats: NodeStats;
  containers: Written[];
}

/** Replaces the ledger at `path`, so that a reader finds a whole one at any time. */
export async function writeLedger(path: string, node: SimulatedNode, seed: number, complete: boolean): Promise<void> {
  const ledger: Ledger = { root: node.root, seed, complete, stats: node.stats(), containers: node.written() };
  const tmp = `${path}.tmp`;
  await writeFile(tmp, `${JSON.stringify(ledger)}\n`);
  await rename(tmp, path);
}
