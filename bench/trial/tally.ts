import type { Written } from '../node/node.js';
import { seqOf } from '../node/seq.js';
import type { ReceiverStore } from '../receiver/store.js';
import type { Fate } from './dropping.js';
import { describeGap, gapsOf, type Life, wasReadable } from './gaps.js';

/** What became of the lines that were written, exactly. */
export interface Tally {
  wrote: number;
  /** Different lines that Loki has. */
  stored: number;
  /** Entries that came again and were stored once. */
  repeated: number;
  /** Lines that Loki has not, and should have. */
  lost: number;
  /** Lines that Loki has not, because of the configuration. */
  dropped: number;
  /** Entries that are no line as it was written: in pieces, damaged, stored twice, or to be dropped. */
  wrong: number;
  /** Entries that Loki refused for good, by its own count. */
  refused: number;
  /** Those of them that were in files which a running collector could have read. */
  readable: number;
  /** The first few containers with missing lines: name, how many, the first and the last, and the first few files. */
  gaps: string[];
}

const GAPS_SHOWN = 5;
const FILES_SHOWN = 3;

/**
 * Holds what containers wrote, by their running numbers, against what a receiver has.
 *
 * @param fateOf what the configuration is to do with the line of this number
 */
export function tally(
  containers: readonly Written[],
  store: ReceiverStore,
  lives: readonly Life[] = [],
  fateOf: (number: number) => Fate = () => 'sent',
): Tally {
  const epochMs = lives[0]?.bornMs ?? 0;
  const byContainer = new Map<string, Found>();
  let wrong = 0;
  for (const stream of store.streams()) {
    const key = ['namespace', 'pod', 'container'].map((name) => stream.label(name)).join('/');
    const found = byContainer.get(key) ?? { numbers: new Set(), contentBytes: 0 };
    byContainer.set(key, found);
    for (const { line, text } of stream.kept) {
      const number = seqOf(text);
      if (number < 0 || found.numbers.has(number) || fateOf(number) === 'dropped') wrong += 1;
      found.numbers.add(number);
      found.contentBytes += line.length;
    }
  }
  const result: Tally = {
    wrote: 0,
    stored: 0,
    repeated: store.duplicates,
    lost: 0,
    dropped: 0,
    readable: 0,
    wrong,
    refused: Object.values(store.refused).reduce((sum, count) => sum + count, 0),
    gaps: [],
  };
  for (const { namespace, pod, container, lines, contentBytes, files } of containers) {
    const found = byContainer.get(`${namespace}/${pod}/${container}`) ?? NOTHING;
    const absent = missingIn(found.numbers, lines);
    const missing = absent.filter((number) => fateOf(number) === 'sent');
    result.wrote += lines;
    result.stored += lines - absent.length;
    result.lost += missing.length;
    result.dropped += absent.length - missing.length;
    if (absent.length === 0 && found.contentBytes !== contentBytes) result.wrong += 1;
    const gaps = gapsOf(missing, files, lives);
    for (const gap of gaps) if (wasReadable(gap)) result.readable += gap.lines;
    if (missing.length > 0 && result.gaps.length < GAPS_SHOWN) {
      const [first, last] = [missing[0], missing.at(-1)];
      const shown = gaps.slice(0, FILES_SHOWN).map((gap) => `\n    ${describeGap(gap, epochMs)}`);
      result.gaps.push(
        `${namespace}/${pod}/${container}: ${missing.length} of ${lines}, from ${first} to ${last}${shown.join('')}`,
      );
    }
  }
  return result;
}

interface Found {
  numbers: ReadonlySet<number> & Set<number>;
  contentBytes: number;
}

const NOTHING: Found = { numbers: new Set(), contentBytes: 0 };

function missingIn(numbers: ReadonlySet<number>, lines: number): number[] {
  const missing: number[] = [];
  for (let number = 1; number <= lines; number += 1) if (!numbers.has(number)) missing.push(number);
  return missing;
}
