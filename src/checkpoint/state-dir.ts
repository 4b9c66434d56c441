import { constants } from 'node:fs';
import { SleipnirError } from '../errors.js';
import { type Files, nodeFiles } from './files.js';

/**
 * Makes the state directory if it is missing, readable by its owner alone, and checks that it can be written to.
 * @throws SleipnirError `STATE_DIR_UNUSABLE`
 */
export async function makeStateDir(stateDir: string, files: Files = nodeFiles): Promise<void> {
  try {
    await files.mkdir(stateDir, { recursive: true, mode: 0o700 });
    await files.access(stateDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(stateDir, cause);
  }
}

/** The error for a state directory that cannot be used, whatever the failed call was. */
export function unusable(stateDir: string, cause: unknown): SleipnirError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SleipnirError(
    'STATE_DIR_UNUSABLE',
    `the state directory ${stateDir} cannot be used: ${reason}`,
    `Mount a folder of the node that this user may write to at ${stateDir} (a hostPath volume, so that positions outlive the pod), or name another one with SLEIPNIR_STATE_DIR.`,
    { cause },
  );
}
