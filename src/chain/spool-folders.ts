import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FILE = /^(\d+)\.spool$/;

/** The folder for the copies of a lane: each deletes its own as it goes. */
export function spoolFolderOf(root: string, lane: string): string {
  return lane === '' ? root : join(root, createHash('sha256').update(lane).digest('hex').slice(0, 16));
}

/** The path of a copy. */
export function spoolFile(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(8, '0')}.spool`);
}

/** The numbers of the copies in a folder, rising. */
export function spoolNumbers(folder: string): number[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const numbers = names.flatMap((name) => FILE.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

/** Copies of lanes that are gone fall to one that is there: one without copies, if there is one. */
export function inheritSpools(root: string, lanes: readonly string[]): void {
  if (!existsSync(root)) return;
  const folders = lanes.map((lane) => spoolFolderOf(root, lane));
  const heir = folders.find((folder) => spoolNumbers(folder).length === 0) ?? folders[0];
  if (heir === undefined) return;
  const subfolders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const folder of [root, ...subfolders.map(({ name }) => join(root, name))]) {
    if (folders.includes(folder)) continue;
    let last = spoolNumbers(heir).at(-1) ?? 0;
    const numbers = spoolNumbers(folder);
    if (numbers.length > 0) mkdirSync(heir, { recursive: true });
    for (const number of numbers) {
      last += 1;
      renameSync(spoolFile(folder, number), spoolFile(heir, last));
    }
    if (dirname(folder) === root) rmSync(folder, { recursive: true, force: true });
  }
}
