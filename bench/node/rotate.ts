import { copyFileSync, createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const TMP = '.tmp';
const GZIP = '.gz';
/**
 * The kubelet compresses at gzip's default level. A reader cannot tell, but the simulator shares its cores with what
 * is measured against it.
 */
const GZIP_LEVEL = 1;
const CHUNK_BYTES = 256 * 1024;

export interface Rotation {
  /** The live log, `.../0.log`. */
  path: string;
  /** Files a container may have in all, the live one included (`containerLogMaxFiles`). */
  keepFiles: number;
  /** Seconds since the epoch, for the name. Must be greater than that of the rotation before. */
  stampSeconds: number;
  /** Asks the runtime to open a new file at `path`; until it is through, the runtime writes to the renamed one. */
  reopen: (rotated: string) => Promise<void>;
  /** Given, it empties the live log in place; then that is copied before, not renamed. */
  truncate?: ((copy: string) => void) | undefined;
  /** Called for each rotated file that was compressed or deleted. */
  onChange?: (change: 'gzipped' | 'deleted', path: string) => void;
}

/**
 * Rotates one container log in the kubelet's order of steps (kubernetes `pkg/kubelet/logs/container_log_manager.go`):
 * remove leftovers, delete the oldest, compress what is still plain, rename, reopen. The newest rotated file so stays
 * plain until the next rotation. When `reopen` fails, the rename is undone and its error thrown.
 */
export async function rotateLog(rotation: Rotation): Promise<void> {
  const rotated = await removeUnused(await rotatedFiles(rotation.path));
  const excess = rotated.splice(0, excessOf(rotated, rotation.keepFiles));
  for (const path of excess) {
    await unlink(path);
    rotation.onChange?.('deleted', path);
  }
  for (const path of rotated) {
    if (path.endsWith(GZIP)) continue;
    await compress(path);
    rotation.onChange?.('gzipped', path);
  }
  if (rotation.truncate === undefined) await renameAndReopen(rotation);
  else copyAndTruncate(rotation, rotation.truncate);
}

/** Every file of the container log at `path` but the live one, oldest first. */
async function rotatedFiles(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  const rotated = names.filter((name) => name.startsWith(prefix)).sort();
  return rotated.map((name) => join(dirname(path), name));
}

/** The suffix of a rotated file, in UTC: `20261122-113905`. */
export function rotationStamp(seconds: number): string {
  const text = new Date(seconds * 1000).toISOString();
  return text.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

/** Removes unfinished archives, and plain files whose archive is finished. */
async function removeUnused(files: string[]): Promise<string[]> {
  const all = new Set(files);
  const isUnused = (path: string) => path.endsWith(TMP) || all.has(path + GZIP);
  for (const path of files.filter(isUnused)) await unlink(path);
  return files.filter((path) => !isUnused(path));
}

/** Two more files are to come: the one that is rotated now and its successor. */
function excessOf(files: readonly string[], keepFiles: number): number {
  return Math.max(0, files.length - Math.max(0, keepFiles - 2));
}

async function compress(path: string): Promise<void> {
  const tmp = path + TMP;
  const { mode } = await stat(path);
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: CHUNK_BYTES }),
      createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES }),
      createWriteStream(tmp, { mode }),
    );
    await rename(tmp, path + GZIP);
  } catch (error) {
    await rm(tmp, { force: true });
    throw error;
  }
  await unlink(path);
}

/** In one go, so that nothing is written between the two: what that loses is lost by the writer. */
function copyAndTruncate({ path, stampSeconds }: Rotation, truncate: (copy: string) => void): void {
  const copy = `${path}.${rotationStamp(stampSeconds)}`;
  copyFileSync(path, copy);
  truncate(copy);
}

async function renameAndReopen({ path, stampSeconds, reopen }: Rotation): Promise<void> {
  const rotated = `${path}.${rotationStamp(stampSeconds)}`;
  await rename(path, rotated);
  try {
    await reopen(rotated);
  } catch (error) {
    await rename(rotated, path);
    throw error;
  }
}
