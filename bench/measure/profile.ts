import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** The part of a V8 CPU profile that is read here: https://chromedevtools.github.io/devtools-protocol/v8/Profiler/ */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  /** Microseconds since the sample before. */
  timeDeltas: number[];
}

export interface SelfTime {
  name: string;
  /** File and line; empty for what is not JavaScript. */
  place: string;
  ms: number;
}

const SHOWN = 20;
/** V8 samples a thread that waits, too; the second is where piscina's workers wait for their next task. */
const WAITING = ['(idle)', 'atomicsWaitLoop'];

/**
 * Runs `load` with the flags that make Node write CPU profiles, and writes a summary of them to `file` as Markdown,
 * below what `about` says of the result.
 */
export async function profiled<T>(
  file: string,
  about: (result: T) => string,
  load: (flags: string[]) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sleipnir-profile-'));
  try {
    const result = await load(['--cpu-prof', `--cpu-prof-dir=${folder}`]);
    const parts = [`# CPU profile\n\n${about(result)}`];
    for (const name of (await readdir(folder)).sort(byThread)) {
      const profile = JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile;
      parts.push(describe(threadOf(name) === 0 ? 'Main thread' : `Worker ${threadOf(name)}`, selfTimes(profile)));
    }
    await writeFile(file, parts.join('\n'));
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The time of each function by itself, without what it calls; the longest first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const nodeOf = new Map(nodes.map((node) => [node.id, node]));
  const times = new Map<string, SelfTime>();
  samples.forEach((id, i) => {
    const frame = nodeOf.get(id)?.callFrame;
    if (frame === undefined) return;
    const place = frame.url === '' ? '' : `${basename(frame.url)}:${frame.lineNumber + 1}`;
    const name = frame.functionName || '(anonymous)';
    const time = times.get(`${name} ${place}`) ?? { name, place, ms: 0 };
    time.ms += (timeDeltas[i] ?? 0) / 1000;
    times.set(`${name} ${place}`, time);
  });
  return [...times.values()].sort((a, b) => b.ms - a.ms);
}

function describe(title: string, times: readonly SelfTime[]): string {
  const busy = times.filter(({ name }) => !WAITING.includes(name));
  const total = busy.reduce((sum, { ms }) => sum + ms, 0);
  const rows = busy
    .slice(0, SHOWN)
    .map(
      ({ name, place, ms }) => `| ${((100 * ms) / total).toFixed(1)} % | ${ms.toFixed(0)} | \`${name}\` | ${place} |\n`,
    );
  return `## ${title}: ${total.toFixed(0)} ms busy\n\n| self | ms | function | where |\n|---:|---:|---|---|\n${rows.join('')}`;
}

/** Profiles are named `CPU.<date>.<time>.<process>.<thread>.<number>.cpuprofile`. */
function threadOf(name: string): number {
  return Number(name.split('.').at(-3) ?? 0);
}

function byThread(a: string, b: string): number {
  return threadOf(a) - threadOf(b);
}
