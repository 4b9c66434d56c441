import type { CriStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import { entryFromJson, entryToJson } from '../pipeline/entry-json.js';
import type { Access, Json, Memory, Stage, StageContext } from '../pipeline/stage.js';
import { Rfc3339 } from '../pipeline/stamp.js';
import { cutText, readText, textBytes } from '../pipeline/text.js';

const SPACE = 0x20;
const PARTIAL = 0x50;
const FULL = 0x46;
const STREAM_BYTES = 6;
const STDOUT = Buffer.from('stdout');
const STDERR = Buffer.from('stderr');

export function accessCri(): Access {
  return {
    reads: ['line'],
    writes: ['line', 'time', 'l:stream', 'x:flags', 'x:stream', 'x:content', 'x:time'],
    pure: false,
  };
}

/** Length of the white space that begins at `at`, as Unicode has it; 0 if there is none. */
function spaceAt(bytes: Buffer, at: number, to: number): number {
  const byte = bytes[at]!;
  if (byte === SPACE || (byte >= 0x09 && byte <= 0x0d)) return 1;
  if (byte < 0xc2 || at + 1 >= to) return 0;
  if (byte === 0xc2) return bytes[at + 1] === 0x85 || bytes[at + 1] === 0xa0 ? 2 : 0;
  return byte >= 0xe1 && byte <= 0xe3 && /^\s/u.test(readText(bytes, at, Math.min(to, at + 3))) ? 3 : 0;
}

function isAt(bytes: Buffer, at: number, text: Buffer): boolean {
  for (let i = 0; i < STREAM_BYTES; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** The name of the stream that the six bytes at `at` are. */
function streamAt(bytes: Buffer, at: number): 'stdout' | 'stderr' | null {
  if (isAt(bytes, at, STDOUT)) return 'stdout';
  return isAt(bytes, at, STDERR) ? 'stderr' : null;
}

/** Reads the lines that CRI runtimes write, and joins those that they have split. */
export function compileCri(spec: CriStage, context: StageContext): Stage {
  return new Cri(spec, context);
}

class Cri implements Stage, Memory {
  readonly memory: Memory = this;
  readonly #spec: CriStage;
  readonly #context: StageContext;
  readonly #keeps: { flags: boolean; stream: boolean; content: boolean; time: boolean };
  readonly #rfc3339 = new Rfc3339();
  /** The last part of each split line, with all before it, by the labels. */
  #open = new Map<string, Entry>();

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
    let at = from;
    while (at < to && spaceAt(bytes, at, to) === 0) at++;
    const timeTo = at;
    if (bytes[at++] !== SPACE || at + STREAM_BYTES >= to) return true;
    const stream = streamAt(bytes, at);
    if (stream === null) return true;
    at += STREAM_BYTES;
    if (bytes[at++] !== SPACE) return true;
    const flag = at < to ? bytes[at]! : 0;
    if (flag === PARTIAL || flag === FULL) at++;
    if (at < to && bytes[at] === SPACE) at++;

    if (this.#rfc3339.parse(bytes, from, timeTo)) {
      entry.seconds = this.#rfc3339.seconds;
      entry.nanos = this.#rfc3339.nanos;
    }
    const partial = flag === PARTIAL;
    const { extracted } = entry;
    if (this.#keeps.time) extracted.set('time', readText(bytes, from, timeTo));
    if (this.#keeps.flags) extracted.set('flags', partial ? 'P' : 'F');
    if (this.#keeps.stream) extracted.set('stream', stream);
    entry.setBytes(bytes, at, to);
    if (this.#keeps.content) extracted.set('content', entry.line);
    entry.labels = entry.labels.with('stream', stream);
    if (partial) {
      this.#hold(entry);
      return false;
    }
    if (this.#open.size > 0) this.#join(entry);
    return true;
  }

  #hold(entry: Entry): void {
    const { key } = entry.labels;
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
    this.#open.set(key, part);
  }

  #join(entry: Entry): void {
    const { key } = entry.labels;
    const before = this.#open.get(key);
    if (before === undefined) return;
    this.#open.delete(key);
    entry.line = before.line + entry.line;
    this.#limit(entry);
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
    return this.#open.size === 0 ? null : [...this.#open.values()].map(entryToJson);
  }

  load(saved: Json | null): void {
    this.#open = new Map();
    for (const json of (saved ?? []) as Json[]) {
      const entry = entryFromJson(json, this.#context.labels);
      this.#open.set(entry.labels.key, entry);
    }
  }

  flush(): void {
    const open = this.#open;
    this.#open = new Map();
    for (const entry of open.values()) this.#context.emit(entry);
  }
}
