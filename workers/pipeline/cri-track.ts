import { NO_STREAM } from '../encode/push.js';
import { LAST_SECOND } from '../parse/timestamp.js';
import { CriHead } from '../stages/cri-head.js';
import { PlainTrack } from './plain-track.js';
import type { RouteParts } from './route.js';
import { Rfc3339 } from './stamp.js';

const CARRIAGE_RETURN = 0x0d;

/** Lines for which nothing but `stage.cri` is left to be done. What comes out is what that stage would make. */
export class CriTrack extends PlainTrack {
  protected override readonly joins = true;
  readonly #head = new CriHead();
  readonly #rfc3339 = new Rfc3339();

  constructor(parts: RouteParts) {
    super(parts, false);
  }

  override line(start: number, end: number): boolean {
    const { memory, output, joiner } = this.parts;
    const bytes = memory.bytes;
    const { push } = output;
    const head = this.#head;
    const clock = this.clock;
    const to = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    clock.read(bytes, start, to, this.origin + start);
    if (!head.read(bytes, start, to, clock.stampTo)) {
      push.setSecond(clock.seconds);
      return push.put(NO_STREAM, start, to, clock.nanos);
    }
    let { seconds, nanos } = clock;
    if (clock.stampTo < 0 && this.#rfc3339.parse(bytes, start, head.timeTo)) {
      seconds = Math.min(Math.max(0, this.#rfc3339.seconds), LAST_SECOND);
      nanos = this.#rfc3339.nanos;
    }
    if (head.partial) return joiner.part(head.kind, head.contentFrom, to, seconds, nanos);
    if (joiner.pending) return joiner.end(head.kind, head.contentFrom, to, seconds, nanos);
    push.setSecond(seconds);
    return push.put(head.kind, head.contentFrom, to, nanos);
  }
}
