import type { MultilineStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import { entryFromJson, entryToJson, withLine } from '../pipeline/entry-json.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Json, Memory, Stage, StageContext } from '../pipeline/stage.js';
import { textBytes } from '../pipeline/text.js';

export function accessMultiline(): Access {
  return { reads: ['line'], writes: ['line', 'time', 'meta', 'x:*', 'l:*'], pure: false };
}

/** A block of a stream. Its lines are those since the last flush; none right after one that `max_lines` has caused. */
interface Block {
  /** The first line of the block, whose labels, timestamp and all else the whole bears. */
  start: Entry;
  lines: string[];
  /** How long the lines are together, newlines included. */
  bytes: number;
}

/** Joins lines to blocks that begin where a pattern matches. Who calls tells when a block has waited long enough. */
export function compileMultiline(spec: MultilineStage, context: StageContext): Stage {
  return new Multiline(spec, context);
}

class Multiline implements Stage, Memory {
  readonly memory: Memory = this;
  readonly #firstline: Regex;
  readonly #spec: MultilineStage;
  readonly #context: StageContext;
  #blocks = new Map<string, Block>();

  constructor(spec: MultilineStage, context: StageContext) {
    this.#firstline = new Regex(spec.firstline);
    this.#spec = spec;
    this.#context = context;
  }

  process(entry: Entry): boolean {
    const { key } = entry.labels;
    let block = this.#blocks.get(key);
    if (this.#firstline.test(entry.line)) {
      if (block !== undefined) this.#flush(block);
      block = { start: entry.copy(), lines: [], bytes: 0 };
      this.#blocks.set(key, block);
    } else if (block === undefined) return true;
    const line = this.#spec.trimNewlines ? trimEnd(entry.line) : entry.line;
    const bytes = textBytes(line) + 1;
    // A block that is longer than an entry may be would be cut; so it goes on in another entry, as after `max_lines`.
    if (block.bytes + bytes > this.#context.run.maxLineBytes + 1) this.#flush(block);
    block.lines.push(line);
    block.bytes += bytes;
    this.#context.run.held++;
    if (block.lines.length === this.#spec.maxLines) this.#flush(block);
    return false;
  }

  #flush(block: Block): void {
    if (block.lines.length === 0) return;
    const whole = block.start.copy();
    whole.line = joined(block.lines);
    block.lines = [];
    block.bytes = 0;
    this.#context.emit(whole);
  }

  save(): Json | null {
    if (this.#blocks.size === 0) return null;
    return [...this.#blocks.values()].map(({ start, lines }) => [entryToJson(start), lines]);
  }

  load(saved: Json | null): void {
    this.#blocks = new Map();
    for (const [start, lines] of (saved ?? []) as [Json, string[]][]) {
      const entry = entryFromJson(start, this.#context.labels);
      this.#blocks.set(entry.labels.key, { start: entry, lines: [...lines], bytes: lengthOf(lines) });
    }
  }

  flush(): void {
    const blocks = this.#blocks;
    this.#blocks = new Map();
    for (const block of blocks.values()) this.#flush(block);
  }
}

/** The blocks, as entries, that a stage has held back when it saved this. */
export function heldByMultiline(saved: Json): Json[] {
  const blocks = saved as [Json, string[]][];
  return blocks.filter(([, lines]) => lines.length > 0).map(([start, lines]) => withLine(start, joined(lines)));
}

/** Empty lines at the beginning leave no trace, as in Alloy. */
function joined(lines: readonly string[]): string {
  const first = lines.findIndex((line) => line !== '');
  return first < 0 ? '' : lines.slice(first).join('\n');
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + textBytes(line) + 1, 0);
}

function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--;
  return line.slice(0, end);
}
