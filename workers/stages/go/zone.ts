/** Transitions of time zones lie on such a grid, in seconds. */
const GRID_SECONDS = 900;
const MAX_REMEMBERED = 10_000;

/** Offsets from UTC of an IANA time zone, from the data the runtime brings. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #names: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  /** Throws a RangeError if there is no such zone. */
  constructor(name: string) {
    const timeZone = name;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    });
    this.#names = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'short' });
  }

  /** Seconds east of UTC at `seconds` since the epoch. */
  offsetAt(seconds: number): number {
    const slot = Math.floor(seconds / GRID_SECONDS);
    let offset = this.#offsets.get(slot);
    if (offset === undefined) {
      const at = slot * GRID_SECONDS;
      const part: Record<string, number> = {};
      for (const { type, value } of this.#format.formatToParts(at * 1000)) part[type] = Number(value);
      const { year, month, day, hour, minute, second } = part as Record<string, number>;
      offset = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) / 1000 - at;
      if (this.#offsets.size >= MAX_REMEMBERED) this.#offsets.clear();
      this.#offsets.set(slot, offset);
    }
    return offset;
  }

  /** The instant that clocks in the zone show as `local` (seconds as if it were UTC), as Go's `time.Date` chooses it. */
  toUtc(local: number): number {
    const offset = this.offsetAt(local);
    return offset === 0 ? local : local - this.offsetAt(local - offset);
  }

  /** Offset of an abbreviation such as `EST` if the zone uses it in that year, else null. */
  offsetOf(abbreviation: string, local: number): number | null {
    for (const months of [0, 6]) {
      const at = local + months * 30 * 86_400;
      const name = this.#names.formatToParts(at * 1000).find(({ type }) => type === 'timeZoneName')?.value;
      if (name === abbreviation) return this.offsetAt(at);
    }
    return null;
  }
}
