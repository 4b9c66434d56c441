import type { StageSpec } from '../../src/pipeline.js';
import type { Loops } from '../wasm/loops.js';
import type { LimitBuckets } from './buckets.js';
import type { Entry } from './entry.js';
import type { LabelSets } from './labels.js';
import type { Tally } from './tally.js';

/** Plain data, as a carry keeps it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * What a stage reads and writes: `line`, `time`, `meta`, `x:NAME` for extracted values, `l:NAME` for labels, and `x:*` and
 * `l:*` for all of them. A stage that keeps what it would overwrite when it fails reads nothing for that: it simply has
 * not written.
 */
export interface Access {
  reads: readonly string[];
  writes: readonly string[];
  /** It does the same whenever what it reads is the same: no memory, no clock, no counting. */
  pure: boolean;
}

/** What a stage remembers from one slice of a file to the next. */
export interface Memory {
  /** What to carry on; null if there is nothing, which is also how a stage begins. */
  save(): Json | null;
  /** Begins a slice with what the one before it has saved. */
  load(saved: Json | null): void;
  /** Emits what is held back. */
  flush?(): void;
}

export interface Stage {
  /**
   * Handles the entry in place. Returns false if it does not go on to the next stage: it was dropped, or is held back;
   * the one is told to the tally, the other to the run.
   */
  process(entry: Entry): boolean;
  readonly memory?: Memory;
}

/** What is true for the slice at hand. */
export interface Run {
  path: string;
  /** Stands for the present, so that a repeat comes to the same result. */
  readTimeMs: number;
  /** How long a limit wants the route to rest, in milliseconds. */
  waitMs: number;
  /** Bytes of content that were left out because their entry is sent cut already. */
  cutBytes: number;
  /** Entries that stages have held back, or taken apart; and those that were made of such. */
  held: number;
  released: number;
  /** The longest entry that is sent; a stage need not join more. */
  readonly maxLineBytes: number;
}

/** What a stage is compiled with. */
export interface StageContext {
  /** Which stage it is, unlike all others of the route. */
  readonly id: string;
  readonly run: Run;
  readonly labels: LabelSets;
  readonly tally: Tally;
  readonly buckets: LimitBuckets;
  /** Null where WebAssembly is not to be had. */
  readonly loops: Loops | null;
  /** Sends an entry on to the stages after this one: for stages that emit what they held back, or more than one. */
  emit(entry: Entry): void;
  /** Whether any stage may read the extracted value of this name. */
  isRead(name: string): boolean;
  /** Compiles nested stages. What passes them goes to `emit`, or back to the caller of `process`. */
  nested(stages: readonly StageSpec[]): Stage;
}
