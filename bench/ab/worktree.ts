import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SleipnirError } from '../../src/errors.js';

/** A revision, checked out and built away from the work tree. */
export interface BuiltTree {
  folder: string;
  /** Abbreviated commit. */
  commit: string;
  remove(): Promise<void>;
}

const execute = promisify(execFile);

/**
 * Checks a revision out into the system's temporary folder, installs its dependencies and builds it there.
 * Rejects with SleipnirError BENCH_REVISION when there is none of this name or it does not build.
 */
export async function buildRevision(revision: string): Promise<BuiltTree> {
  const { stdout } = await attempt(`${revision} is no revision here`, 'git', [
    'rev-parse',
    '--short=12',
    '--verify',
    '--end-of-options',
    `${revision}^{commit}`,
  ]);
  const commit = stdout.trim();
  const home = await mkdtemp(join(tmpdir(), 'sleipnir-ab-'));
  const folder = join(home, commit);
  const remove = async (): Promise<void> => {
    await execute('git', ['worktree', 'remove', '--force', folder]).catch(() => {});
    await rm(home, { recursive: true, force: true });
  };
  try {
    await attempt('git makes no work tree', 'git', ['worktree', 'add', '--detach', folder, commit]);
    await attempt(`${revision} cannot be installed`, 'npm', ['ci', '--no-audit', '--no-fund'], folder);
    await attempt(`${revision} does not build`, 'npm', ['run', 'build'], folder);
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, commit, remove };
}

async function attempt(trouble: string, file: string, args: string[], cwd?: string): Promise<{ stdout: string }> {
  try {
    return await execute(file, args, { encoding: 'utf8', ...(cwd !== undefined && { cwd }) });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new SleipnirError('BENCH_REVISION', `${trouble}: ${output.trim()}`, 'Name a commit that builds.');
  }
}
