import type { NodeStats } from './node.js';

const TERMINAL_MS = 500;
const LINES_MS = 5000;

/** Shows how a node is doing: on a terminal one line that is rewritten, otherwise a line every five seconds. */
export class Progress {
  readonly #stats: () => NodeStats;
  readonly #out: NodeJS.WriteStream;
  readonly #timer: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  #lastMs = this.#startedMs;
  #lastBytes = 0;

  constructor(stats: () => NodeStats, out: NodeJS.WriteStream) {
    this.#stats = stats;
    this.#out = out;
    this.#timer = setInterval(() => this.#show(out.isTTY ? '\r' : '', out.isTTY ? '\u001b[K' : '\n'), this.#everyMs());
  }

  /** Shows the final figures, with the mean rate. */
  end(): void {
    clearInterval(this.#timer);
    this.#lastMs = this.#startedMs;
    this.#lastBytes = 0;
    this.#show(this.#out.isTTY ? '\r' : '', this.#out.isTTY ? '\u001b[K\n' : '\n');
  }

  #everyMs(): number {
    return this.#out.isTTY ? TERMINAL_MS : LINES_MS;
  }

  #show(before: string, after: string): void {
    const nowMs = performance.now();
    const stats = this.#stats();
    const rate = ((stats.fileBytes - this.#lastBytes) * 1000) / Math.max(1, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#lastBytes = stats.fileBytes;
    this.#out.write(`${before}${describe(stats, (nowMs - this.#startedMs) / 1000, rate)}${after}`);
  }
}

/** One line of text; `rate` in bytes per second. */
export function describe(stats: NodeStats, seconds: number, rate: number): string {
  const parts = [
    `${seconds.toFixed(1)} s`,
    `${mebibytes(stats.fileBytes)} MiB (${mebibytes(rate)} MiB/s)`,
    `${stats.lines.toLocaleString('en-US')} lines`,
    `${stats.rotations} rotations${stats.undoneRotations > 0 ? ` (${stats.undoneRotations} undone)` : ''}`,
    `${stats.pods} pods${stats.podsDeleted > 0 ? ` (${stats.podsDeleted} deleted)` : ''}`,
  ];
  if (stats.restarts > 0) parts.push(`${stats.restarts} restarts`);
  return parts.join('  ');
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
