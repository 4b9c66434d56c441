import type { PipelineDelta } from '../src/pipeline.js';
import type { Dropped, Format, Slice } from '../src/protocol.js';
import type { LineParser } from './parse/parser.js';
import type { LineEnds } from './read/line-ends.js';

/** What becomes of the lines of a slice: one way from physical lines to the entries of a push. */
export interface Track {
  /** Offset in the file of the first byte of the input window. Kept true by who moves the window. */
  origin: number;
  readonly lineEnds: LineEnds;
  /** Whether the labels of the path are known. */
  readonly pathMatched: boolean;
  /** No further line may be taken in this slice. */
  readonly full: boolean;
  /** How long the track asks that nothing more is read through it, in milliseconds. */
  readonly waitMs: number;
  /** Lines that are not what the format says. */
  readonly malformedLines: number;
  /** What became of lines that are no entry of their own: see SliceResult. */
  readonly heldLines: number;
  readonly releasedEntries: number;
  readonly dropped: readonly Dropped[];
  /** Bytes left out by cuts that the output does not know of. */
  readonly cutBytes: number;
  /** Starts the slice in the output; false, with nothing begun, if not even the labels have room. */
  begin(slice: Slice): boolean;
  /** Takes up what the slice before left open; returns whether the slice begins inside a line that is skipped. */
  takeUp(slice: Slice): Promise<boolean>;
  parserOf(format: Format): LineParser;
  /** Emits what is open; returns how many entries that were. What had no room stays open, and makes it full. */
  flush(): number;
  /** What is open now. */
  carry(skipLine: boolean): Uint8Array | null;
}

/** The tracks of one pipeline. */
export interface Tracks {
  /** The track of a slice. One at a time is in use. */
  of(slice: Slice): Track;
  /** Ends a slice: what it has counted holds, or not. */
  settle(holds: boolean): void;
  /** What the slices that hold have counted since the last time; null if nothing. */
  takeDelta(): PipelineDelta | null;
}
