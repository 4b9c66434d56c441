/** A parcel in the queue, as far as the order is concerned. */
export interface Place {
  readonly keys: readonly string[];
  readonly seq: number;
  /** `held`: its parcel is gone, what replaces it is yet to come. */
  state: 'waiting' | 'inFlight' | 'held';
  /** Refusals in a row. */
  refusals: number;
  /** Those of them that were its own fault: others got through meanwhile. */
  strikes: number;
  /** Milliseconds since the epoch of its oldest and newest entry; 0 if not known. */
  readonly oldestMs: number;
  readonly newestMs: number;
}

/** From this many strikes on, whatever shares a key with it is better sent without that key. */
export const STUCK_STRIKES = 2;

/**
 * Keeps, for each key, the places that are not settled, oldest first. One may start when, for each of its keys,
 * fewer than the window are in flight, every older one is in flight for the first time, and its newest entry is not so
 * much newer than their oldest that Loki would refuse them if it came to this one first. So a refused one, and a held
 * place, stop all newer ones of their keys.
 */
export class KeyOrder {
  readonly #queues = new Map<string, Place[]>();
  readonly #windowSize: number;
  readonly #maxSpreadMs: number;

  constructor(windowSize: number, maxSpreadMs: number) {
    this.#windowSize = windowSize;
    this.#maxSpreadMs = maxSpreadMs;
  }

  /** Enters a place behind all of the same `seq`, or directly before another that has all its keys. */
  add(place: Place, before?: Place): void {
    for (const key of place.keys) {
      const queue = this.#queues.get(key) ?? [];
      this.#queues.set(key, queue);
      let at = before === undefined ? queue.length : queue.indexOf(before);
      if (before === undefined) while (at > 0 && queue[at - 1]!.seq > place.seq) at--;
      queue.splice(at, 0, place);
    }
  }

  remove(place: Place): void {
    for (const key of place.keys) {
      const queue = this.#queues.get(key);
      if (queue === undefined) continue;
      queue.splice(queue.indexOf(place), 1);
      if (queue.length === 0) this.#queues.delete(key);
    }
  }

  mayStart(place: Place): boolean {
    return place.keys.every((key) => this.#mayStart(place, this.#queues.get(key) ?? []));
  }

  #mayStart(place: Place, queue: Place[]): boolean {
    let inFlight = 0;
    let isOlder = true;
    for (const other of queue) {
      if (other === place) isOlder = false;
      if (isOlder && (other.state !== 'inFlight' || other.refusals > 0)) return false;
      if (isOlder && other.oldestMs > 0 && place.newestMs - other.oldestMs > this.#maxSpreadMs) return false;
      if (other.state === 'inFlight' && ++inFlight >= this.#windowSize) return false;
    }
    return true;
  }

  /** Whether any place of the key, older than `than` if given, is stuck. */
  isStuck(key: string, than?: Place): boolean {
    for (const place of this.#queues.get(key) ?? []) {
      if (place === than) return false;
      if (place.strikes >= STUCK_STRIKES) return true;
    }
    return false;
  }
}
