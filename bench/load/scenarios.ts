import { UNLIMITED } from '../measure/cgroup.js';
import { median } from '../measure/median.js';
import { figure, mebibytes } from '../measure/table.js';
import type { Style } from '../node/shapes.js';
import { type AlloyConfig, ownConfig } from './alloy-config.js';
import { encodedCost, type LoadResult } from './result.js';
import { NOTHING, type Workload } from './workload.js';

/** One run of a scenario. */
export interface Run {
  /** Distinguishes it from the other runs of the scenario. */
  label: string;
  workers: number | null;
  /** Null: the built-in pipeline. */
  config: AlloyConfig | null;
  /** Further settings of the collector, by variable. */
  env: Record<string, string>;
  workload: Workload;
}

/** What a scenario is to show, and whether it did. */
export interface Verdict {
  goal: string;
  measured: string;
  met: boolean;
}

/** A named measurement: one row of the table of goals. */
export interface Scenario {
  about: string;
  runs: Run[];
  /** Takes the results of the runs, in their order. */
  judge(results: LoadResult[]): Verdict[];
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const FLOOR_RUNS = 3;
const CRI_HEAD_BYTES = '2026-01-01T00:00:00.000000000Z stdout F \n'.length;
/** Where files are so small that a line of natural length might not fit, or where lines are counted by the second. */
const LINE_BYTES = 200;

/** The verdicts on the results of a scenario's runs. No goal is met where something was not stored. */
export function judge(scenario: Scenario, results: LoadResult[]): Verdict[] {
  const whole = results.every(({ complete, lost }) => complete && lost === 0);
  return scenario.judge(results).map((verdict) => ({ ...verdict, met: verdict.met && whole }));
}

function run(label: string, workload: Partial<Workload>, workers: number | null = null): Run {
  return { label, workers, config: null, env: {}, workload: { ...NOTHING, ...workload } };
}

function files(pods: number, bytes: number, lineBytes = 0, style: Style = 'mixed'): Workload['corpus'] {
  return { pods, bytes, lineBytes, style, seed: 1 };
}

function pods(count: number, rateBytes: number, seconds: number, lineBytes = 0): NonNullable<Workload['live']> {
  return {
    pods: count,
    rateBytes,
    lineBytes,
    seconds,
    even: true,
    rotateBytes: 10 * MIB,
    restartsPerSecond: 0,
    seed: 2,
  };
}

function atMost(what: string, limit: number, value: number | null, show = figure): Verdict {
  const met = value !== null && value <= limit;
  return { goal: `${what}: at most ${show(limit)}`, measured: value === null ? 'not measured' : show(value), met };
}

function atLeast(what: string, limit: number, value: number): Verdict {
  return { goal: `${what}: at least ${figure(limit)}`, measured: figure(value), met: value >= limit };
}

function overCorpus(bytes: number, ratio: number): Scenario {
  const workload = { corpus: files(20, bytes), floorRuns: FLOOR_RUNS };
  const most = [
    { name: '1 worker', rssMiB: 100 },
    { name: '2 workers', rssMiB: 115 },
  ];
  return {
    about: `${mebibytes(bytes)} in 20 pods, read as fast as it goes, with one worker and with two, in turn`,
    runs: inTurn(run('1 worker', workload, 1), run('2 workers', workload, 2)),
    judge: (results) =>
      most.flatMap(({ name, rssMiB }, turn) => {
        const ratios = inRounds(results, turn, ({ floorRatio }) => floorRatio ?? Number.NaN);
        const cpu = atMost(`median CPU as a multiple of the floor, ${name}`, ratio, median(ratios));
        const rss = Math.max(...inRounds(results, turn, ({ peakRssBytes }) => peakRssBytes));
        return [
          { ...cpu, measured: `${cpu.measured} (${ratios.map(figure).join(' ')})` },
          atMost(`peak RSS, ${name}`, rssMiB * MIB, rss, mebibytes),
        ];
      }),
  };
}

const HOT_FILE = { corpus: files(1, 2 * GIB), limits: { ...UNLIMITED, threadCpus: 0.2 } };

const CRASH_LOOP = { ...pods(1, 10 * (LINE_BYTES + CRI_HEAD_BYTES), 30, LINE_BYTES), restartsPerSecond: 1 };

/** Whose turn it is, the order turned over in every round, so that a drift of the machine hits both. */
const TURNS = [0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1];

function inTurn(first: Run, second: Run): Run[] {
  return TURNS.map((turn, i) => {
    const run = turn === 0 ? first : second;
    return { ...run, label: `${run.label} ${Math.floor(i / 2) + 1}` };
  });
}

function inRounds(results: LoadResult[], turn: number, of: (result: LoadResult) => number): number[] {
  return results.filter((_, i) => TURNS[i] === turn).map(of);
}

/** The second median as a multiple of the first. */
function ratioInTurn(results: LoadResult[], of: (result: LoadResult) => number): number {
  return median(inRounds(results, 1, of)) / median(inRounds(results, 0, of));
}

const CORPUS_256 = { corpus: files(20, 256 * MIB) };

export const scenarios: Record<string, Scenario> = {
  'corpus-256': overCorpus(256 * MIB, 2.2),
  'corpus-1g': overCorpus(GIB, 1.9),
  'half-core': {
    about: '1 GiB in 20 pods with half a core and 512 MiB',
    runs: [run('half a core', { corpus: files(20, GIB), limits: { ...UNLIMITED, cpus: 0.5, memoryBytes: 512 * MIB } })],
    judge: ([result]) => [
      atLeast('MB/s of raw log', 90, result!.megabytesPerSecond),
      atMost('processes killed for memory', 0, result!.cgroup?.oomKills ?? null),
    ],
  },
  'hot-file': {
    about: 'one file of 2 GiB, two workers against one; each thread on a fifth of a core, or the receiver is the limit',
    runs: [run('1 worker', HOT_FILE, 1), run('2 workers', HOT_FILE, 2)],
    judge: ([one, two]) => [
      atLeast('MB/s of two workers as a multiple of one', 1.7, two!.megabytesPerSecond / one!.megabytesPerSecond),
    ],
  },
  'short-lines': {
    about: '256 MiB of 40-byte lines against 200-byte lines',
    runs: [40, 200].map((lineBytes) => run(`${lineBytes} bytes`, { corpus: files(20, 256 * MIB, lineBytes) }, 1)),
    judge: ([short, long]) => [
      atMost('MB/s of 200-byte lines as a multiple', 2.5, long!.megabytesPerSecond / short!.megabytesPerSecond),
      atMost('the same, MB per CPU second', 2.5, long!.megabytesPerCpuSecond / short!.megabytesPerCpuSecond),
    ],
  },
  'idle-500': {
    about: '500 files to which nobody writes',
    runs: [run('500 idle files', { corpus: files(500, 500 * 4096, LINE_BYTES), idleSeconds: 30 })],
    judge: ([result]) => [
      atMost('% of a core', 0.3, result!.idle?.cpuPercent ?? null),
      atMost('RSS', 85 * MIB, result!.idle?.rssBytes ?? null, mebibytes),
    ],
  },
  'crash-loop': {
    about: 'one pod that writes 10 lines a second, and whose container restarts each second',
    runs: [run('crash loop', { live: CRASH_LOOP })],
    judge: ([result]) => [atMost('% of a core', 2, result!.live?.cpuPercent ?? null)],
  },
  'start-5000': {
    about: '5,000 files of 1 KiB, from start to the last line stored',
    runs: [run('5,000 files', { corpus: files(5000, 5000 * 1024, LINE_BYTES) })],
    judge: ([result]) => [
      atMost('seconds until all are known and tailed', 2, result!.seconds),
      atMost('CPU milliseconds for each file, start-up included', 0.5, (result!.cpuSeconds * 1000) / 5000),
    ],
  },
  latency: {
    about: '2,000 lines a second in 20 pods, SLEIPNIR_BATCH_WAIT=100ms',
    runs: [
      {
        ...run('2,000 lines/s', { live: pods(20, 2000 * (LINE_BYTES + CRI_HEAD_BYTES), 20, LINE_BYTES) }),
        env: { SLEIPNIR_BATCH_WAIT: '100ms' },
      },
    ],
    judge: ([result]) => [atMost('p99 from write to accepted, ms', 300, result!.latencyMs?.p99 ?? null)],
  },
  'noisy-neighbour': {
    about: 'one pod with 2 GiB to read beside 200 that write 1 KiB/s each',
    runs: [run('200 quiet pods', { corpus: files(1, 2 * GIB), live: pods(200, 200 * 1024, 15, LINE_BYTES) })],
    judge: ([result]) => [atMost('p99 of the quiet pods (batch wait 1 s), ms', 2000, result!.latencyMs?.p99 ?? null)],
  },
  backlog: {
    about: '10 GiB in 20 pods, Loki away for 10 minutes, then back',
    runs: [run('all', { corpus: files(20, 10 * GIB), awaySeconds: 600 })],
    judge: ([result]) => [
      atMost('RSS risen while Loki was away', 10 * MIB, result!.away?.risenBytes ?? null, mebibytes),
    ],
  },
  'alloy-file': {
    about: 'corpus-256 with the Alloy file of most users (pod-logs.alloy) beside the built-in pipeline, in turn',
    runs: inTurn(run('built-in', CORPUS_256, 1), {
      ...run('file', CORPUS_256, 1),
      config: ownConfig('pod-logs.alloy', true),
    }),
    judge: (results) => {
      const cpuOf = ({ cpuSeconds }: LoadResult): number => cpuSeconds;
      const goal = 'median CPU of the file as a multiple of the built-in pipeline';
      const cpu = atMost(goal, 1.05, ratioInTurn(results, cpuOf));
      const builtIn = inRounds(results, 0, cpuOf);
      const rounds = inRounds(results, 1, cpuOf).map((seconds, round) => figure(seconds / builtIn[round]!));
      // The file ships whole CRI lines, so its pushes are larger.
      const encoded = figure(ratioInTurn(results, ({ encodedBytes }) => encodedBytes));
      const cost = figure(ratioInTurn(results, encodedCost));
      const measured = `${cpu.measured} (by rounds ${rounds.join(' ')}; pushes before compression ${encoded}, CPU per MB of them ${cost})`;
      return [{ ...cpu, measured }];
    },
  },
  'alloy-json': {
    about: '256 MiB of JSON lines through stage.cri, json, labels, timestamp and drop (json.alloy)',
    runs: [
      {
        ...run(
          'json',
          { corpus: files(20, 256 * MIB, 0, 'json'), drops: '"component":"cache"', floorRuns: FLOOR_RUNS },
          1,
        ),
        config: ownConfig('json.alloy', false),
      },
    ],
    judge: ([result]) => [atMost('CPU as a multiple of the floor', 8, result!.floorRatio)],
  },
};
