import { RestWatch } from '../discover/rest-watch.js';
import type { Chains } from './chains.js';
import type { ContainerLog } from './container-log.js';
import { statName } from './identity.js';
import { isAsLeft, isAsRead } from './poll.js';

/** A log to which nobody has written for so long may sleep. Falling asleep and waking cost as much as 20 polls. */
const QUIET_MS = 30_000;
/** In one tick so many folders are tried: 5,000 must not take their moment all at once. */
const AT_ONCE = 250;
/** Each log that sleeps is checked with one of so many scans: signs are dropped only when thousands are waiting. */
const CHECK_SCANS = 6;

/**
 * Lets logs sleep to which nobody writes: their folder is watched, and none of them is looked at until something in it
 * has changed. Logs stay awake where a watch would not tell of everything.
 */
export class Sleep {
  readonly #chains: Chains;
  readonly #quietMs: number;
  readonly #watch: RestWatch;
  #scans = 0;

  constructor(chains: Chains, quietMs = QUIET_MS) {
    this.#chains = chains;
    this.#quietMs = quietMs;
    this.#watch = new RestWatch((folder) => chains.wake(folder));
  }

  /** Puts those to sleep that rest and have been quiet for long, with the others of their folder. For each tick. */
  tend(nowMs: number): void {
    if (this.#watch.failed) return;
    let room = AT_ONCE;
    for (const log of this.#chains.awake) {
      if (log.resting === null || nowMs < log.awakeUntilMs) continue;
      this.#try(log.folder, nowMs);
      room -= 1;
      if (room === 0) return;
    }
  }

  /** Wakes those that were written to without a sign, should the system have dropped one. For each scan. */
  check(): void {
    this.#scans += 1;
    let turn = this.#scans;
    for (const log of this.#chains.asleep) {
      turn += 1;
      if (turn % CHECK_SCANS !== 0 || isAsRead(log)) continue;
      this.#watch.end(log.folder);
      this.#chains.wake(log.folder);
    }
  }

  /** Wakes all, and lets none fall asleep any more. Returns whether any watches were given back. */
  end(): boolean {
    return this.#watch.giveUp();
  }

  #try(folder: string, nowMs: number): void {
    const logs = [...this.#chains.logsIn(folder)];
    const quietAtMs = Math.max(...logs.map((log) => this.#quietAt(log, nowMs)));
    const quiet = quietAtMs <= nowMs;
    for (const log of logs) log.awakeUntilMs = quiet ? nowMs + this.#quietMs : quietAtMs;
    if (!quiet || !this.#watch.begin(folder)) return;
    // Of what came before the watch there is no sign.
    if (logs.every(isAsLeft)) this.#chains.sleep(folder);
    else this.#watch.end(folder);
  }

  /** From when on nobody will have written to the log for long, if nobody writes to it now. */
  #quietAt({ resting, moved }: ContainerLog, nowMs: number): number {
    const stat = resting?.path == null || moved ? undefined : statName(resting.path);
    // What is written through a link or another name leaves no sign in this folder.
    if (stat === undefined || !stat.isFile() || stat.nlink !== 1) return nowMs + this.#quietMs;
    return stat.mtimeMs + this.#quietMs;
  }
}
