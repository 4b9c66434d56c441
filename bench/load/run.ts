import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SleipnirError } from '../../src/errors.js';
import { type Cgroup, type CgroupLimits, makeCgroup } from '../measure/cgroup.js';
import { Child } from '../measure/child.js';
import { type SharedCorpus, sharedCorpus } from '../measure/corpus.js';
import { type Floor, measureFloor } from '../measure/floor.js';
import { startRemoteNode } from '../measure/node.js';
import { Progress } from '../measure/progress.js';
import { type RemoteReceiver, startRemoteReceiver } from '../measure/receiver.js';
import { figure, mebibytes } from '../measure/table.js';
import type { Contender } from './contender.js';
import type { Place } from './place.js';
import type { LoadResult, Sample } from './result.js';
import { costOf, missingOf, summarize, surplusOf, type Written } from './summarize.js';
import { Watch } from './watch.js';
import type { Workload } from './workload.js';

/** A collector that does not say when it has started gets so long before pods begin to write. */
const START_MS = 2000;
/** How soon a new thread is limited like the others. */
const LIMIT_THREADS_MS = 10;
/** What follows the last push (positions, garbage) is over then. */
const SETTLE_MS = 3000;
/** The name of the folder of the pods that write while the collector runs: see PART_REGEX in contender.ts. */
const LIVE = 'live';

type AtEnd = (end: () => Promise<unknown>) => void;

/**
 * Runs one collector, from its start until everything that was written is stored, against a receiver of its own.
 * Ends everything it has started. Throws SleipnirError BENCH_CHILD_ENDED when the collector ends by itself, BENCH_DROPS
 * when pods write meanwhile and some of their lines are to be dropped.
 */
export async function runLoad(contender: Contender, workload: Workload): Promise<LoadResult> {
  const ends: (() => Promise<unknown>)[] = [];
  const progress = new Progress(contender.name);
  try {
    return await run(contender, workload, progress, (end) => ends.push(end));
  } finally {
    progress.end();
    for (const end of ends.reverse()) await end();
  }
}

async function run(contender: Contender, workload: Workload, progress: Progress, atEnd: AtEnd): Promise<LoadResult> {
  const { live, awaySeconds, floorRuns, drops } = workload;
  if (drops !== null && live !== null) {
    const problem = 'lines that are dropped on purpose can be counted in a corpus only';
    throw new SleipnirError('BENCH_DROPS', problem, 'Leave out --rate or --drops.');
  }
  progress.show(0, 'laying out the corpus');
  const corpus = workload.corpus === null ? null : await sharedCorpus(workload.corpus, drops);
  const floors = await measureFloors(corpus, Math.ceil(floorRuns / 2));
  const home = await mkdtemp(join(tmpdir(), 'sleipnir-load-'));
  atEnd(() => rm(home, { recursive: true, force: true }));
  const { cgroup, limitsMissing } = applyLimits(workload.limits);
  if (cgroup !== null) atEnd(() => cgroup.remove());

  const first = await startRemoteReceiver({ latency: live !== null });
  let receiver: RemoteReceiver | null = first;
  atEnd(async () => receiver?.stop());
  if (workload.delayMs > 0) await first.setFaults([{ action: 'delay', delayMs: workload.delayMs }]);
  if (awaySeconds > 0) {
    await first.stop();
    receiver = null;
  }

  const place = await placeIn(home, corpus, live !== null, first);
  const { argv, env, cwd = home, files = {} } = contender.command(place);
  for (const [path, text] of Object.entries(files)) await writeFile(path, text);
  const child = new Child(argv, { env, cgroup, cwd });
  atEnd(() => child.stop());
  if (cgroup !== null && workload.limits.threadCpus !== null) {
    const timer = setInterval(() => child.hasExited || cgroup.limitThreads(child.pid), LIMIT_THREADS_MS);
    atEnd(async () => clearInterval(timer));
  }
  const ready = readiness(contender, child);
  ready.catch(() => {});
  const written: Written = { bytes: 0, lines: 0, numbered: 0, parts: 0 };
  const add = (bytes: number, lines: number, numbered: number, dropped: number): void => {
    written.bytes += bytes;
    written.lines += lines;
    written.numbered += numbered - dropped;
    if (contender.sendsParts) written.parts += lines - numbered;
  };
  if (corpus !== null) add(corpus.bytes, corpus.lines, corpus.entries, corpus.withText);
  const selector = corpus !== null && live !== null ? `{part="${LIVE}"}` : undefined;
  const watch = new Watch({
    child,
    receiver: () => receiver,
    fresh: live === null ? null : selector,
    patienceSeconds: workload.patienceSeconds,
    looked: (sample) => progress.show(shareOf(sample, workload, written), progressText(sample)),
  });
  const elapsed = (): number => (Date.now() - child.startedMs) / 1000;

  if (awaySeconds > 0) {
    await watch.until(() => elapsed() >= awaySeconds);
    receiver = await startRemoteReceiver({ port: Number(new URL(first.url).port), latency: live !== null });
  }
  let cost: LoadResult['live'] = null;
  if (live !== null) {
    await ready;
    const node = await startRemoteNode(join(home, LIVE), live);
    atEnd(() => node.stop());
    const looks = watch.samples.length;
    const end = elapsed() + live.seconds;
    await watch.until(() => elapsed() >= end);
    cost = costOf(watch.samples.slice(looks));
    const { stats, containers } = await node.stop();
    const lines = containers.reduce((sum, container) => sum + container.physicalLines, 0);
    add(stats.fileBytes, lines, stats.lines, 0);
  }
  const stored = await watch.until(() => missingOf(watch.figures, written) === 0);
  const complete = stored && surplusOf(watch.figures, written) === 0;
  const { usage } = watch;
  const idle = workload.idleSeconds > 0 ? await lookAtIdle(child, workload.idleSeconds) : null;
  const latency = live === null || receiver === null ? null : await receiver.latency(selector);
  const readySeconds = contender.isReady === null ? null : ((await ready) - child.startedMs) / 1000;
  const limited = cgroup?.figures() ?? null;
  await child.stop();
  floors.push(...(await measureFloors(corpus, Math.floor(floorRuns / 2))));
  return {
    ...summarize({ watch, usage, written, floors, latency, startedMs: child.startedMs }),
    contender: contender.name,
    complete,
    readySeconds,
    live: cost,
    idle,
    limits: workload.limits,
    cgroup: limited,
    limitsMissing,
    endedWith: child.ending,
  };
}

async function placeIn(home: string, corpus: SharedCorpus | null, live: boolean, at: RemoteReceiver): Promise<Place> {
  const roots = [...(corpus === null ? [] : [corpus.root]), ...(live ? [join(home, LIVE)] : [])];
  if (live) await mkdir(join(home, LIVE));
  const stateDir = join(home, 'state');
  await mkdir(stateDir);
  const paths = roots.map((root) => join(root, '*/*/*.log'));
  return { paths, roots, url: at.url, pushUrl: at.pushUrl, stateDir };
}

function applyLimits(limits: CgroupLimits): { cgroup: Cgroup | null; limitsMissing: string | null } {
  if (Object.values(limits).every((limit) => limit === null)) return { cgroup: null, limitsMissing: null };
  try {
    return { cgroup: makeCgroup(limits), limitsMissing: null };
  } catch (error) {
    if (!(error instanceof SleipnirError)) throw error;
    return { cgroup: null, limitsMissing: `${error.message}. ${error.advice}` };
  }
}

/** When the collector said that it had started, by `Date.now()`. */
async function readiness({ isReady }: Contender, child: Child): Promise<number> {
  if (isReady === null) await delay(START_MS);
  else await child.firstLine((line) => (isReady(line) ? true : null));
  return Date.now();
}

async function lookAtIdle(child: Child, seconds: number): Promise<LoadResult['idle']> {
  await delay(SETTLE_MS);
  const before = child.usage();
  const startMs = performance.now();
  await delay(seconds * 1000);
  const after = child.usage();
  if (before === null || after === null) throw child.failure();
  const took = (performance.now() - startMs) / 1000;
  const cpuPercent = (100 * (after.cpuSeconds - before.cpuSeconds)) / took;
  return { seconds: took, cpuPercent, rssBytes: after.rssBytes };
}

async function measureFloors(corpus: SharedCorpus | null, runs: number): Promise<Floor[]> {
  const floors: Floor[] = [];
  if (corpus !== null) {
    for (let run = 0; run < runs; run++) floors.push(await measureFloor(corpus.files, corpus.bytes));
  }
  return floors;
}

function shareOf(sample: Sample, { live, awaySeconds }: Workload, written: Written): number {
  if (!sample.up) return sample.seconds / awaySeconds;
  if (live !== null) return Math.min(1, sample.seconds / live.seconds);
  return Math.min(1, sample.storedEntries / (written.numbered + written.parts));
}

function progressText({ seconds, storedEntries, rssBytes, cpuSeconds, latencyMs, up }: Sample): string {
  const latency = latencyMs === null ? '' : `, p99 ${figure(latencyMs)} ms`;
  const stored = up ? `${storedEntries.toLocaleString('en-US')} entries stored` : 'the receiver is away';
  return `${seconds.toFixed(1)} s, ${stored}, ${mebibytes(rssBytes)}, ${cpuSeconds.toFixed(2)} CPU s${latency}`;
}
