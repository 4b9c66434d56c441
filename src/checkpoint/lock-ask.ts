import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import * as v from 'valibot';
import { errnoOf } from '../errors.js';

/** What a collector says about itself on its lock socket, as one line of JSON. */
const claim = v.object({
  /** It has the lock; if not, it is still looking at the others. */
  held: v.boolean(),
  pid: v.number(),
  host: v.string(),
  /** ISO 8601. */
  startedAt: v.string(),
});
export type Claim = v.InferOutput<typeof claim>;

/** How long a collector may take to answer. One that is stopped or very busy still owns its directory. */
const ANSWER_TIMEOUT_MS = 5000;

/** How often one is asked that hangs up without a word: it may be dying, or be out of descriptors. */
const ATTEMPTS = 3;
const ATTEMPT_PAUSE_MS = 100;

/**
 * Asks a lock socket for its owner. `dead`: nobody listens on it, or its owner gave way. `silent`: somebody listens
 * and says nothing. With `wait`, an owner that is still looking is heard until it holds the lock or has given way.
 */
export async function ask(address: string, wait: boolean): Promise<Claim | 'dead' | 'silent'> {
  for (let attempt = 1; ; attempt++) {
    const answer = await askOnce(address, wait);
    if (answer !== 'hung up') return answer;
    if (attempt === ATTEMPTS) return 'silent';
    await setTimeout(ATTEMPT_PAUSE_MS);
  }
}

function askOnce(address: string, wait: boolean): Promise<Claim | 'dead' | 'silent' | 'hung up'> {
  return new Promise((resolve) => {
    let ending: 'dead' | 'hung up' = 'hung up';
    const socket = connect({ path: address });
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => settle('silent'));
    socket.on('error', (error) => {
      if (['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '')) ending = 'dead';
    });
    socket.on('close', () => resolve(ending));
    const lines = createInterface({ input: socket });
    lines.on('error', () => {});
    lines.on('line', (line) => {
      const said = parse(line);
      if (said === null || said.held || !wait) settle(said ?? 'silent');
      // One that was looking and then ends without holding the lock has given way.
      ending = 'dead';
    });
    function settle(answer: Claim | 'silent'): void {
      resolve(answer);
      socket.destroy();
    }
  });
}

function parse(line: string): Claim | null {
  try {
    return v.parse(claim, JSON.parse(line));
  } catch {
    return null;
  }
}
