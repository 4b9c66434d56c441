import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { program } from 'commander';
import { formatBytes, parseBytes } from '../src/config/units.js';
import { type SimulatedNode, startNode } from './node/node.js';
import { type Receiver, startReceiver } from './receiver/server.js';

interface Options {
  loki?: string;
  pods: string;
  rate: string;
  rotate: string;
  seconds?: string;
}

const options = program
  .name('npm run demo --')
  .description('The whole job on one machine: a simulated node, the collector, and a Loki-compatible receiver.')
  .option('--loki <url>', 'push to this Loki instead of the embedded receiver, e.g. http://localhost:3100')
  .option('--pods <count>', 'pods of the simulated node', '20')
  .option('--rate <size>', 'bytes the pods write in a second', '512KiB')
  .option('--rotate <size>', 'rotate each log at this size', '1MiB')
  .option('--seconds <count>', 'end after so many seconds (default: at Ctrl-C)')
  .parse()
  .opts<Options>();

/** Figures of the running collector, from its own metrics. */
interface CollectorFigures {
  entriesStored: number;
  pushBytes: number;
  cpuSeconds: number;
  rssBytes: number;
}

async function main(): Promise<void> {
  const ended = endOfDemo();
  const home = await mkdtemp(join(tmpdir(), 'sleipnir-demo-'));
  let node: SimulatedNode | null = null;
  let receiver: Receiver | null = null;
  let collector: ChildProcess | null = null;
  try {
    node = await startNode({
      root: join(home, 'pods'),
      pods: Number(options.pods),
      rateBytes: parseBytes(options.rate),
      rotateBytes: parseBytes(options.rotate),
      restartsPerSecond: 0.05,
      churnPerSecond: 0.5,
    });
    receiver = options.loki === undefined ? await startReceiver() : null;
    const loki = (receiver?.url ?? options.loki ?? '').replace(/\/+$/, '');
    collector = spawn(process.execPath, ['dist/cli.js', 'run'], {
      // Ctrl-C on a terminal is for us alone: it is ended when the pods have stopped to write.
      detached: true,
      env: {
        ...process.env,
        SLEIPNIR_PATHS: join(node.root, '*/*/*.log'),
        SLEIPNIR_LOKI_URL: `${loki}/loki/api/v1/push`,
        SLEIPNIR_STATE_DIR: join(home, 'state'),
        SLEIPNIR_HTTP_ADDR: '127.0.0.1:0',
        SLEIPNIR_LOG_FORMAT: 'json',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const http = await addressOf(collector);
    process.stdout.write(introduction(node, loki, http));
    const exited = once(collector, 'exit').then(() => 'collector ended');
    await showFigures(node, receiver, http, Promise.race([ended, exited]));
    await node.stop();
    await caughtUp(node, receiver, exited);
    collector.kill('SIGTERM');
    await exited;
    summary(node, receiver);
  } finally {
    if (collector !== null && collector.exitCode === null) collector.kill('SIGKILL');
    await node?.stop().catch(() => {});
    await receiver?.close();
    await rm(home, { recursive: true, force: true });
  }
}

/** Resolves at Ctrl-C, SIGTERM, or when the time is over. */
function endOfDemo(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve('interrupted'));
    process.once('SIGTERM', () => resolve('terminated'));
    if (options.seconds !== undefined)
      setTimeout(() => resolve('time is over'), Number(options.seconds) * 1000).unref();
  });
}

/** The address of the collector's own endpoints, from its log, of which only warnings are shown. */
async function addressOf(collector: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (collector.stdout === null) throw new Error('the collector has no output');
    collector.once('exit', (code) => reject(new Error(`the collector ended with exit code ${code}`)));
    createInterface(collector.stdout).on('line', (line) => {
      const record: { msg?: string; http?: string; level?: string } = JSON.parse(line);
      if (record.msg === 'started' && record.http !== undefined) resolve(record.http);
      if (record.level === 'warn' || record.level === 'error') process.stderr.write(`${line}\n`);
    });
  });
}

function introduction(node: SimulatedNode, loki: string, http: string): string {
  const query = `curl -sG '${loki}/loki/api/v1/query_range' --data-urlencode`;
  return `
Simulated node  ${node.root}
Loki            ${loki}${options.loki === undefined ? '  (embedded receiver)' : ''}
Collector       ${http}/metrics

Paste into another terminal:
  ${query} 'query={pod="log-generator"}' --data-urlencode limit=5
  ${query} 'query={namespace="monitoring"}' --data-urlencode limit=5
  ${query} 'query={container="loki"}' --data-urlencode limit=5
  ${query} 'query={namespace="default", pod="log-generator"} |= "error"' --data-urlencode limit=5
  curl -s '${loki}/loki/api/v1/label/pod/values'

Ctrl-C ends everything.

`;
}

async function showFigures(
  node: SimulatedNode,
  receiver: Receiver | null,
  http: string,
  ended: Promise<string>,
): Promise<void> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  let before = await readFigures(http);
  let beforeMs = performance.now();
  while (!over) {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1000))]);
    if (over) break;
    const now = await readFigures(http);
    const nowMs = performance.now();
    const cpuPercent = (100_000 * (now.cpuSeconds - before.cpuSeconds)) / (nowMs - beforeMs);
    const { lines, rotations, pods } = node.stats();
    const stored = receiver?.store.counts.entries ?? now.entriesStored;
    show(
      `${pods} pods, ${lines} lines written, ${rotations} rotations | ${stored} entries in Loki, ` +
        `${receiver?.store.counts.streams ?? '?'} streams | collector ${cpuPercent.toFixed(1)} % of a core, ` +
        `${formatMiB(now.rssBytes)} MiB, ${formatMiB(now.pushBytes)} MiB pushed`,
    );
    before = now;
    beforeMs = nowMs;
  }
  process.stdout.write('\n');
}

function show(line: string): void {
  process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
}

function formatMiB(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

async function readFigures(http: string): Promise<CollectorFigures> {
  const text = await (await fetch(`${http}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^${name}(?:{.*})? (\\S+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    entriesStored: value('sleipnir_entries_stored_total'),
    pushBytes: value('sleipnir_push_bytes_total'),
    cpuSeconds: value('process_cpu_seconds_total'),
    rssBytes: value('process_resident_memory_bytes'),
  };
}

/** Gives the collector a few seconds to ship what was written last. */
async function caughtUp(node: SimulatedNode, receiver: Receiver | null, exited: Promise<unknown>): Promise<void> {
  if (receiver === null) return;
  const { lines } = node.stats();
  const all = receiver.store.until((store) => store.counts.entries >= lines, { timeoutMs: 10_000 });
  await Promise.race([all.catch(() => {}), exited]);
}

function summary(node: SimulatedNode, receiver: Receiver | null): void {
  const { lines, fileBytes, rotations } = node.stats();
  const wrote = `${lines} lines (${formatBytes(fileBytes)}) written, ${rotations} rotations`;
  if (receiver === null) {
    process.stdout.write(`${wrote}\n`);
    return;
  }
  const { entries, duplicates, pushes } = receiver.store.counts;
  process.stdout.write(
    `${wrote}; ${entries} entries stored in ${pushes} pushes, ${lines - entries} missing, ${duplicates} repeated\n`,
  );
}

await main();
