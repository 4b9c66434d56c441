import { spawnSync } from 'node:child_process';

/** So few that the first folders use them up; one instance is what a process needs at all. */
const MAX_INSTANCES = 1;
const MAX_WATCHES = 8;

/** Sets limits that hold in its user namespace alone, and becomes the command; see namespaces(7), /proc/sys/user. */
const SCRIPT = [
  `echo ${MAX_INSTANCES} > /proc/sys/user/max_inotify_instances`,
  `echo ${MAX_WATCHES} > /proc/sys/user/max_inotify_watches`,
  'exec "$@"',
].join(' && ');

/** What it says of the run, for a reader. */
export const FEW_WATCHES = `user.max_inotify_instances=${MAX_INSTANCES}, max_inotify_watches=${MAX_WATCHES}`;

/** The command in a user namespace with hardly any inotify watches. */
export function withFewWatches(argv: readonly string[]): string[] {
  return ['unshare', '--user', '--map-root-user', '/bin/sh', '-c', SCRIPT, 'sh', ...argv];
}

/** Why this kernel does not let us do that; null if it does. */
export function whyNoFewWatches(): string | null {
  const [file, ...args] = withFewWatches(['true']);
  const { status, stderr, error } = spawnSync(file as string, args, { encoding: 'utf8' });
  if (error !== undefined) return error.message;
  return status === 0 ? null : stderr.trim().split('\n')[0] || `unshare ended with ${status}`;
}
