import { join } from 'node:path';
import { errnoOf, SleipnirError } from '../errors.js';
import type { Files } from './files.js';
import { decodeEntries, type Entry, JOURNAL_VERSION } from './line.js';
import type { PositionRecord } from './record.js';

/** What the journal files of a state directory say, taken together. Nothing is changed by asking. */
export interface Recovered {
  records: Map<string, PositionRecord>;
  damagedLines: number;
  /** The newest file could not be read, or had no whole snapshot, so an older one was read. */
  usedPrevious: boolean;
  /** No entry at all was found. */
  startedEmpty: boolean;
  /** There has never been a journal here: the very first start. */
  firstStart: boolean;
  /** Files that could not be read, by name, and why. */
  unreadable: { name: string; cause: unknown }[];
  /** The newest file with a whole snapshot, else the newest that can be read, else 0: what is older is of no use. */
  fallback: number;
  /** The highest number any file bears, in use or set aside. */
  lastNumber: number;
}

interface Generation {
  number: number;
  entries: Entry[];
  damagedLines: number;
  /** Its snapshot is whole, so nothing older counts. */
  complete: boolean;
}

/** Failures that say nothing about the file that was being read. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

const GENERATION = /^journal\.([1-9]\d{0,14})$/;
const ANY_GENERATION = /^journal\.([1-9]\d{0,14})(?:\.unreadable)?$/;

export function generationName(number: number): string {
  return `journal.${number}`;
}

/** Numbers of the journal files among `names`, oldest first. */
export function generationNumbers(names: string[]): number[] {
  return numbersIn(names, GENERATION);
}

/**
 * Reads journal files from the newest back to the first whose snapshot is whole. Later lines win over earlier ones and
 * newer files over older ones: a file begins with everything the one before it said, and only one is written at a time.
 * @throws what `readdir` throws, and what `readFile` throws when the process is short of something: the file is as it was
 */
export async function recover(files: Files, stateDir: string): Promise<Recovered> {
  const names = await files.readdir(stateDir);
  const all = numbersIn(names, ANY_GENERATION);
  const recovered: Recovered = {
    records: new Map(),
    damagedLines: 0,
    usedPrevious: false,
    startedEmpty: true,
    firstStart: all.length === 0,
    unreadable: [],
    fallback: 0,
    lastNumber: all.at(-1) ?? 0,
  };
  const newestFirst = generationNumbers(names).reverse();
  const read: Generation[] = [];
  for (const number of newestFirst) {
    try {
      const generation = await readGeneration(files, stateDir, number);
      read.push(generation);
      if (generation.complete) break;
    } catch (cause) {
      if (SHORTAGES.has(errnoOf(cause) ?? '')) throw cause;
      recovered.unreadable.push({ name: generationName(number), cause });
    }
  }
  recovered.usedPrevious = read.length > 0 && read.at(-1)?.number !== newestFirst[0];
  recovered.fallback = read.find((generation) => generation.complete)?.number ?? read[0]?.number ?? 0;
  for (const generation of read.reverse()) {
    recovered.damagedLines += generation.damagedLines;
    for (const entry of generation.entries) {
      recovered.startedEmpty = false;
      if (entry.kind === 'put') recovered.records.set(entry.record.log, entry.record);
      else if (entry.kind === 'forget') recovered.records.delete(entry.log);
    }
  }
  return recovered;
}

async function readGeneration(files: Files, stateDir: string, number: number): Promise<Generation> {
  const { entries, damagedLines } = decodeEntries(await files.readFile(join(stateDir, generationName(number))));
  const end = entries.findIndex((entry) => entry.kind === 'end');
  let records = 0;
  for (const [index, entry] of entries.entries()) {
    if (entry.kind === 'version' && entry.version !== JOURNAL_VERSION) throw newerVersion(number, entry.version);
    if (index < end && entry.kind === 'put') records++;
  }
  const last = entries[end];
  return { number, entries, damagedLines, complete: last?.kind === 'end' && last.records === records };
}

function newerVersion(number: number, version: number): SleipnirError {
  return new SleipnirError(
    'JOURNAL_VERSION',
    `${generationName(number)} is written in version ${version} of the format, version ${JOURNAL_VERSION} is known`,
    'Run the version of Sleipnir that wrote it, or a newer one.',
  );
}

function numbersIn(names: string[], pattern: RegExp): number[] {
  const numbers = names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}
