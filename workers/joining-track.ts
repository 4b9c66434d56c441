import type { Dropped, Format, Slice } from '../src/protocol.js';
import type { JobOutput } from './output.js';
import { decodeCarry, encodeCarry } from './parse/carry.js';
import type { PartialJoiner } from './parse/join.js';
import type { LineParser } from './parse/parser.js';
import { isPipelineCarry } from './pipeline/carry.js';
import type { LabelSet } from './pipeline/labels.js';
import type { Room } from './pipeline/room.js';
import { BYTE_ENDS } from './read/line-ends.js';
import type { Track } from './track.js';

/** What tracks are made of. */
export interface TrackParts {
  output: JobOutput;
  joiner: PartialJoiner;
  room(): Promise<Room>;
}

/**
 * A track whose entries are bytes of the file, and which remembers partial lines at most. What a pipeline of another kind
 * has left open is put first, as entries of its own.
 */
export abstract class JoiningTrack implements Track {
  abstract origin: number;
  abstract readonly pathMatched: boolean;
  readonly lineEnds = BYTE_ENDS;
  full = false;
  readonly waitMs = 0;
  readonly cutBytes = 0;
  readonly dropped: readonly Dropped[] = [];
  readonly #parts: TrackParts;
  /** What another pipeline has left, as far as there was no room for it. */
  #rest: Uint8Array | null = null;
  /** Entries of what another pipeline has left. */
  #leftovers = 0;

  constructor(parts: TrackParts) {
    this.#parts = parts;
  }

  get heldLines(): number {
    return this.#parts.joiner.parts;
  }

  get releasedEntries(): number {
    return this.#parts.joiner.joined + this.#leftovers;
  }

  abstract get malformedLines(): number;
  abstract begin(slice: Slice): boolean;
  abstract parserOf(format: Format): LineParser;
  /** Whether it joins partial lines, and so can go on with those that the built-in pipeline has left open. */
  protected abstract readonly joins: boolean;
  /** Labels for what another pipeline has left without any. */
  protected abstract readonly hoisted: LabelSet | null;

  async takeUp({ carry }: Slice): Promise<boolean> {
    const { joiner, output } = this.#parts;
    this.full = false;
    this.#rest = null;
    this.#leftovers = 0;
    if (carry === null || (this.joins && !isPipelineCarry(carry))) {
      const { skipLine, open } = decodeCarry(carry);
      joiner.beginSlice(open);
      return skipLine;
    }
    joiner.beginSlice([]);
    const room = await this.#parts.room();
    const { skipLine, put, rest } = room.putLeftovers(carry, this.hoisted, output.streams(room));
    this.#leftovers = put;
    this.#rest = rest;
    this.full = rest !== null;
    return skipLine;
  }

  flush(): number {
    const flushed = this.#parts.joiner.flush();
    this.full = this.#parts.joiner.pending;
    return flushed;
  }

  carry(skipLine: boolean): Uint8Array | null {
    return this.#rest ?? encodeCarry({ skipLine, open: this.#parts.joiner.carried() });
  }
}
