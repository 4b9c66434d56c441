import * as v from 'valibot';
import type { ParsedStream, StreamFault } from './apply.js';
import type { LabelMatch } from './selector.js';
import { parseSelector } from './selector.js';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const conditions = {
  /** Which share of the pushes it hits; default 1. Drawn from `seed`, so a run can be repeated. */
  share: v.optional(share),
  seed: v.optional(count),
  /** It ends after so many hits. */
  times: v.optional(count),
  /** It hits pushes that hold a stream this selector takes. */
  streams: v.optional(v.string()),
  /** It hits pushes longer than this after decompression. */
  overDecodedBytes: v.optional(count),
  /** Whether the push is stored all the same. */
  store: v.optional(v.boolean()),
};

/** A push is answered with `status`, and headers such as `{"retry-after": "2"}` or, with a 307, `{"location": "..."}`. */
const Refuse = v.strictObject({
  action: v.literal('refuse'),
  status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
  text: v.optional(v.string()),
  headers: v.optional(v.record(v.string(), v.string())),
  /**
   * With `streams`: whether the streams it takes are refused alone, as by Loki's limit for one stream, and the others
   * of the push are stored (the default), or the whole push.
   */
  scope: v.optional(v.picklist(['streams', 'push'])),
  ...conditions,
});
/** The connection stays open, and no answer ever comes. */
const Stall = v.strictObject({ action: v.literal('stall'), ...conditions });
/** The connection is destroyed instead of an answer. */
const Drop = v.strictObject({ action: v.literal('drop'), ...conditions });
/** The push is handled `delayMs` later. */
const Delay = v.strictObject({
  action: v.literal('delay'),
  delayMs: v.pipe(v.number(), v.minValue(0)),
  ...conditions,
});

export const FaultSchema = v.variant('action', [Refuse, Stall, Drop, Delay]);
export const FaultsSchema = v.union([v.array(FaultSchema), FaultSchema]);

/** Something that goes wrong with pushes on purpose. */
export type Fault = v.InferInput<typeof FaultSchema>;

/** What is known of a push when the faults are asked. */
export interface Incoming {
  streams: ParsedStream[];
  decodedBytes: number;
}

/** What the faults make of one push. */
export interface Judgement {
  delayMs: number;
  /** Hits the whole push; null if it is to be handled as ever. */
  fault: Exclude<Fault, { action: 'delay' }> | null;
  /** Hits single streams of it. */
  faultOf: (stream: ParsedStream) => StreamFault | null;
}

/** The faults that are set, in their order: delays add up, of the others the first that applies to a push counts. */
export class Faults {
  private armed: ArmedFault[] = [];

  /** Replaces all faults. Throws ParseError if a selector cannot be parsed. */
  set(faults: Fault | Fault[]): void {
    this.armed = [faults].flat().map((fault) => new ArmedFault(fault));
  }

  clear(): void {
    this.armed = [];
  }

  /** The faults with how often each has hit. */
  list(): { fault: Fault; hits: number }[] {
    return this.armed.map(({ fault, hits }) => ({ fault, hits }));
  }

  judge(incoming: Incoming): Judgement {
    const judgement: Judgement = { delayMs: 0, fault: null, faultOf: () => null };
    const streamFaults: ArmedFault[] = [];
    for (const armed of this.armed) {
      if (judgement.fault !== null || !armed.hit(incoming)) continue;
      if (armed.fault.action === 'delay') judgement.delayMs += armed.fault.delayMs;
      else if (armed.singlesOut) streamFaults.push(armed);
      else judgement.fault = armed.fault;
    }
    if (streamFaults.length > 0) {
      judgement.faultOf = (stream) => streamFaults.find((armed) => armed.takes(stream))?.streamFault() ?? null;
    }
    return judgement;
  }
}

class ArmedFault {
  readonly fault: Fault;
  hits = 0;
  private readonly matches: LabelMatch | null;
  private readonly random: () => number;

  constructor(fault: Fault) {
    this.fault = fault;
    this.matches = fault.streams === undefined ? null : parseSelector(fault.streams);
    this.random = mulberry32(fault.seed ?? 1);
  }

  /** Whether it refuses streams rather than pushes. */
  get singlesOut(): boolean {
    return this.fault.action === 'refuse' && this.matches !== null && this.fault.scope !== 'push';
  }

  takes(stream: ParsedStream): boolean {
    return this.matches === null || this.matches(stream.labels);
  }

  hit(incoming: Incoming): boolean {
    const { share = 1, times, overDecodedBytes } = this.fault;
    if (times !== undefined && this.hits >= times) return false;
    if (overDecodedBytes !== undefined && incoming.decodedBytes <= overDecodedBytes) return false;
    if (this.matches !== null && !incoming.streams.some((stream) => this.takes(stream))) return false;
    if (share < 1 && this.random() >= share) return false;
    this.hits++;
    return true;
  }

  streamFault(): StreamFault | null {
    return this.fault.action === 'refuse' ? { status: this.fault.status, text: this.fault.text ?? null } : null;
  }
}

/** A small generator of numbers in [0, 1): the same for the same seed (Tommy Ettinger's mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
