import { figure, mebibytes, pairs, table } from '../measure/table.js';
import { encodedCost, type LoadResult } from './result.js';
import type { Verdict } from './scenarios.js';

/** The results of some runs side by side, for people. */
export function reportLoad(runs: readonly { label: string; result: LoadResult }[]): string {
  const rows = ROWS.map(([name, show]) => [name, ...runs.map(({ result }) => show(result))]);
  const told = rows.filter(([, ...cells]) => cells.some((cell) => cell !== ''));
  const notes = runs.flatMap(({ label, result }) => notesOn(result).map((note) => `${label}: ${note}\n`));
  return table(['', ...runs.map(({ label }) => label)], told) + notes.join('');
}

export function reportVerdicts(verdicts: readonly Verdict[]): string {
  return pairs(verdicts.map(({ goal, measured, met }) => [goal, `${measured}  ${met ? 'met' : 'missed'}`]));
}

/** An empty cell where a run has no such figure. */
const ROWS: [name: string, show: (result: LoadResult) => string][] = [
  ['raw log', (r) => mebibytes(r.bytes)],
  ['lines', (r) => r.lines.toLocaleString('en-US')],
  ['seconds', (r) => figure(r.seconds)],
  ['MB/s', (r) => figure(r.megabytesPerSecond)],
  ['lines/s', (r) => figure(r.linesPerSecond)],
  ['CPU seconds', (r) => figure(r.cpuSeconds)],
  ['  main thread', (r) => figure(r.threadSeconds[0] ?? 0)],
  ['  busiest others', (r) => r.threadSeconds.slice(1, 4).map(figure).join(' ')],
  ['CPU seconds per GiB', (r) => figure(r.cpuSecondsPerGiB)],
  ['MB per CPU second', (r) => figure(r.megabytesPerCpuSecond)],
  ['floor, CPU seconds', (r) => r.floors.map(({ cpuSeconds }) => figure(cpuSeconds)).join(' ')],
  ['CPU as a multiple of the floor', (r) => (r.floorRatio === null ? '' : figure(r.floorRatio))],
  ['peak RSS', (r) => mebibytes(r.peakRssBytes)],
  [
    'latency p50 / p99 / max, ms',
    ({ latencyMs: l }) => (l === null ? '' : [l.p50, l.p99, l.max].map(figure).join(' / ')),
  ],
  ['started after, s', (r) => (r.readySeconds === null ? '' : figure(r.readySeconds))],
  ['while pods write, % of a core', (r) => (r.live === null ? '' : figure(r.live.cpuPercent))],
  ['idle, % of a core', (r) => (r.idle === null ? '' : figure(r.idle.cpuPercent))],
  ['idle, RSS', (r) => (r.idle === null ? '' : mebibytes(r.idle.rssBytes))],
  ['Loki away, s', (r) => (r.away === null ? '' : figure(r.away.seconds))],
  [
    'RSS while away / risen',
    ({ away: a }) => (a === null ? '' : `${mebibytes(a.rssBytes)} / ${mebibytes(a.risenBytes)}`),
  ],
  ['MB/s once it was back', (r) => (r.away === null ? '' : figure(r.away.drainMegabytesPerSecond))],
  ['throttled periods', ({ cgroup: c }) => (c === null ? '' : `${c.throttledPeriods} of ${c.periods}`)],
  ['throttled, s', (r) => (r.cgroup === null ? '' : figure(r.cgroup.throttledSeconds))],
  ['pushes', (r) => r.pushes.toLocaleString('en-US')],
  ['on the wire', (r) => mebibytes(r.wireBytes)],
  ['the same before compression', (r) => mebibytes(r.encodedBytes)],
  ['  CPU milliseconds per MB of it', (r) => figure(encodedCost(r))],
  ['lost', (r) => r.lost.toLocaleString('en-US')],
  ['repeated', (r) => r.repeated.toLocaleString('en-US')],
  ['receiver, CPU seconds', (r) => figure(r.receiverCpuSeconds)],
];

function notesOn(result: LoadResult): string[] {
  const notes: string[] = [];
  if (result.limitsMissing !== null) notes.push(`without limits: ${result.limitsMissing}`);
  if ((result.cgroup?.oomKills ?? 0) > 0) notes.push('the kernel killed it for memory');
  if (!result.complete) notes.push(`what was stored is not what was to be stored; it ended with ${result.endedWith}`);
  const refused = Object.entries(result.answers).filter(([status]) => status !== '204');
  if (refused.length > 0) notes.push(`answers: ${refused.map(([status, count]) => `${count} x ${status}`).join(', ')}`);
  return notes;
}
