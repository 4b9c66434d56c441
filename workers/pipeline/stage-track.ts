import { TextDecoder } from 'node:util';
import type { Dropped, Slice } from '../../src/protocol.js';
import type { LineParser } from '../parse/parser.js';
import { type LineEnds, lineEndsOf } from '../read/line-ends.js';
import type { Track } from '../track.js';
import type { Pipeline } from './pipeline.js';
import type { RouteParts } from './route.js';
import { StreamWriter } from './streams.js';

/** Lines that stages have to look at. */
export class StageTrack implements Track, LineParser {
  origin = 0;
  readonly pathMatched = true;
  readonly malformedLines = 0;
  readonly lineEnds: LineEnds;
  readonly #pipeline: Pipeline;
  readonly #parts: RouteParts;
  readonly #decoder: TextDecoder | null;

  /** `encoding`: of the lines; null for UTF-8, and bytes as they are. Throws a RangeError if it is not known. */
  constructor(pipeline: Pipeline, parts: RouteParts, encoding: string | null) {
    this.#pipeline = pipeline;
    this.#parts = parts;
    this.#decoder = encoding === null ? null : new TextDecoder(encoding);
    this.lineEnds = lineEndsOf(this.#decoder?.encoding ?? null);
  }

  get full(): boolean {
    return this.#pipeline.full;
  }

  get waitMs(): number {
    return this.#pipeline.waitMs;
  }

  get cutBytes(): number {
    return this.#pipeline.cutBytes;
  }

  get heldLines(): number {
    return this.#pipeline.held;
  }

  get releasedEntries(): number {
    return this.#pipeline.released;
  }

  get dropped(): readonly Dropped[] {
    return this.#pipeline.dropped;
  }

  begin({ path }: Slice): boolean {
    return this.#parts.output.beginSlice(path, null);
  }

  async takeUp({ path, targetLabels, readTimeMs, carry }: Slice): Promise<boolean> {
    this.#pipeline.begin({ path, targetLabels, readTimeMs, carry }, this.#parts.output.streams({ StreamWriter }));
    return this.#pipeline.skipLine;
  }

  parserOf(): LineParser {
    return this;
  }

  line(start: number, end: number): boolean {
    if (this.#pipeline.full) return false;
    const { bytes } = this.#parts.memory;
    if (this.#decoder === null) this.#pipeline.line(bytes, start, end, this.origin + start);
    else {
      const line = Buffer.from(this.#decoder.decode(bytes.subarray(start, end)));
      this.#pipeline.line(line, 0, line.length, this.origin + start);
    }
    return true;
  }

  flush(): number {
    const { output } = this.#parts;
    const before = output.entries;
    this.#pipeline.flush();
    return output.entries - before;
  }

  carry(skipLine: boolean): Uint8Array | null {
    return this.#pipeline.end(false, skipLine);
  }
}
