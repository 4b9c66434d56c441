import type { PipelineDelta } from '../src/pipeline.js';
import type { Format, PipelineSpec, Slice } from '../src/protocol.js';
import { JoiningTrack, type TrackParts } from './joining-track.js';
import { Labeler, type PathLabels } from './label/labels.js';
import type { MalformedLines } from './parse/malformed.js';
import type { LineParser } from './parse/parser.js';
import type { UnstampedLines } from './parse/unstamped.js';
import type { Track, Tracks } from './track.js';

export interface BuiltInParts extends TrackParts {
  malformed: MalformedLines;
  unstamped: UnstampedLines;
  parsers: Record<Format, LineParser>;
}

/** The built-in pipeline: labels from the path, lines by the format of their file. */
export class BuiltIn implements Tracks {
  readonly #labeler: Labeler;
  readonly #track: BuiltInTrack;

  /** Throws an Error if the regex does not compile; it is checked at start. */
  constructor(spec: PipelineSpec, parts: BuiltInParts) {
    this.#labeler = new Labeler(spec);
    this.#track = new BuiltInTrack(parts);
  }

  of({ path }: Slice): Track {
    this.#track.labels = this.#labeler.of(path);
    return this.#track;
  }

  settle(): void {}

  takeDelta(): PipelineDelta | null {
    return null;
  }
}

class BuiltInTrack extends JoiningTrack {
  labels: PathLabels = { matched: false, blocks: [] };
  protected readonly joins = true;
  protected readonly hoisted = null;
  readonly #parts: BuiltInParts;

  constructor(parts: BuiltInParts) {
    super(parts);
    this.#parts = parts;
  }

  get origin(): number {
    return this.#parts.unstamped.origin;
  }

  set origin(origin: number) {
    this.#parts.unstamped.origin = origin;
  }

  get pathMatched(): boolean {
    return this.labels.matched;
  }

  get malformedLines(): number {
    return this.#parts.malformed.count;
  }

  begin({ path, readTimeMs }: Slice): boolean {
    this.#parts.unstamped.beginSlice(readTimeMs);
    this.#parts.malformed.count = 0;
    return this.#parts.output.beginSlice(path, this.labels.blocks);
  }

  parserOf(format: Format): LineParser {
    return this.#parts.parsers[format];
  }
}
