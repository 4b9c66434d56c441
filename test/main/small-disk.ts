import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { errnoOf } from '../../src/errors.js';
import type { CollectorProcess } from './kit.js';

/** A state directory whose disk takes nothing more when it is told to, and then again. */
export interface SmallDisk {
  stateDir: string;
  fill(collector: CollectorProcess): void;
  free(collector: CollectorProcess): void;
}

/** A way to have one; the reason where this kernel does not allow it. */
export type MakeDisk = (t: TestContext, root: string) => Promise<SmallDisk | string>;

const DISK_BYTES = 4 * 1024 * 1024;
/** Mounts a file system of its own, and keeps it until its input ends. */
const SCRIPT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo mounted && exec cat';

/** A tmpfs in a mount namespace, which is reached through the process that holds it: ENOSPC. */
export const tmpfs: MakeDisk = async (t, root) => {
  const folder = join(root, 'disk');
  mkdirSync(folder);
  const argv = ['--user', '--map-root-user', '--mount', 'sh', '-c', SCRIPT, 'sh', String(DISK_BYTES), folder];
  const holder = spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => holder.kill());
  const why = await whyNotMounted(holder);
  if (why !== null) return why;
  const disk = join('/proc', String(holder.pid), 'root', folder);
  const filler = join(disk, 'filler');
  return {
    stateDir: join(disk, 'state'),
    fill: () => writeUntilFull(filler),
    free: () => rmSync(filler),
  };
};

async function whyNotMounted(holder: ChildProcess): Promise<string | null> {
  let said = '';
  holder.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(holder, 'close').then(
    () => said || 'unshare has ended',
    (error: Error) => error.message,
  );
  return Promise.race([once(holder.stdout as NodeJS.ReadableStream, 'data').then(() => null), ended]);
}

function writeUntilFull(path: string): void {
  const fd = openSync(path, 'a');
  try {
    for (let block = Buffer.alloc(65_536); ; ) {
      if (writeSync(fd, block) < block.length) block = block.subarray(0, 1);
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC') throw error;
  } finally {
    closeSync(fd);
  }
}

/** A limit for the size of the files that the process writes: EFBIG, wherever that process writes to. */
export const fileSizeLimit: MakeDisk = async (_t, root) => {
  const limit = ({ pid }: CollectorProcess, bytes: string) => {
    // It goes with the process.
    if (!existsSync(`/proc/${pid}`)) return;
    const { status, stderr, error } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
    if (status !== 0) throw error ?? new Error(String(stderr));
  };
  return {
    stateDir: join(root, 'state'),
    fill: (collector) => limit(collector, '0'),
    free: (collector) => limit(collector, 'unlimited'),
  };
};
