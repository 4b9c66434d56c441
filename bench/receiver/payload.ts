/** A name with its value: a label, or a piece of structured metadata. */
export type Pair = [name: string, value: string];

/** What a sender of the tests writes down: see `encodePush`. */
export type Payload = {
  labels: string;
  entries: { ns: bigint; line: string | Uint8Array; metadata?: Pair[] }[];
}[];

/** One entry of a push. Only valid while it is visited: the walking decoder uses one object for all entries. */
export interface DecodedEntry {
  /** The timestamp: whole seconds since the epoch, and nanoseconds on top. */
  readonly seconds: number;
  readonly nanos: number;
  /** The line is `bytes[from, to)`. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  readonly metadataCount: number;
  /** Bytes of all names and values. */
  readonly metadataBytes: number;
  metadata(): Pair[];
}

export interface DecodedStream {
  /** The label string as it was sent, not checked. */
  labels: string;
  entryCount: number;
  /** Visits the entries in the order of the push; may be called again. */
  each(visit: (entry: DecodedEntry) => void): void;
}

export type DecodedPush = DecodedStream[];

/** The body of a push cannot be decoded: answered with 400. */
export class MalformedPush extends Error {}
