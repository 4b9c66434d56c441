import { statSync } from 'node:fs';

const LOOK_MS = 1_000;

/**
 * Calls `onChange` once files or folders have changed and then stood still for a look: replaced, rewritten, or reached
 * through a symbolic link that points elsewhere now, which is how a mounted ConfigMap changes. They are looked at once a
 * second, which works on every file system and needs no watch.
 *
 * @returns the means to look at other files, and to end
 */
export function watchFiles(onChange: () => void): { files(paths: readonly string[]): void; stop(): void } {
  let paths: readonly string[] = [];
  let known = '';
  let changed = false;
  let before = '';
  const timer = setInterval(() => {
    const now = signature(paths);
    if (now !== before) changed = now !== known;
    else if (changed) {
      changed = false;
      known = now;
      onChange();
    }
    before = now;
  }, LOOK_MS);
  timer.unref();
  return {
    files(next) {
      paths = next;
      known = signature(next);
      before = known;
      changed = false;
    },
    stop: () => clearInterval(timer),
  };
}

function signature(paths: readonly string[]): string {
  return paths.map(signatureOf).join('\n');
}

function signatureOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
}
