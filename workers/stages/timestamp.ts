import type { TimestampStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Json, Memory, Stage, StageContext } from '../pipeline/stage.js';
import { compileFormat, type TimeFormat } from './go/formats.js';
import type { Instant } from './go/time.js';

/** How many streams of a file are remembered. */
const MAX_STREAMS = 10_000;

export function accessTimestamp({ source }: TimestampStage): Access {
  return { reads: [`x:${source}`], writes: ['time'], pure: false };
}

/** What a stream had last: the timestamp as it was read, and as it was given to the entry. */
interface Last {
  parsed: Instant;
  given: Instant;
}

/** Sets the timestamp from an extracted value. */
export function compileTimestamp(spec: TimestampStage, { run }: StageContext): Stage {
  const formats = [spec.format, ...spec.fallbackFormats].map((format) => compileFormat(format, spec.location));
  return new Timestamp(spec, formats, run);
}

class Timestamp implements Stage {
  readonly memory?: Memory;
  readonly #spec: TimestampStage;
  readonly #formats: readonly TimeFormat[];
  readonly #run: { readTimeMs: number };
  #last = new Map<string, Last>();

  constructor(spec: TimestampStage, formats: readonly TimeFormat[], run: { readTimeMs: number }) {
    this.#spec = spec;
    this.#formats = formats;
    this.#run = run;
    if (spec.actionOnFailure === 'skip' && spec.actionOnDuplicateTimestamp === 'keep') return;
    this.memory = { save: () => this.#save(), load: (saved) => this.#load(saved) };
  }

  process(entry: Entry): boolean {
    const text = entry.extracted.text(this.#spec.source);
    const parsed = text === undefined ? null : this.#parse(text);
    if (this.memory === undefined) {
      if (parsed !== null) set(entry, parsed);
      return true;
    }
    const { key } = entry.labels;
    const last = this.#last.get(key);
    if (parsed === null) {
      if (this.#spec.actionOnFailure === 'skip' || last === undefined) return true;
      last.given = after(last.given);
      set(entry, last.given);
      return true;
    }
    let given = parsed;
    const repeats = last?.parsed.seconds === parsed.seconds && last.parsed.nanos === parsed.nanos;
    if (repeats && this.#spec.actionOnDuplicateTimestamp === 'fudge') given = after(last.given);
    set(entry, given);
    if (last !== undefined) {
      last.parsed = parsed;
      last.given = given;
      return true;
    }
    if (this.#last.size >= MAX_STREAMS) this.#last.delete(this.#last.keys().next().value!);
    this.#last.set(key, { parsed, given });
    return true;
  }

  #parse(text: string): Instant | null {
    for (const format of this.#formats) {
      const instant = format(text, this.#run.readTimeMs);
      if (instant !== null) return instant;
    }
    return null;
  }

  #save(): Json | null {
    if (this.#last.size === 0) return null;
    return [...this.#last].map(([key, { parsed, given }]) => {
      return [key, parsed.seconds, parsed.nanos, given.seconds, given.nanos];
    });
  }

  #load(saved: Json | null): void {
    this.#last = new Map();
    for (const [key, ...numbers] of (saved ?? []) as [string, number, number, number, number][]) {
      const [seconds, nanos, givenSeconds, givenNanos] = numbers;
      this.#last.set(key, { parsed: { seconds, nanos }, given: { seconds: givenSeconds, nanos: givenNanos } });
    }
  }
}

function set(entry: Entry, { seconds, nanos }: Instant): void {
  entry.seconds = seconds;
  entry.nanos = nanos;
}

function after({ seconds, nanos }: Instant): Instant {
  return nanos === 999_999_999 ? { seconds: seconds + 1, nanos: 0 } : { seconds, nanos: nanos + 1 };
}
