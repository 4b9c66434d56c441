import { median } from '../measure/median.js';
import { figure, mebibytes, table } from '../measure/table.js';
import type { Contender } from './contender.js';
import { encodedCost, type LoadResult } from './result.js';
import { runLoad } from './run.js';
import type { Workload } from './workload.js';

/** One figure of two contenders over all rounds. */
export interface Measure {
  name: string;
  unit: 'bytes' | '';
  /** In the order of the rounds. */
  first: number[];
  second: number[];
  firstMedian: number;
  secondMedian: number;
  /** The second median as a multiple of the first. */
  ratio: number;
}

export interface Duel {
  first: string;
  second: string;
  measures: Measure[];
  results: { first: LoadResult[]; second: LoadResult[] };
}

/** What is compared, if a run has it. */
const FIGURES: [name: string, unit: Measure['unit'], of: (result: LoadResult) => number | null][] = [
  ['MB/s', '', (r) => (r.latencyMs === null ? r.megabytesPerSecond : null)],
  ['CPU seconds', '', (r) => r.cpuSeconds],
  ['MB per CPU second', '', (r) => r.megabytesPerCpuSecond],
  ['CPU as a multiple of the floor', '', (r) => r.floorRatio],
  ['peak RSS', 'bytes', (r) => r.peakRssBytes],
  ['p50 from write to accepted, ms', '', (r) => r.latencyMs?.p50 ?? null],
  ['p99 from write to accepted, ms', '', (r) => r.latencyMs?.p99 ?? null],
  ['idle, % of a core', '', (r) => r.idle?.cpuPercent ?? null],
  ['idle, RSS', 'bytes', (r) => r.idle?.rssBytes ?? null],
  ['started after, s', '', (r) => r.readySeconds],
  ['pushes', '', (r) => r.pushes],
  ['on the wire', 'bytes', (r) => r.wireBytes],
  ['before compression', 'bytes', (r) => r.encodedBytes],
  ['CPU ms per MB of it', '', encodedCost],
  ['lost', '', (r) => r.lost],
  ['repeated', '', (r) => r.repeated],
];

/**
 * Runs two contenders in turn, each time in fresh processes, the order turned over in every round, so that a drift of
 * the machine hits both.
 */
export async function duel(
  first: Contender,
  second: Contender,
  workloads: { first: Workload; second: Workload },
  rounds: number,
): Promise<Duel> {
  const results: Duel['results'] = { first: [], second: [] };
  for (let round = 0; round < rounds; round++) {
    const turns = [
      async () => void results.first.push(await runLoad(first, workloads.first)),
      async () => void results.second.push(await runLoad(second, workloads.second)),
    ];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
  }
  return { first: first.name, second: second.name, measures: measuresOf(results), results };
}

/** Medians, their ratio, and all values. */
export function reportDuel({ first, second, measures, results }: Duel): string {
  const rows = measures.map((measure) => {
    const show = measure.unit === 'bytes' ? mebibytes : figure;
    const { firstMedian, secondMedian, ratio } = measure;
    const raw = `${measure.first.map(show).join(' ')} | ${measure.second.map(show).join(' ')}`;
    return [measure.name, show(firstMedian), show(secondMedian), figure(ratio), raw];
  });
  const text = table(['', first, second, `${second} / ${first}`, `all values: ${first} | ${second}`], rows);
  const failed = [...results.first, ...results.second].filter(({ complete }) => !complete);
  const notes = failed.map(({ contender }) => `${contender}: what was stored is not what was to be stored\n`);
  const missing = [...results.first, ...results.second].find(({ limitsMissing }) => limitsMissing !== null);
  if (missing !== undefined) notes.push(`without limits: ${missing.limitsMissing}\n`);
  return text + notes.join('');
}

function measuresOf({ first, second }: Duel['results']): Measure[] {
  return FIGURES.flatMap(([name, unit, of]) => {
    const values = [first, second].map((results) => results.map(of).filter((value) => value !== null));
    const [a = [], b = []] = values;
    if (a.length === 0 || b.length === 0) return [];
    const [firstMedian, secondMedian] = [median(a), median(b)];
    const ratio = secondMedian / firstMedian;
    return [{ name, unit, first: a, second: b, firstMedian, secondMedian, ratio }];
  });
}
