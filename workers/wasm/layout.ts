/*
 * Where a worker's two sides meet in its memory: offsets in bytes, and sizes. Compiled by TypeScript and by
 * AssemblyScript, so it holds nothing but numbers and imports nothing.
 */

/** Bytes of the block that holds the fields below. */
export const STATE_BYTES = 192;

// The cursor of the push that is being written.
/** int32: bytes that may still be written, over all regions. */
export const ROOM = 0;
/** int32 for each stream kind: where its next entry begins. */
export const ENDS = 4;
/** int32: 3 if each stream kind has a region of its own, 0 if they share the first. */
export const SLOT_MASK = 16;
/** int32: METADATA_SIZE, or 0 if entries bear no metadata. */
export const METADATA_BYTES = 20;
/** int32: the longest entry. */
export const MAX_LINE_BYTES = 24;

// What `takeLines` tells of the lines it took.
/** int32 */
export const LINES = 28;
/** int32 and float64: timestamp of the last line. */
export const NANOS = 32;
export const SECONDS = 40;
/** float64: milliseconds since the epoch of the oldest and the newest line. */
export const OLDEST_MS = 48;
export const NEWEST_MS = 56;

/** For each stream kind HEAD_STEP bytes: what entries of one second have in common, metadata first. */
export const HEADS = 64;
export const HEAD_STEP = 32;
/** Bytes of a head: the metadata, and the timestamp up to its nanoseconds. */
export const METADATA_SIZE = 18;
export const SECOND_SIZE = 9;
/** Where in a head the varint of the seconds is. */
export const SECOND_AT = 21;
/** Bytes of the nanoseconds, which follow the head. */
export const NANOS_SIZE = 5;

// What `findFields` looks for, and what it finds: FIELD_BYTES for each field, all of them int32.
export const FIELD_BYTES = 20;
/** Where the key is, and its length. */
export const FIELD_KEY = 0;
export const FIELD_KEY_BYTES = 4;
/** Where the value is: of a string without escapes (FIELD_IS_TEXT is 1) the content. */
export const FIELD_FROM = 8;
export const FIELD_TO = 12;
export const FIELD_IS_TEXT = 16;
/** Bytes for all fields and their keys. */
export const FIELDS_BYTES = 1024;

/** Bytes of the hash table of `compress`. */
export const TABLE_BYTES = 32768;
/** Writing goes up to this far beyond its end, and reading as well. */
export const SLACK_BYTES = 32;
