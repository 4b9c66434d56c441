import { mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Chains, type ChainsOptions } from '../../src/chain/chains.js';
import { type ChainSettings, ContainerLog } from '../../src/chain/container-log.js';
import { type Flight, Generation } from '../../src/chain/generation.js';
import { type FoundFile, findFiles, type ListingChange, updateListing } from '../../src/chain/listing.js';
import { createMatcher } from '../../src/discover/match.js';
import { scanFolder } from '../../src/discover/scan.js';
import type { Mark, SliceResult } from '../../src/protocol.js';

export const NOW_MS = Date.UTC(2026, 0, 1);
export const SETTINGS: ChainSettings = {
  format: 'auto',
  batchBytes: 1000,
  graceMs: 2000,
  carryFlushMs: 10_000,
  sideBySide: 3,
};
export const CARRY = Uint8Array.of(1, 2, 3);

/** A folder that is gone after the test. */
export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'chain-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Chains whose files are opened by `onAdded`; of all else nobody is told, but for what `more` says. */
export function makeChains(
  matcher: ChainsOptions['matcher'],
  onAdded: ChainsOptions['onAdded'],
  more: Partial<ChainsOptions> = {},
): Chains {
  const ignore = () => {};
  return new Chains({
    matcher,
    settings: SETTINGS,
    labelsOf: () => [],
    isStale: () => false,
    onFound: ignore,
    onForgotten: ignore,
    onAdded,
    onChanged: ignore,
    onUnidentified: ignore,
    onGone: ignore,
    onVanished: ignore,
    onHidden: ignore,
    ...more,
  });
}

export function makeLog(path = '/var/log/pods/default_web_uid/app/0.log', settings: Partial<ChainSettings> = {}) {
  return new ContainerLog(path, { ...SETTINGS, ...settings });
}

let inodes = 0;

/** A generation that has no file: its descriptor is only said to be open. */
export function addGeneration(log: ContainerLog, size: number, file: Partial<FoundFile> = {}): Generation {
  inodes += 1;
  const { path = log.path, suffix = '', gzip = false, dev = '1', ino = String(inodes) } = file;
  const generation = new Generation(log, { path, suffix, gzip, dev, ino, size }, NOW_MS);
  generation.fd = 1000 + inodes;
  generation.packed = gzip;
  if (suffix !== '') generation.endedAtMs = NOW_MS;
  log.generations.push(generation);
  return generation;
}

/** The files in the folder of a chain that bear its names, in the order of these. */
export function filesOf(log: ContainerLog): FoundFile[] {
  return findFiles(scanFolder(log.folder, createMatcher([log.path], [])).get(log.path) ?? []);
}

/** Holds a chain against the files in its folder. */
export function list(log: ContainerLog, nowMs = NOW_MS): ListingChange {
  return updateListing(log, filesOf(log), nowMs);
}

/** Opens a generation by its name, for as long as the test runs. */
export function open(generation: Generation): Generation {
  generation.fd = openSync(generation.path as string, 'r');
  generation.size = statSync(generation.path as string).size;
  return generation;
}

export function mark(hash: string, bytes = 10): Mark {
  return { bytes, hash };
}

/** What a worker says that has read [from, to) to its end. */
export function readTo(to: number, more: Partial<SliceResult> = {}): SliceResult {
  return {
    outcome: 'read',
    first: 0,
    before: null,
    next: to,
    full: false,
    lines: 1,
    entries: 1,
    heldLines: 0,
    releasedEntries: 0,
    dropped: [],
    malformedLines: 0,
    cutEntries: 0,
    cutBytes: 0,
    flushedEntries: 0,
    format: 'cri',
    head: null,
    tail: mark(`tail-${to}`),
    carry: null,
    oldestMs: NOW_MS,
    newestMs: NOW_MS,
    pathMatched: true,
    ...more,
  };
}

/** A worker has read a whole flight. */
export function answer(flight: Flight, more: Partial<SliceResult> = {}): void {
  flight.result = readTo(flight.to, { first: flight.from, ...more });
}

/** Everything in a flight is stored. */
export function read(flight: Flight, more: Partial<SliceResult> = {}): void {
  answer(flight, more);
  flight.generation.log.resolve(flight.generation, NOW_MS);
}
