import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What reading and compressing alone take, in a process of its own; its start-up is not counted. */
export interface Floor {
  bytes: number;
  compressedBytes: number;
  cpuSeconds: number;
  seconds: number;
}

const FLOOR = fileURLToPath(new URL('../floor.js', import.meta.url));
/** More than this tells nothing more. */
const ENOUGH_BYTES = 2 ** 30;

/** Measures the floor once, over as many of the files as make up a gibibyte. `bytes` is what they hold together. */
export async function measureFloor(files: readonly string[], bytes: number): Promise<Floor> {
  const count = Math.max(1, Math.min(files.length, Math.ceil((files.length * ENOUGH_BYTES) / Math.max(1, bytes))));
  const { stdout } = await promisify(execFile)(process.execPath, [FLOOR, ...files.slice(0, count)]);
  return JSON.parse(stdout) as Floor;
}

/** CPU seconds that the floor takes for a gibibyte. */
export function floorPerGiB(floor: Floor): number {
  return (floor.cpuSeconds / floor.bytes) * 2 ** 30;
}
