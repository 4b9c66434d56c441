/** "2026-11-22T11:39:05." */
const PREFIX_BYTES = 20;
/** The longest CRI timestamp: "2026-11-22T11:39:05.123456789+02:00". */
export const TIMESTAMP_MAX_BYTES = 35;

const ZERO = 0x30;

/**
 * The clock of one pod: nanoseconds that never repeat and never go back, written as containerd writes them: Go's
 * RFC3339Nano, which drops trailing zeros of the fraction and says `Z` for UTC (containerd `internal/cri/io/logger.go`).
 */
export class PodClock {
  #seconds = 0;
  #nanos = 0;
  readonly #offsetSeconds: number;
  readonly #zone: Buffer;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixSeconds = -1;

  /** `offsetMinutes`: the zone of the node, east of UTC. */
  constructor(offsetMinutes = 0) {
    this.#offsetSeconds = offsetMinutes * 60;
    this.#zone = Buffer.from(zoneText(offsetMinutes));
  }

  /** Moves forward to `epochMs` (a fraction is kept); does nothing when the clock is there already. */
  advanceTo(epochMs: number): void {
    const seconds = Math.floor(epochMs / 1000);
    const nanos = Math.min(999_999_999, Math.floor((epochMs - seconds * 1000) * 1e6));
    if (seconds < this.#seconds || (seconds === this.#seconds && nanos <= this.#nanos)) return;
    this.#seconds = seconds;
    this.#nanos = nanos;
  }

  /** Moves forward by `nanos`, less than a second. */
  step(nanos: number): void {
    this.#nanos += nanos;
    if (this.#nanos >= 1e9) {
      this.#nanos -= 1e9;
      this.#seconds++;
    }
  }

  /** Writes the time into `target` at `at`; returns the offset behind it. Takes at most TIMESTAMP_MAX_BYTES. */
  write(target: Buffer, at: number): number {
    if (this.#seconds !== this.#prefixSeconds) this.#renderPrefix();
    for (let i = 0; i < PREFIX_BYTES; i++) target[at + i] = this.#prefix[i]!;
    let end = at + PREFIX_BYTES + 9;
    let rest = this.#nanos;
    for (let i = end - 1; i >= at + PREFIX_BYTES; i--) {
      const tenth = (rest / 10) | 0;
      target[i] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    while (target[end - 1] === ZERO && end > at + PREFIX_BYTES) end--;
    if (end === at + PREFIX_BYTES) end--;
    for (let i = 0; i < this.#zone.length; i++) target[end++] = this.#zone[i]!;
    return end;
  }

  #renderPrefix(): void {
    const local = new Date((this.#seconds + this.#offsetSeconds) * 1000);
    this.#prefix.write(local.toISOString().slice(0, PREFIX_BYTES), 'latin1');
    this.#prefixSeconds = this.#seconds;
  }
}

/** Wall clock in milliseconds with a fraction fine enough for nanosecond timestamps to look like ones. */
export function wallClockMs(): number {
  return performance.timeOrigin + performance.now();
}

function zoneText(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z';
  const minutes = Math.abs(offsetMinutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
