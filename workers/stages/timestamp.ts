import type { TimestampStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { LabelSet } from '../pipeline/labels.js';
import type { Access, Json, Memory, Stage, StageContext } from '../pipeline/stage.js';
import { type ByteFormat, compileByteFormat, compileFormat, type TimeFormat } from './go/formats.js';
import type { Instant } from './go/time.js';

/** How many streams of a file are remembered. All of them are in its carry, and with it in the journal. */
const MAX_STREAMS = 256;

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
  readonly #byteFormat: ByteFormat | null;
  readonly #run: { readTimeMs: number };
  #last = new Map<string, Last>();
  /** The labels that were looked up last, and what was found. */
  #labels: LabelSet | null = null;
  #ofLabels: Last | undefined;

  constructor(spec: TimestampStage, formats: readonly TimeFormat[], run: { readTimeMs: number }) {
    this.#spec = spec;
    this.#formats = formats;
    this.#byteFormat = compileByteFormat(spec.format);
    this.#run = run;
    if (spec.actionOnFailure === 'skip' && spec.actionOnDuplicateTimestamp === 'keep') return;
    this.memory = { save: () => this.#save(), load: (saved) => this.#load(saved) };
  }

  process(entry: Entry): boolean {
    const parsed = this.#read(entry);
    if (this.memory === undefined) {
      if (parsed !== null) set(entry, parsed);
      return true;
    }
    const last = this.#lastOf(entry.labels);
    if (parsed === null) {
      if (this.#spec.actionOnFailure === 'skip' || last === undefined) return true;
      advance(last.given);
      set(entry, last.given);
    } else if (last === undefined) {
      this.#remember(entry.labels, parsed);
      set(entry, parsed);
    } else {
      const repeats = last.parsed.nanos === parsed.nanos && last.parsed.seconds === parsed.seconds;
      if (repeats && this.#spec.actionOnDuplicateTimestamp === 'fudge') advance(last.given);
      else set(last.given, parsed);
      set(last.parsed, parsed);
      set(entry, last.given);
    }
    return true;
  }

  #lastOf(labels: LabelSet): Last | undefined {
    if (labels !== this.#labels) {
      this.#labels = labels;
      this.#ofLabels = this.#last.get(labels.key);
    }
    return this.#ofLabels;
  }

  #remember({ key }: LabelSet, { seconds, nanos }: Instant): void {
    if (this.#last.size >= MAX_STREAMS) this.#last.delete(this.#last.keys().next().value!);
    this.#last.set(key, { parsed: { seconds, nanos }, given: { seconds, nanos } });
    this.#labels = null;
  }

  #read({ extracted }: Entry): Readonly<Instant> | null {
    const { source } = this.#spec;
    const span = this.#byteFormat === null ? null : extracted.span(source);
    const instant = span === null ? null : this.#byteFormat!(span);
    if (instant !== null) return instant;
    const text = extracted.text(source);
    return text === undefined ? null : this.#parse(text);
  }

  #parse(text: string): Readonly<Instant> | null {
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
    this.#labels = null;
    for (const [key, ...numbers] of (saved ?? []) as [string, number, number, number, number][]) {
      const [seconds, nanos, givenSeconds, givenNanos] = numbers;
      this.#last.set(key, { parsed: { seconds, nanos }, given: { seconds: givenSeconds, nanos: givenNanos } });
    }
  }
}

function set(to: Instant, { seconds, nanos }: Readonly<Instant>): void {
  to.seconds = seconds;
  to.nanos = nanos;
}

/** Moves to a nanosecond later. */
function advance(instant: Instant): void {
  instant.nanos++;
  if (instant.nanos < 1e9) return;
  instant.nanos = 0;
  instant.seconds++;
}
