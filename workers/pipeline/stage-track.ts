import type { Slice } from '../../src/protocol.js';
import type { LineParser } from '../parse/parser.js';
import type { Track } from '../track.js';
import type { Pipeline } from './pipeline.js';
import type { RouteParts } from './route.js';
import { StreamWriter } from './streams.js';

/** Lines that stages have to look at. */
export class StageTrack implements Track, LineParser {
  origin = 0;
  readonly pathMatched = true;
  readonly malformedLines = 0;
  readonly #pipeline: Pipeline;
  readonly #parts: RouteParts;

  constructor(pipeline: Pipeline, parts: RouteParts) {
    this.#pipeline = pipeline;
    this.#parts = parts;
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
    this.#pipeline.line(this.#parts.memory.bytes, start, end, this.origin + start);
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
