import type { Slice } from '../../src/protocol.js';
import { NO_STREAM } from '../encode/push.js';
import { JoiningTrack } from '../joining-track.js';
import type { LineLoop, LineParser } from '../parse/parser.js';
import type { LabelSet } from './labels.js';
import type { RouteParts } from './route.js';
import { LineClock } from './stamp.js';

const CARRIAGE_RETURN = 0x0d;

/** Lines with nothing left to be done for each: every line is an entry, as it stands in the file. */
export class PlainTrack extends JoiningTrack implements LineParser {
  origin = 0;
  readonly pathMatched = true;
  protected readonly joins: boolean = false;
  protected hoisted: LabelSet | null = null;
  protected readonly parts: RouteParts;
  protected readonly clock = new LineClock();
  readonly loop: LineLoop | null;
  #blocks: readonly Uint8Array[] = [];
  #tenant = '';

  /** `whole`: entries are whole lines. */
  constructor(parts: RouteParts, whole = true) {
    super(parts);
    this.parts = parts;
    this.loop = parts.loops?.lines(this.clock, whole) ?? null;
  }

  get malformedLines(): number {
    return 0;
  }

  /** Sets what the entries bear: `blocks` as `PushWriter.beginSlice` takes them. */
  use(labels: LabelSet, blocks: readonly Uint8Array[], tenant: string): void {
    this.hoisted = labels;
    this.#blocks = blocks;
    this.#tenant = tenant;
  }

  begin({ path, readTimeMs }: Slice): boolean {
    this.clock.begin(readTimeMs);
    return this.parts.output.beginSlice(path, this.#blocks, this.#tenant);
  }

  parserOf(): LineParser {
    return this;
  }

  line(start: number, end: number): boolean {
    const { memory, output } = this.parts;
    const clock = this.clock;
    const to = end > start && memory.bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    clock.read(memory.bytes, start, to, this.origin + start);
    output.push.setSecond(clock.seconds);
    return output.push.put(NO_STREAM, start, to, clock.nanos);
  }
}
