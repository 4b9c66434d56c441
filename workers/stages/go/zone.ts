import { daysOf } from './civil.js';

/** Transitions of time zones lie on such a grid, in seconds. */
const GRID_SECONDS = 900;
const MAX_REMEMBERED = 10_000;
const HALF_YEAR_SECONDS = 182 * 86_400;

/**
 * What the letters stand for that zones are called by in the tz database, in hours east of UTC; some mean another thing in
 * another country. The runtime brings names as well, but of few countries each for one language.
 */
const ABBREVIATIONS: Record<string, readonly number[]> = {
  ...{ ACDT: [10.5], ACST: [9.5], ADT: [-3], AEDT: [11], AEST: [10], AKDT: [-8], AKST: [-9], AST: [-4], AWST: [8] },
  ...{ BST: [1], CAT: [2], CDT: [-5, -4], CEST: [2], CET: [1], CST: [-6, 8, -5], ChST: [10], EAT: [3], EDT: [-4] },
  ...{ EEST: [3], EET: [2], EST: [-5], GMT: [0], HDT: [-9], HKT: [8], HST: [-10], IDT: [3], IST: [5.5, 2, 1] },
  ...{ JST: [9], KST: [9], MDT: [-6], MSK: [3], MST: [-7], NDT: [-2.5], NST: [-3.5], NZDT: [13], NZST: [12] },
  ...{ PDT: [-7], PKT: [5], PST: [-8, 8], SAST: [2], SST: [-11], WAT: [1], WEST: [1], WET: [0], WIB: [7], WIT: [9] },
  ...{ WITA: [8] },
};

/** Offsets from UTC of an IANA time zone, from the data the runtime brings. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  /** Throws a RangeError if there is no such zone. */
  constructor(timeZone: string) {
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
  }

  /** Seconds east of UTC at `seconds` since the epoch. */
  offsetAt(seconds: number): number {
    const slot = Math.floor(seconds / GRID_SECONDS);
    let offset = this.#offsets.get(slot);
    if (offset === undefined) {
      const at = slot * GRID_SECONDS;
      const part: Record<string, string> = {};
      for (const { type, value } of this.#format.formatToParts(at * 1000)) part[type] = value;
      const [year, month, day] = [Number(part.year), Number(part.month), Number(part.day)];
      const days = daysOf(part.era === 'BC' ? 1 - year : year, month, day);
      offset = days * 86_400 + Number(part.hour) * 3600 + Number(part.minute) * 60 + Number(part.second) - at;
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

  /**
   * Seconds east of UTC that an abbreviation such as `EST` or `-03` stands for; null if clocks of the zone never show it in
   * the year around `local`, as for `toUtc`.
   */
  offsetOf(abbreviation: string, local: number): number | null {
    const isNumber = /^[+-]\d\d$/.test(abbreviation);
    const known = isNumber ? [Number(abbreviation)] : (ABBREVIATIONS[abbreviation] ?? []);
    for (const seconds of known.map((hours) => hours * 3600)) {
      for (const ahead of [0, HALF_YEAR_SECONDS])
        if (this.offsetAt(local - seconds + ahead) === seconds) return seconds;
    }
    return null;
  }
}
