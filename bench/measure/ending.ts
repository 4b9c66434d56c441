import { SleipnirError } from '../../src/errors.js';
import { endChildren } from './child.js';

/** What a shell says of a process that SIGINT has ended. */
const INTERRUPTED = 130;

/**
 * Runs a command of the benches: what it resolves with is the exit code, an error is told and makes it 1. SIGINT and
 * SIGTERM end the children, so that the command fails and clears up; a second one ends it at once.
 */
export async function endWith(command: () => Promise<number>): Promise<void> {
  let interrupted = false;
  const interrupt = (): void => {
    if (interrupted || !endChildren()) process.exit(INTERRUPTED);
    interrupted = true;
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    process.exitCode = await command();
  } catch (error) {
    process.exitCode = interrupted ? INTERRUPTED : 1;
    if (interrupted) return;
    if (!(error instanceof SleipnirError)) throw error;
    process.stderr.write(`${error.message}\n${error.advice}\n`);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
