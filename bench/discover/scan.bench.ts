import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastGlob from 'fast-glob';
import { createMatcher } from '../../src/discover/match.js';
import { Scanner } from '../../src/discover/scan.js';
import type { BenchCase } from '../functions.js';

const FOLDERS = 500;
const LIBRARY_OPTIONS = { dot: true, suppressErrors: true, followSymbolicLinks: true };

/** A scan of a quiet node: nothing has changed since the one before. */
export async function cases(): Promise<BenchCase[]> {
  const root = makePods();
  const glob = `${root}/*/*/*.log`;
  const patterns = [glob, `${glob}.*`];
  const scanner = new Scanner([glob], createMatcher([glob], []));
  if ((await scanner.scan()).size !== FOLDERS) throw new Error('not every log was found');
  const measure = { unit: 'folders', count: FOLDERS };
  return [
    { name: `scan with remembered folders, ${FOLDERS} logs`, ...measure, fn: () => scanner.scan() },
    {
      name: `rival: fast-glob reads the folders, ${FOLDERS} logs`,
      ...measure,
      fn: () => fastGlob(patterns, LIBRARY_OPTIONS),
    },
    {
      name: `rival: the same on the main thread alone, ${FOLDERS} logs`,
      ...measure,
      fn: () => fastGlob.sync(patterns, LIBRARY_OPTIONS),
    },
  ];
}

/** Each pod with one container, all of them older than what a scan takes for just changed. */
function makePods(): string {
  const root = mkdtempSync(join(tmpdir(), 'scan-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  const past = Date.now() / 1000 - 60;
  for (let pod = 0; pod < FOLDERS; pod += 1) {
    const folder = join(root, `team-${pod % 12}_app-${pod}_uid`, 'app');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '0.log'), 'line\n');
    utimesSync(folder, past, past);
    utimesSync(join(folder, '..'), past, past);
  }
  utimesSync(root, past, past);
  return root;
}
