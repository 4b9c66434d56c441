import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Books } from '../../src/telemetry/books.js';
import { placed } from '../load/alloy-config.js';
import { Child } from '../measure/child.js';
import type { Ledger } from '../node/ledger.js';
import { Random } from '../node/random.js';
import { type Receiver, startReceiver } from '../receiver/server.js';
import { addBooks, imbalanceOf, sum } from './books.js';
import { readConfig } from './dropping.js';
import type { Life } from './gaps.js';
import { Lives } from './lives.js';
import type { Scenario } from './scenarios.js';
import { type Tally, tally } from './tally.js';

const NODE = fileURLToPath(new URL('../node/main.js', import.meta.url));
/** When so long nothing new has come, nothing will; longer than the longest pause between two tries. */
const QUIET_MS = 35_000;
const LOOK_MS = 100;
/** A start with many unread files takes about a second, and two ends lie between half and the whole of this apart. */
const SHORT_LIFE_S = 3;

export interface TrialOptions {
  seconds: number;
  kills: number;
  seed: number;
  pods: number;
  rateBytes: number;
  /** So much of a core the collector gets at most; left out: all there is. */
  cpus?: number;
}

export interface TrialResult extends Tally {
  /** Lines the collector has reported as lost. */
  countedLost: number;
  countedLostBytes: number;
  /** What they have reported as lost, in words. */
  losses: readonly string[];
  /** Of all lives together. */
  books: Books;
  /** When collectors ran. */
  lives: readonly Life[];
  /** Problems the collector spoke of, by code, with how often. */
  said: Record<string, number>;
  /** How it was run, where that depends on the machine. */
  note: string | null;
  /** What does not hold, in words. */
  wrongs: string[];
}

/** Runs one scenario with real processes: a node, a collector, and a receiver in this process. */
export async function runTrial(scenario: Scenario, options: TrialOptions): Promise<TrialResult> {
  const home = mkdtempSync(join(tmpdir(), `sleipnir-trial-${scenario.name}-`));
  const loki = await startReceiver({ store: { mode: 'keep', records: false } });
  const stateDir = join(home, 'state');
  const pods = join(home, 'pods');
  mkdirSync(pods);
  const { cpus } = options;
  const launch = { ...scenario.launch, ...(cpus !== undefined && { cpus }) };
  const lives = new Lives(environment(scenario, home, loki), launch);
  try {
    lives.start();
    loki.faults.set(scenario.faults ?? []);
    const ledgerFile = join(home, 'ledger.json');
    const node = startWriters(scenario, options, pods, ledgerFile);
    const random = new Random(`${options.seed}/${scenario.name}`);
    const writingMs = options.seconds * 1000;
    const stage = { lives, loki, stateDir, random, writingMs, written: node.exited, kills: options.kills };
    await Promise.all([scenario.act?.(stage), node.exited]);
    const ledger = JSON.parse(readFileSync(ledgerFile, 'utf8')) as Ledger;
    if (!ledger.complete) throw node.failure();
    loki.faults.clear();
    await caughtUp(lives, loki, ledger);
    await lives.end();
    const result = tally(ledger.containers, loki.store, lives.spans, scenario.config?.fateOf);
    const { countedLost, countedLostBytes } = lives;
    const said = Object.fromEntries(lives.said);
    return {
      ...result,
      countedLost,
      countedLostBytes,
      losses: lives.losses,
      books: addBooks(lives.books),
      lives: lives.spans,
      note: lives.note,
      said,
      wrongs: [...wrongsIn(scenario, result, lives), ...wrongBooks(lives, result, ledger)],
    };
  } finally {
    await lives.close();
    await loki.close();
    rmSync(home, { recursive: true, force: true });
  }
}

function environment({ settings = {}, config }: Scenario, home: string, loki: Receiver): Record<string, string> {
  const { pushUrl } = loki;
  const pods = join(home, 'pods');
  const paths = join(pods, '*/*/*.log');
  const stateDir = join(home, 'state');
  let source: Record<string, string> = { PATHS: paths, LOKI_URL: pushUrl };
  if (config !== undefined) {
    source = { CONFIG: join(home, 'config.alloy') };
    const place = { paths: [paths], roots: [pods], url: pushUrl, pushUrl, stateDir };
    writeFileSync(join(home, 'config.alloy'), placed(readConfig(config.name), place));
  }
  const all: Record<string, string> = {
    ...source,
    STATE_DIR: stateDir,
    HTTP_ADDR: '127.0.0.1:0',
    LOG_FORMAT: 'json',
    WORKERS: '1',
    BATCH_WAIT: '200ms',
    ...settings,
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`SLEIPNIR_${name}`, value]));
}

function startWriters(scenario: Scenario, options: TrialOptions, root: string, ledger: string): Child {
  const { node, rotation } = scenario;
  const flags = { root, ledger, pods: options.pods, rate: `${options.rateBytes}B`, seed: options.seed };
  const argv = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  if (rotation !== undefined)
    argv.push('--rotate-every', `${rotation.everyMs}ms`, '--keep', keptFiles(rotation, options));
  return new Child([process.execPath, NODE, ...argv, '--seconds', String(options.seconds), ...node]);
}

function keptFiles({ everyMs, keep }: NonNullable<Scenario['rotation']>, { seconds, kills }: TrialOptions): string {
  const all = Math.ceil((seconds * 1000) / everyMs) + 2;
  return String(seconds / (kills + 1) < SHORT_LIFE_S ? Math.max(all, keep) : keep);
}

/** Waits until everything is stored, or nothing more comes. */
async function caughtUp(lives: Lives, loki: Receiver, ledger: Ledger): Promise<void> {
  const lines = ledger.containers.reduce((sum, container) => sum + container.lines, 0);
  const { store } = loki;
  let before = -1;
  for (let quietMs = 0; quietMs < QUIET_MS && store.entries < lines; quietMs += LOOK_MS) {
    if (!lives.running) return;
    if (store.entries !== before) quietMs = 0;
    before = store.entries;
    await sleep(LOOK_MS);
    if (quietMs > 3_000 && (await lives.unreadBytes()) === 0) return;
  }
}

/**
 * What does not balance: in each life by itself; and where nothing was read twice, in all of them against what was
 * written.
 */
function wrongBooks({ books, killed }: Lives, { dropped, repeated, lost }: Tally, { containers }: Ledger): string[] {
  const wrongs = books.flatMap((each, index) => {
    const imbalance = imbalanceOf(each);
    return imbalance === null ? [] : [`books ${index + 1} of ${books.length}: ${imbalance}`];
  });
  const last = books.at(-1);
  if (last === undefined) return ['no books were told'];
  if (last.entriesRecalled > 0) wrongs.push(`${last.entriesRecalled} entries were open at the end`);
  const total = addBooks(books);
  if (killed > 0 || repeated > 0 || total.entriesRecalled > 0 || lost > 0) return wrongs;
  const lines = containers.reduce((sum, { physicalLines }) => sum + physicalLines, 0);
  if (total.linesRead !== lines) wrongs.push(`${lines} lines were written, ${total.linesRead} read`);
  if (sum(total.entriesDropped) !== dropped)
    wrongs.push(`${dropped} lines are missing by configuration, ${sum(total.entriesDropped)} counted`);
  return wrongs;
}

function wrongsIn(scenario: Scenario, result: Tally, lives: Lives): string[] {
  const wrongs = lives.failures.map((ending) => `the collector ended with ${ending}`);
  const { lost, readable, wrong, repeated, refused } = result;
  if (scenario.lossy && lost !== lives.countedLost) wrongs.push(`${lost} lines lost, ${lives.countedLost} counted`);
  if (!scenario.lossy && lost > 0) wrongs.push(`${lost} lines lost, ${readable} of them from files that could be read`);
  if (!scenario.lossy && lives.countedLostBytes > 0) wrongs.push(`${lives.countedLostBytes} bytes counted as lost`);
  if (wrong > 0) wrongs.push(`${wrong} entries are not as they were written`);
  const { says } = scenario;
  const said = says === undefined ? 0 : (lives.said.get(says) ?? 0);
  if (says !== undefined && said !== lives.spans.length) wrongs.push(`${says} was said ${said} times`);
  if (scenario.exact && repeated > 0) wrongs.push(`${repeated} lines repeated`);
  if (refused > 0 && scenario.faults === undefined) wrongs.push(`${refused} entries refused`);
  return wrongs;
}
