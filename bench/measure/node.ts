import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Ledger } from '../node/ledger.js';
import { Child } from './child.js';

export interface NodeShape {
  pods: number;
  /** File bytes a second over all of them. */
  rateBytes: number;
  lineBytes: number;
  /** All pods write the same. */
  even: boolean;
  rotateBytes: number;
  /** Containers that restart in a second, over all pods. */
  restartsPerSecond: number;
  seed: number;
}

/** The node simulator in a process of its own. */
export interface RemoteNode {
  /** Ends the writers; resolves with what they have written. */
  stop(): Promise<Ledger>;
}

const MAIN = fileURLToPath(new URL('../node/main.js', import.meta.url));

/** Starts pods that write below `root`. The ledger goes to the file `<root>.ledger.json`. */
export async function startRemoteNode(root: string, shape: NodeShape): Promise<RemoteNode> {
  const ledger = `${root}.ledger.json`;
  const flags = {
    root,
    pods: shape.pods,
    rate: `${shape.rateBytes}B`,
    'line-bytes': `${shape.lineBytes}B`,
    rotate: `${shape.rotateBytes}B`,
    restarts: shape.restartsPerSecond,
    seed: shape.seed,
    ledger,
  };
  const argv = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = new Child([process.execPath, MAIN, ...argv, ...(shape.even ? ['--even'] : [])]);
  await child.firstLine((line) => (line.startsWith('pods folder') ? true : null));
  return {
    stop: async () => {
      await child.stop();
      return JSON.parse(await readFile(ledger, 'utf8')) as Ledger;
    },
  };
}
