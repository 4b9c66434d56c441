import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../node/random.js';
import type { Fault } from '../receiver/faults.js';
import type { Receiver } from '../receiver/server.js';
import { dropping, type Fate } from './dropping.js';
import type { Launch, Lives } from './lives.js';

/** What a scenario can do while the pods write. */
export interface Stage {
  lives: Lives;
  loki: Receiver;
  stateDir: string;
  random: Random;
  /** How long the pods write. */
  writingMs: number;
  /** They have written everything. */
  written: Promise<void>;
  kills: number;
}

export interface Scenario {
  name: string;
  /** What goes wrong, for a table. */
  fault: string;
  /** Flags of the node simulator, besides those for pods, rate, seed and time. */
  node: readonly string[];
  /**
   * Logs are rotated this often, and so many files of each are kept; all of them where the collector is ended so often
   * that a life may be too short for any progress, or bytes would really vanish.
   */
  rotation?: { everyMs: number; keep: number };
  /** An Alloy file of this folder, and what it is to do with the line of a running number. */
  config?: { name: string; fateOf: (number: number) => Fate };
  /** Of the collector, without prefix. */
  settings?: Record<string, string>;
  launch?: Launch;
  faults?: Fault[];
  /** Runs beside the writers; what it has done to Loki is undone after it. */
  act?: (stage: Stage) => Promise<void>;
  /** Bytes really vanish: each line that is missing has to be counted as lost. */
  lossy?: boolean;
  /** The code of a problem that each collector has to speak of, once. */
  says?: string;
  /** Every position moves before the end: nothing may come twice. */
  exact?: boolean;
}

const SHORT_LIVED = ['--churn', '20', '--life', '300ms', '--linger', '1s'];

/** One for each kind of trouble. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'kills',
    fault: 'SIGKILL, rotation and gzip while down',
    node: [],
    rotation: { everyMs: 700, keep: 10 },
    act: (stage) => restarts(stage, () => stage.lives.kill()),
  },
  {
    name: 'terms',
    fault: 'SIGTERM and restart, rotation and gzip while down',
    node: [],
    rotation: { everyMs: 700, keep: 10 },
    act: (stage) => restarts(stage, () => stage.lives.end()),
    exact: true,
  },
  {
    name: 'outage',
    fault: 'Loki down, rotation each second deletes unread files',
    node: ['--rotate-every', '1s', '--keep', '3'],
    act: outage,
  },
  {
    name: 'short-lived',
    fault: 'pods live 300 ms and are deleted a second later',
    node: SHORT_LIVED,
    exact: true,
  },
  {
    name: 'deleted-in-outage',
    fault: 'Loki down, pods deleted unread, then SIGTERM and SIGKILL',
    node: SHORT_LIVED,
    settings: { SHUTDOWN_TIMEOUT: '500ms' },
    act: deletedInOutage,
  },
  {
    name: 'refused',
    fault: 'a third of the pushes refused (429, 500, 503)',
    node: ['--rotate-every', '1s'],
    faults: [429, 500, 503].map((status) => ({ action: 'refuse', status, share: 0.12, seed: status })),
    exact: true,
  },
  {
    name: 'unanswered',
    fault: 'a quarter of the pushes stored, but never answered',
    node: ['--rotate-every', '1s'],
    faults: [{ action: 'drop', store: true, share: 0.25 }],
  },
  {
    name: 'fast-rotation',
    fault: 'rotation every 50 ms, some renames undone',
    // As many files as exist between two looks: what comes and goes unseen is nobody's.
    node: ['--pods', '4', '--rotate-every', '50ms', '--keep', '60', '--undo', '0.1'],
    exact: true,
  },
  {
    name: 'copytruncate',
    fault: 'Loki down, logs copied and truncated in place',
    node: ['--rotate-every', '400ms', '--keep', '20', '--copytruncate'],
    act: outage,
  },
  {
    name: 'no-inotify',
    fault: 'no inotify watches left',
    node: ['--rotate-every', '500ms', '--churn', '5', '--life', '1500ms', '--linger', '1500ms'],
    launch: { fewWatches: true },
    says: 'WATCH_FAILED',
    exact: true,
  },
  {
    name: 'descriptors',
    fault: 'ulimit -n 256 with 2,000 pods, pushes refused or too large',
    node: ['--pods', '2000', '--even', '--long-line-every', '0'],
    // What is too large is read again in halves, so repeated reads are in want of descriptors as well. No single line is.
    faults: [
      { action: 'refuse', status: 503, share: 0.25 },
      { action: 'refuse', status: 413, overDecodedBytes: 16 * 1024 },
    ],
    launch: { maxOpenFiles: 256 },
    says: 'DESCRIPTORS_SHORT',
    exact: true,
  },
  {
    name: 'damaged-state',
    fault: 'SIGKILL, journal cut, zeroed or bytes flipped while down',
    node: ['--rotate-every', '5s'],
    act: (stage) =>
      restarts(stage, async () => {
        await stage.lives.kill();
        damage(stage);
      }),
  },
  {
    name: 'spool-full',
    fault: 'Loki down, pods deleted unread, spool limited to 1 MiB, SIGTERM',
    node: [...SHORT_LIVED, '--job-lines', '100', '--line-bytes', '8KiB', '--rate', '64KiB'],
    settings: { SPOOL_BYTES: '1MiB', MEMORY_LIMIT: '160MiB', SHUTDOWN_TIMEOUT: '500ms' },
    act: endedInOutage,
    lossy: true,
  },
  {
    name: 'dropping',
    fault: 'SIGKILL and rotation, an Alloy file drops, samples and limits',
    node: [],
    rotation: { everyMs: 700, keep: 10 },
    config: { name: 'dropping.alloy', fateOf: dropping },
    act: (stage) => restarts(stage, () => stage.lives.kill()),
  },
  {
    name: 'everything',
    fault: 'SIGKILL, rotation every 300 ms, pushes refused and unanswered',
    node: ['--undo', '0.05'],
    rotation: { everyMs: 300, keep: 40 },
    faults: [
      { action: 'refuse', status: 503, share: 0.15 },
      { action: 'drop', store: true, share: 0.1, seed: 2 },
    ],
    act: (stage) => restarts(stage, () => stage.lives.kill()),
  },
];

/** Ends the collector again and again and starts it a little later, the last time well before the end. */
async function restarts(stage: Stage, end: () => Promise<void>): Promise<void> {
  const { lives, random, writingMs, kills } = stage;
  for (let life = 0; life < kills; life += 1) {
    await sleep((writingMs * 0.9) / (kills + 1) / 2 + (random.fraction() * writingMs * 0.9) / (kills + 1) / 2);
    await end();
    await sleep(200 + random.below(400));
    lives.start();
  }
}

/** Loki is gone for the middle half of the time. */
async function outage({ loki, writingMs }: Stage): Promise<void> {
  await sleep(writingMs / 4);
  await loki.down();
  await sleep(writingMs / 2);
  await loki.up();
}

/** The collector is told to end before Loki is back; what is deleted while it is down could be counted in bytes only. */
async function endedInOutage({ lives, loki, writingMs, written }: Stage): Promise<void> {
  await sleep((writingMs * 3) / 4);
  await loki.down();
  await written;
  await lives.end();
  lives.start();
  await loki.up();
}

/** Pods come and go unread; then the collector is told to end, and killed, before Loki is back. */
async function deletedInOutage({ lives, loki, writingMs, written }: Stage): Promise<void> {
  await sleep(writingMs / 4);
  await loki.down();
  await written;
  for (const end of [() => lives.end(), () => lives.kill()]) {
    await sleep(3_000);
    await end();
    lives.start();
  }
  await loki.up();
}

/** Spoils the files of the journal, each in a way of its own. */
function damage({ stateDir, random }: Stage): void {
  const names = readdirSync(stateDir).filter((name) => /^journal\.\d+$/.test(name));
  for (const name of names) {
    const path = join(stateDir, name);
    const bytes = readFileSync(path);
    const at = random.below(Math.max(1, bytes.length));
    const way = random.below(4);
    if (way === 0) writeFileSync(path, bytes.subarray(0, at));
    else if (way === 1) writeFileSync(path, bytes.fill(0, at, Math.min(bytes.length, at + 4096)));
    else if (way === 2) writeFileSync(path, bytes.fill((bytes[at] ?? 0) ^ 0x20, at, at + 1));
  }
}
