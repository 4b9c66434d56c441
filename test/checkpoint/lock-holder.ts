import { lockStateDir } from '../../src/checkpoint/lock.js';

/**
 * A process of its own that wants the lock of a state directory: says `held` or the error's code and message as one
 * line of JSON, and keeps the lock until its standard input ends.
 */
const [stateDir = ''] = process.argv.slice(2);
try {
  const lock = await lockStateDir(stateDir, { onProblem: () => {} });
  console.log(JSON.stringify({ outcome: 'held' }));
  for await (const _ of process.stdin);
  await lock.release();
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  console.log(JSON.stringify({ outcome: code, message }));
}
