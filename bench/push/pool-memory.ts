// What pushing costs the process that pushes, with undici's HTTP parser compiled as Node does it by itself, and by V8's
// baseline compiler alone (src/push/light-wasm.ts). After `npm run build`: `node build/bench/push/pool-memory.js`.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import Pool from 'undici/lib/dispatcher/pool.js';
import { exchange } from '../../src/push/exchange.js';
import { keepWasmLight } from '../../src/push/light-wasm.js';
import { median } from '../measure/median.js';
import { figure, mebibytes, table } from '../measure/table.js';

const PUSHES = 400;
const PUSH_BYTES = 380_000;
const SIDE_BY_SIDE = 4;
const RUNS = 3;

type Mode = 'none' | 'optimised' | 'baseline';

interface Cost {
  rssBytes: number;
  peakRssBytes: number;
  cpuSeconds: number;
}

const MODES: [mode: Mode, name: string][] = [
  ['none', 'undici loaded, nothing pushed'],
  ['optimised', 'as Node compiles it'],
  ['baseline', 'baseline compiler'],
];

/** In a process of its own: pushes, and tells what that took. */
async function push(mode: Mode, url: string): Promise<Cost> {
  if (mode === 'baseline') keepWasmLight();
  const pool = new Pool(url, { connections: SIDE_BY_SIDE });
  const body = randomBytes(PUSH_BYTES);
  let left = mode === 'none' ? 0 : PUSHES;
  const pushAll = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await exchange(pool, { url: new URL(url), headers: {}, body, timeoutMs: 30_000 });
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, pushAll));
  await pool.close();
  const { user, system } = process.cpuUsage();
  return { rssBytes: process.memoryUsage.rss(), peakRssBytes: peakRss(), cpuSeconds: (user + system) / 1e6 };
}

function peakRss(): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

async function measure(mode: Mode, url: string): Promise<Cost> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), mode, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const said = await text(child.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`${mode}: exit code ${code}`);
  return JSON.parse(said) as Cost;
}

async function main(): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rows: string[][] = [];
  for (const [mode, name] of MODES) {
    const costs: Cost[] = [];
    for (let run = 0; run < RUNS; run += 1) costs.push(await measure(mode, url));
    const middle = (of: (cost: Cost) => number) => median(costs.map(of));
    rows.push([
      name,
      mebibytes(middle(({ rssBytes }) => rssBytes)),
      mebibytes(middle(({ peakRssBytes }) => peakRssBytes)),
      figure(middle(({ cpuSeconds }) => cpuSeconds)),
    ]);
  }
  server.close();
  const heading = [`${PUSHES} pushes of ${PUSH_BYTES / 1000} kB`, 'RSS', 'peak RSS', 'CPU seconds'];
  process.stdout.write(table(heading, rows));
}

const [mode, url] = process.argv.slice(2);
if (url === undefined) await main();
else process.stdout.write(JSON.stringify(await push(mode as Mode, url)));
