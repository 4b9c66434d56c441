const BAR_WIDTH = 24;
const LINES_MS = 5000;

/**
 * Shows how far something is, on standard error: on a terminal a bar that is redrawn, otherwise a line every five
 * seconds.
 */
export class Progress {
  readonly #out = process.stderr;
  readonly #title: string;
  #shownMs = performance.now();

  constructor(title: string) {
    this.#title = title;
  }

  /** `share` is in [0, 1]; `text` stands behind the bar. */
  show(share: number, text: string): void {
    const filled = Math.round(Math.max(0, Math.min(1, share)) * BAR_WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
    const line = `${this.#title}  ${bar}  ${text}`;
    if (this.#out.isTTY) {
      this.#out.write(`\r${line}\u001b[K`);
      return;
    }
    if (performance.now() - this.#shownMs < LINES_MS) return;
    this.#shownMs = performance.now();
    this.#out.write(`${this.#title}  ${(share * 100).toFixed(0)} %  ${text}\n`);
  }

  end(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }
}
