import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Journal, openJournal } from '../../src/checkpoint/journal.js';
import type { PositionRecord } from '../../src/checkpoint/record.js';

/** One case: `fn` does `count` operations. */
export interface BenchCase {
  name: string;
  unit: 'ops';
  count: number;
  fn: () => void | Promise<void>;
}

/** Stores the positions of all container logs of a node, fsync and rewrites included, on the disk of the temporary folder. */
export function cases(): BenchCase[] {
  return [10, 1000, 10_000].map((logs) => {
    let journal: Promise<Journal> | undefined;
    let round = 0;
    return {
      name: `journal: put and sync ${logs} logs`,
      unit: 'ops',
      count: logs,
      async fn() {
        journal ??= openTemporary();
        const opened = await journal;
        round++;
        for (let log = 0; log < logs; log++) opened.put(position(log, round));
        await opened.sync();
      },
    };
  });
}

/** Held to the end: there is no moment to close them. */
const journals: Journal[] = [];

async function openTemporary(): Promise<Journal> {
  const stateDir = await mkdtemp(join(tmpdir(), 'sleipnir-bench-journal-'));
  process.once('exit', () => rmSync(stateDir, { recursive: true, force: true }));
  const journal = await openJournal(stateDir, {
    onProblem: ({ message }) => {
      throw new Error(message);
    },
  });
  journals.push(journal);
  return journal;
}

function position(log: number, round: number): PositionRecord {
  return {
    log: `/var/log/pods/default_web-${log}_0d4c0b7e-6f43-4f1e-9d0a-3b3ad9a3c2b1/app/0.log`,
    cursors: [
      {
        dev: '2050',
        ino: String(1_000_000 + log),
        name: '0.log',
        head: { bytes: 1024, hash: '0123456789abcdef' },
        tail: { bytes: 128, hash: 'fedcba9876543210' },
        offset: round * 65_536,
        size: round * 65_536 + 4096,
        format: 'cri',
        carry: null,
      },
    ],
  };
}
