import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, SleipnirError } from '../src/errors.js';
import { PodClock } from './node/clock.js';
import { type Cursor, LinePool } from './node/lines.js';
import { namePods, podFolder } from './node/names.js';
import { Random } from './node/random.js';
import type { Style } from './node/shapes.js';

export interface CorpusOptions {
  /** The pods folder; nothing but the corpus may be in it. Its manifest is the file `<root>.json`. */
  root: string;
  /** One container log each, all about the same size. */
  pods: number;
  /** In all; the corpus stays a little below, because it ends with full lines. */
  bytes: number;
  seed: number;
  /** Bytes of content of every line, without its CRI head; 0 or left out: natural lengths, about 190 bytes a CRI line. */
  lineBytes?: number;
  /** What all of the pods write, where lengths are natural. Default `mixed`. */
  style?: Style;
  /** One line in so many is split into P parts; 0: none. Default 5000. */
  longLineEvery?: number;
  /** Timestamp before the first line, milliseconds since the epoch. Default 2026-01-01, so that the bytes are always the same. */
  startMs?: number;
}

export interface Corpus {
  /** Absolute or relative as `root` is. */
  files: string[];
  bytes: number;
  /** CRI lines. */
  lines: number;
}

type Settings = Required<CorpusOptions>;

/** What is known of a corpus on disk. `sample` is a hash of generated lines: it changes when the generator does. */
interface Manifest {
  settings: Settings;
  sample: string;
  sizes: number[];
  corpus: Corpus;
}

const START_MS = Date.UTC(2026, 0, 1);
const LONG_LINE_EVERY = 5000;
/** Lines are up to about a millisecond apart: a file spans minutes, so no line is too far behind its stream. */
const STEP_MASK = 2 ** 20 - 1;
const SAMPLE_BYTES = 256 * 1024;

/**
 * Lays out a seeded corpus of CRI logs, `<namespace>_<pod>_<uid>/<container>/0.log`, or keeps the one that is there
 * when its manifest says that it is the same. Throws SleipnirError BENCH_CORPUS_ROOT when `root` holds something else.
 */
export async function layCorpus(options: CorpusOptions): Promise<Corpus> {
  const settings: Settings = {
    lineBytes: 0,
    style: 'mixed',
    longLineEvery: LONG_LINE_EVERY,
    startMs: START_MS,
    ...options,
  };
  const sample = sampleOf(settings);
  const manifestPath = `${settings.root}.json`;
  const found = await readManifest(manifestPath);
  if (found !== null && (await isSame(found, settings, sample))) return found.corpus;
  if (found === null) await refuseForeign(settings.root);

  // Without a manifest a corpus that is broken off halfway would look like something else than a corpus.
  mkdirSync(dirname(settings.root), { recursive: true });
  await writeFile(
    manifestPath,
    JSON.stringify({ settings, sample, sizes: [], corpus: { files: [], bytes: 0, lines: 0 } }),
  );
  await rm(settings.root, { recursive: true, force: true });
  const manifest = write(settings, sample);
  await writeFile(manifestPath, `${JSON.stringify(manifest)}\n`);
  return manifest.corpus;
}

/**
 * One pod's log in memory: at most `bytes` bytes of full CRI lines. `lineBytes` and `style` as in CorpusOptions.
 */
export function corpusBytes(bytes: number, seed: number, lineBytes = 0, style: Style = 'mixed'): Buffer {
  const pool = new LinePool({ seed, lineBytes, longLineEvery: LONG_LINE_EVERY });
  const blocks: Buffer[] = [];
  const cursor = pool.cursor('default/log-generator/log-generator', style);
  generate(pool, cursor, START_MS, bytes, (block) => blocks.push(Buffer.from(block)));
  return Buffer.concat(blocks);
}

function write(settings: Settings, sample: string): Manifest {
  const { root, pods, bytes, seed, style, startMs } = settings;
  const pool = new LinePool(settings);
  const corpus: Corpus = { files: [], bytes: 0, lines: 0 };
  const sizes: number[] = [];
  for (const pod of namePods(pods, new Random(`${seed}/node`))) {
    const { container } = pod.containers[0]!;
    const folder = join(root, podFolder(pod), container);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, '0.log');
    const fd = openSync(path, 'wx', 0o640);
    let size = 0;
    try {
      const cursor = pool.cursor(`${pod.namespace}/${pod.pod}/${container}`, style);
      corpus.lines += generate(pool, cursor, startMs, bytes / pods, (block) => {
        for (let at = 0; at < block.length; ) at += writeSync(fd, block, at);
        size += block.length;
      });
    } finally {
      closeSync(fd);
    }
    corpus.files.push(path);
    corpus.bytes += size;
    sizes.push(size);
  }
  return { settings, sample, sizes, corpus };
}

/** Hands out blocks of at most `bytes` bytes in all, the last one ended with a full line; returns their CRI lines. */
function generate(
  pool: LinePool,
  cursor: Cursor,
  startMs: number,
  bytes: number,
  take: (block: Buffer) => void,
): number {
  const clock = new PodClock();
  clock.advanceTo(startMs);
  for (let rest = bytes; ; ) {
    const end = pool.render(cursor, clock, Infinity, rest, STEP_MASK);
    if (end === pool.blockStart) return cursor.physicalLines;
    take(pool.buffer.subarray(pool.blockStart, end));
    rest -= end - pool.blockStart;
  }
}

function sampleOf({ seed, lineBytes, style }: Settings): string {
  return createHash('sha256')
    .update(corpusBytes(SAMPLE_BYTES, seed, lineBytes, style))
    .digest('hex');
}

async function readManifest(path: string): Promise<Manifest | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Manifest;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function isSame(found: Manifest, settings: Settings, sample: string): Promise<boolean> {
  const names = Object.keys(settings) as (keyof Settings)[];
  if (found.sample !== sample || names.some((name) => found.settings[name] !== settings[name])) return false;
  if (found.corpus.files.length !== settings.pods) return false;
  const sizes = found.corpus.files.map((path) =>
    stat(path).then(
      ({ size }) => size,
      () => -1,
    ),
  );
  return (await Promise.all(sizes)).every((size, index) => size === found.sizes[index]);
}

/** A folder that is not empty and has no manifest is not ours to delete. */
async function refuseForeign(root: string): Promise<void> {
  const names = await readdir(root).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return;
  throw new SleipnirError('BENCH_CORPUS_ROOT', `${root} holds something that is not a corpus`, 'Name an empty folder.');
}
