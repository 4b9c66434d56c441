import { figure } from '../measure/table.js';
import type { LoadResult, Sample } from './result.js';

interface Point {
  x: number;
  y: number;
}

interface Panel {
  title: string;
  lines: Point[][];
}

const WIDTH = 860;
const PANEL_HEIGHT = 170;
const LEFT = 64;
const RIGHT = 28;
const TOP = 34;
const BOTTOM = 28;
const TICKS = 4;
/** Told apart with any kind of colour vision (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

/** Draws throughput, memory and lag over time, all runs in one picture. Returns an SVG document. */
export function plot(runs: readonly { label: string; result: LoadResult }[]): string {
  const panels: Panel[] = [
    { title: 'stored, MB of lines a second', lines: runs.map(({ result }) => throughput(result.samples)) },
    {
      title: 'RSS, MiB',
      lines: runs.map(({ result }) => result.samples.map((s) => ({ x: s.seconds, y: s.rssBytes / 2 ** 20 }))),
    },
    lagPanel(runs.map(({ result }) => result)),
  ];
  const height = panels.length * PANEL_HEIGHT + TOP;
  const seconds = Math.max(1, ...panels.flatMap(({ lines }) => lines.flat().map(({ x }) => x)));
  const legend = runs.map(({ label }, i) =>
    text(LEFT + i * 160, 16, `<tspan fill="${colour(i)}">━</tspan> ${escaped(label)}`),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="#333">
<rect width="100%" height="100%" fill="#fff"/>
${legend.join('\n')}
${panels.map((panel, i) => drawPanel(panel, TOP + i * PANEL_HEIGHT, seconds)).join('\n')}
</svg>
`;
}

/** Over half a second each: pushes come in bursts. */
function throughput(samples: readonly Sample[]): Point[] {
  const points: Point[] = [];
  let before = samples[0];
  for (const sample of samples) {
    if (before === undefined || sample.seconds - before.seconds < 0.5) continue;
    const bytes = sample.storedBytes - before.storedBytes;
    points.push({ x: sample.seconds, y: bytes / 1e6 / (sample.seconds - before.seconds) });
    before = sample;
  }
  return points;
}

/** How old entries were where pods wrote meanwhile, else how many were still to come. */
function lagPanel(results: readonly LoadResult[]): Panel {
  if (results.some(({ latencyMs }) => latencyMs !== null)) {
    const ages = (samples: readonly Sample[]) =>
      samples.flatMap(({ seconds, latencyMs }) => (latencyMs === null ? [] : [{ x: seconds, y: latencyMs }]));
    return { title: 'lag: p99 from write to accepted, ms', lines: results.map(({ samples }) => ages(samples)) };
  }
  const left = ({ entries, samples }: LoadResult) =>
    samples.map(({ seconds, storedEntries }) => ({ x: seconds, y: Math.max(0, entries - storedEntries) / 1000 }));
  return { title: 'lag: thousand entries not stored yet', lines: results.map(left) };
}

function drawPanel({ title, lines }: Panel, top: number, seconds: number): string {
  const highest = niceAbove(Math.max(1e-9, ...lines.flat().map(({ y }) => y)));
  const bottom = top + PANEL_HEIGHT - BOTTOM;
  const toX = (x: number): number => LEFT + (x / seconds) * (WIDTH - LEFT - RIGHT);
  const toY = (y: number): number => bottom - (y / highest) * (bottom - top - 22);
  const grid = Array.from({ length: TICKS + 1 }, (_, i) => {
    const value = (highest * i) / TICKS;
    const y = toY(value).toFixed(1);
    return `<path d="M${LEFT} ${y}H${WIDTH - RIGHT}" stroke="#ddd"/>${text(LEFT - 6, Number(y) + 4, figure(value), 'end')}`;
  });
  const times = Array.from({ length: TICKS + 1 }, (_, i) => {
    const x = (seconds * i) / TICKS;
    return text(toX(x), bottom + 16, `${figure(x)} s`, 'middle');
  });
  const curves = lines.map((line, i) => {
    const points = line.map(({ x, y }) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${colour(i)}" stroke-width="1.5"/>`;
  });
  return [
    text(LEFT, top + 10, `<tspan font-weight="bold">${escaped(title)}</tspan>`),
    ...grid,
    ...times,
    ...curves,
  ].join('\n');
}

function text(x: number, y: number, content: string, anchor = 'start'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;
}

/** The smallest of 1, 2, 4, 5, 8 or 10 times a power of ten that is not below `value`. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 5, 8].find((factor) => factor * power >= value) ?? 10);
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
