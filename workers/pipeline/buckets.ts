import { LIMIT_SLOT_BYTES, type LimitLayout, sharedBytes } from '../../src/pipeline.js';

/** How many slots in a row are looked at before the stalest of them is given away. */
const PROBES = 16;

/** Where a label value's bucket stands; two 64-bit words a slot: a hash, and its time. */
const SLOT_WORDS = LIMIT_SLOT_BYTES / 8;

/**
 * Token buckets that all workers share. A bucket is one 64-bit word: the time, in nanoseconds, at which it would be full
 * again (the virtual scheduling form of the generic cell rate algorithm, ITU-T I.371). So taking a token is one exchange.
 */
export class LimitBuckets {
  readonly #words: BigInt64Array;
  readonly #offsets: ReadonlyMap<string, { at: number; slots: number }>;
  readonly #now: () => bigint;

  /** `layout`: for each stage id, how many buckets it may need. Without `shared`, memory of its own. */
  constructor(layout: LimitLayout, shared?: SharedArrayBuffer, now: () => bigint = wallClock) {
    this.#words = new BigInt64Array(shared ?? new SharedArrayBuffer(sharedBytes(layout)));
    const offsets = new Map<string, { at: number; slots: number }>();
    let at = 0;
    for (const [id, slots] of layout) {
      offsets.set(id, { at, slots });
      at += slots * SLOT_WORDS;
    }
    this.#offsets = offsets;
    this.#now = now;
  }

  /** Takes a token of stage `id` (and of `key`, for one bucket a label value) if there is one. */
  take(id: string, key: string | null, rate: number, burst: number): boolean {
    return this.#move(this.#slot(id, key), rate, burst, false) === 0n;
  }

  /** Takes a token in any case; returns how many milliseconds one has to wait for it. */
  reserve(id: string, rate: number, burst: number): number {
    return Number(this.#move(this.#slot(id, null), rate, burst, true)) / 1e6;
  }

  #move(slot: number, rate: number, burst: number, always: boolean): bigint {
    const interval = BigInt(Math.max(1, Math.round(1e9 / rate)));
    const room = interval * BigInt(burst);
    for (;;) {
      const now = this.#now();
      const old = Atomics.load(this.#words, slot + 1);
      const full = (old > now ? old : now) + interval;
      const wait = full - now - room;
      if (wait > 0n && !always) return wait;
      if (Atomics.compareExchange(this.#words, slot + 1, old, full) === old) return wait > 0n ? wait : 0n;
    }
  }

  #slot(id: string, key: string | null): number {
    const { at, slots } = this.#offsets.get(id)!;
    if (key === null) return at;
    const hash = hashOf(key);
    let stalest = -1;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = at + Number((BigInt.asUintN(64, hash) + BigInt(probe)) % BigInt(slots)) * SLOT_WORDS;
      const owner = Atomics.load(this.#words, slot);
      if (owner === hash) return slot;
      if (owner === 0n) {
        const before = Atomics.compareExchange(this.#words, slot, 0n, hash);
        if (before === 0n || before === hash) return slot;
      }
      if (stalest < 0 || Atomics.load(this.#words, slot + 1) < Atomics.load(this.#words, stalest + 1)) stalest = slot;
    }
    Atomics.store(this.#words, stalest, hash);
    Atomics.store(this.#words, stalest + 1, 0n);
    return stalest;
  }
}

function wallClock(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}

/** FNV-1a, 64 bits; never 0, which marks a free slot. */
function hashOf(key: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(key)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return BigInt.asIntN(64, hash) || 1n;
}
