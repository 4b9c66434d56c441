import { SHELF_UNIT_BYTES, type ShelfPlace } from '../protocol.js';

/**
 * Memory that all threads share, where workers put finished pushes. Handing over an ArrayBuffer for each push instead
 * leaves hundreds of KiB a time to the garbage collector, which lets 64 MiB of it pile up and then looks through the
 * whole heap; here a place is used again as soon as its push is settled, lowest first, so that what was never needed is
 * never touched. Nothing on it is ever freed, so a socket that still sends from a place that was given back sends bytes
 * of another push at worst, to a server that has answered before it had read the request.
 */
export class Shelf {
  readonly memory: SharedArrayBuffer;
  readonly #taken: Uint8Array;

  constructor(sizeBytes: number) {
    this.#taken = new Uint8Array(Math.ceil(sizeBytes / SHELF_UNIT_BYTES));
    this.memory = new SharedArrayBuffer(this.#taken.length * SHELF_UNIT_BYTES);
  }

  /** Takes the lowest free place of this size; null if there is none. */
  take(bytes: number): ShelfPlace | null {
    const wanted = Math.ceil(bytes / SHELF_UNIT_BYTES);
    let free = 0;
    for (let unit = 0; unit < this.#taken.length; unit += 1) {
      free = this.#taken[unit] === 0 ? free + 1 : 0;
      if (free < wanted) continue;
      const first = unit - wanted + 1;
      this.#taken.fill(1, first, unit + 1);
      return { at: first * SHELF_UNIT_BYTES, bytes };
    }
    return null;
  }

  /** Gives back a place, or its units from `at` on. */
  give({ at, bytes }: ShelfPlace): void {
    this.#taken.fill(0, Math.ceil(at / SHELF_UNIT_BYTES), Math.ceil((at + bytes) / SHELF_UNIT_BYTES));
  }

  /** What is at a place. */
  view({ at, bytes }: ShelfPlace): Uint8Array {
    return new Uint8Array(this.memory, at, bytes);
  }
}
