import type { CriStage } from '../../src/pipeline.js';
import { STDOUT } from '../encode/push.js';
import type { Entry } from '../pipeline/entry.js';
import { entryFromJson, entryToJson } from '../pipeline/entry-json.js';
import type { Access, Json, Memory, Stage, StageContext } from '../pipeline/stage.js';
import { Rfc3339 } from '../pipeline/stamp.js';
import { cutText, textBytes } from '../pipeline/text.js';
import { CriHead } from './cri-head.js';

export function accessCri(): Access {
  return {
    reads: ['line'],
    writes: ['line', 'time', 'l:stream', 'x:flags', 'x:stream', 'x:content', 'x:time'],
    pure: false,
  };
}

/** Reads the lines that CRI runtimes write, and joins those that they have split. */
export function compileCri(spec: CriStage, context: StageContext): Stage {
  return new Cri(spec, context);
}

interface Saved {
  open: Json[];
  skipped: string[];
}

/** The entries that a stage has held back when it saved this. */
export function heldByCri(saved: Json): Json[] {
  return (saved as unknown as Saved).open;
}

class Cri implements Stage, Memory {
  readonly memory: Memory = this;
  readonly #spec: CriStage;
  readonly #context: StageContext;
  readonly #keeps: { flags: boolean; stream: boolean; content: boolean; time: boolean };
  readonly #head = new CriHead();
  readonly #rfc3339 = new Rfc3339();
  /** The last part of each split line, with all before it, by the labels. */
  #open = new Map<string, Entry>();
  /** The labels of split lines that were too long: they are sent, and what still comes of them is left out. */
  #skipped = new Set<string>();

  constructor(spec: CriStage, context: StageContext) {
    this.#spec = spec;
    this.#context = context;
    this.#keeps = {
      flags: context.isRead('flags'),
      stream: context.isRead('stream'),
      content: context.isRead('content'),
      time: context.isRead('time'),
    };
  }

  process(entry: Entry): boolean {
    const bytes = entry.bytes;
    const { from, to } = entry;
    const head = this.#head;
    const { stampTo } = entry;
    if (!head.read(bytes, from, to, stampTo)) return true;
    const { timeTo, partial } = head;
    const stream = head.kind === STDOUT ? 'stdout' : 'stderr';
    if (stampTo >= 0) {
      entry.seconds = entry.stampSeconds;
      entry.nanos = entry.stampNanos;
    } else if (this.#rfc3339.parse(bytes, from, timeTo)) {
      entry.seconds = this.#rfc3339.seconds;
      entry.nanos = this.#rfc3339.nanos;
    }
    const { extracted } = entry;
    if (this.#keeps.time) extracted.setSpan('time', bytes, from, timeTo);
    if (this.#keeps.flags) extracted.set('flags', partial ? 'P' : 'F');
    if (this.#keeps.stream) extracted.set('stream', stream);
    entry.setBytes(bytes, head.contentFrom, to);
    if (this.#keeps.content) extracted.setSpan('content', bytes, head.contentFrom, to);
    entry.labels = entry.labels.with('stream', stream);
    if (partial) {
      this.#context.run.held++;
      this.#hold(entry);
      return false;
    }
    return this.#skipped.size > 0 || this.#open.size > 0 ? this.#join(entry) : true;
  }

  #hold(entry: Entry): void {
    const { key } = entry.labels;
    if (this.#skipped.has(key)) {
      this.#context.run.cutBytes += entry.lineBytes;
      return;
    }
    if (this.#open.size >= this.#spec.maxPartialLines) {
      const flushed = this.#open;
      this.#open = new Map();
      this.#count('loki_process_cri_partial_lines_flushed_total', flushed.size);
      for (const open of flushed.values()) this.#context.emit(open);
    }
    const part = entry.copy();
    const before = this.#open.get(key);
    if (before !== undefined) part.line = before.line + part.line;
    this.#limit(part);
    if (part.lineBytes <= this.#context.run.maxLineBytes) {
      this.#open.set(key, part);
      return;
    }
    this.#open.delete(key);
    this.#skipped.add(key);
    this.#context.emit(part);
  }

  /** Whether the entry goes on. */
  #join(entry: Entry): boolean {
    const { key } = entry.labels;
    const { run } = this.#context;
    if (this.#skipped.delete(key)) {
      run.held++;
      run.cutBytes += entry.lineBytes;
      return false;
    }
    const before = this.#open.get(key);
    if (before === undefined) return true;
    run.held++;
    run.released++;
    this.#open.delete(key);
    entry.line = before.line + entry.line;
    this.#limit(entry);
    return true;
  }

  #limit(entry: Entry): void {
    const { maxPartialLineSizeTruncate, maxPartialLineSizeBytes } = this.#spec;
    if (!maxPartialLineSizeTruncate || textBytes(entry.line) <= maxPartialLineSizeBytes) return;
    entry.line = cutText(entry.line, maxPartialLineSizeBytes);
    this.#count('loki_process_cri_lines_truncated_total', 1);
  }

  #count(name: string, add: number): void {
    this.#context.tally.count(name, add);
  }

  save(): Json | null {
    if (this.#open.size === 0 && this.#skipped.size === 0) return null;
    return { open: [...this.#open.values()].map(entryToJson), skipped: [...this.#skipped] };
  }

  load(saved: Json | null): void {
    this.#open = new Map();
    this.#skipped = new Set();
    if (saved === null) return;
    const { open, skipped } = saved as unknown as Saved;
    for (const json of open) {
      const entry = entryFromJson(json, this.#context.labels);
      this.#open.set(entry.labels.key, entry);
    }
    this.#skipped = new Set(skipped);
  }

  flush(): void {
    const open = this.#open;
    this.#open = new Map();
    this.#skipped = new Set();
    for (const entry of open.values()) this.#context.emit(entry);
  }
}
