import type { Refusal } from './refusals.js';

/** A finished push on its way to one endpoint. */
export interface Parcel {
  /** The container logs whose lines are inside; one may be named more than once. */
  keys: readonly string[];
  /** Grows with the age of the plan: a lower one is older. */
  seq: number;
  /** For `X-Scope-OrgID`; empty: the endpoint's own. */
  tenant: string;
  /** Snappy block of a logproto.PushRequest. */
  push: Uint8Array;
  entries: number;
  /** Size before compression, in bytes. */
  encodedBytes: number;
  /** Milliseconds since the epoch of the oldest and the newest entry, if known. See `SenderOptions.maxSpreadMs`. */
  oldestMs?: number;
  newestMs?: number;
  /** Called exactly once, unless the sender is stopped before. */
  onSettled(outcome: Outcome): void;
}

/** How it ended for a parcel. */
export type Outcome = Final | (Instead & { hold(): HeldPlace });

/** The end of it: no line of the parcel is to be sent again. */
export type Final =
  | { kind: 'stored' }
  | { kind: 'storedInPart'; refused: Refusal[] }
  | { kind: 'refused'; reason: string; detail: string };

/**
 * The parcel is handed back, and something else must be sent in its stead: one parcel or several with the same `seq`.
 * Until they are submitted, newer parcels of its keys may overtake it, unless `hold()` is called within `onSettled`.
 */
export type Instead =
  /**
   * Send it in smaller parts. `keys` are those known to be held up: each belongs into a part of its own. Empty if the
   * size is to blame or it is not known which; then the keys, or the bytes of a single key, are to be divided.
   */
  | { kind: 'cut'; reason: string; keys: string[] }
  /** Send it without the stream of those labels, which do not parse; null: Loki does not say which stream it is. */
  | { kind: 'withoutStream'; labels: string | null }
  /** Send it without structured metadata, and no more of it to this endpoint. */
  | { kind: 'withoutMetadata' };

/** The place of a parcel that was handed back: newer ones of its keys wait until it is released. */
export interface HeldPlace {
  /** Submits a part, behind those submitted here before. Its keys must be among those of the parcel it is a part of. */
  submit(part: Parcel): void;
  /** All parts are submitted, or none will be. */
  release(): void;
}
