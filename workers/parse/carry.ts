import { STDERR, STDOUT, type StreamKind } from '../encode/push.js';

/** A partial entry whose end has not been read yet, or, when `content` is null, one that was cut and is skipped. */
export interface OpenEntry {
  kind: StreamKind;
  /** Timestamp of the last part. */
  seconds: number;
  nanos: number;
  content: Uint8Array | null;
}

/** What a slice leaves open. */
export interface Carry {
  /** The slice ended inside a line whose head was cut; what is left of it is skipped. */
  skipLine: boolean;
  open: OpenEntry[];
}

const VERSION = 1;
const HEAD_BYTES = 3;
const ENTRY_HEAD_BYTES = 18;
const SKIPPED = 1;
const OPEN = 2;

/**
 * Bytes of a carry: version, 1 if the line is skipped, number of open entries; then for each its kind, 1 (skipped) or
 * 2 (open), seconds (float64), nanoseconds and content length (uint32), all little-endian, and the content.
 */
export function encodeCarry(carry: Carry): Uint8Array | null {
  if (!carry.skipLine && carry.open.length === 0) return null;
  let size = HEAD_BYTES;
  for (const entry of carry.open) size += ENTRY_HEAD_BYTES + (entry.content?.length ?? 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = VERSION;
  bytes[1] = carry.skipLine ? 1 : 0;
  bytes[2] = carry.open.length;
  let at = HEAD_BYTES;
  for (const { kind, seconds, nanos, content } of carry.open) {
    bytes[at] = kind;
    bytes[at + 1] = content === null ? SKIPPED : OPEN;
    view.setFloat64(at + 2, seconds, true);
    view.setUint32(at + 10, nanos, true);
    view.setUint32(at + 14, content?.length ?? 0, true);
    at += ENTRY_HEAD_BYTES;
    if (content === null) continue;
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

/** The carry in `bytes`; one that can not be read counts as none. */
export function decodeCarry(bytes: Uint8Array | null): Carry {
  return (bytes === null ? null : read(bytes)) ?? { skipLine: false, open: [] };
}

function read(bytes: Uint8Array): Carry | null {
  if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION || bytes[1]! > 1 || bytes[2]! > 2) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const open: OpenEntry[] = [];
  let at = HEAD_BYTES;
  for (let i = 0; i < bytes[2]!; i++) {
    if (at + ENTRY_HEAD_BYTES > bytes.length) return null;
    const kind = bytes[at] === STDOUT ? STDOUT : bytes[at] === STDERR ? STDERR : null;
    const state = bytes[at + 1];
    const seconds = view.getFloat64(at + 2, true);
    const nanos = view.getUint32(at + 10, true);
    const length = view.getUint32(at + 14, true);
    at += ENTRY_HEAD_BYTES;
    if (kind === null || open.some((entry) => entry.kind === kind)) return null;
    if (state !== OPEN && (state !== SKIPPED || length !== 0)) return null;
    if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds >= 2 ** 35 || nanos >= 1e9) return null;
    if (at + length > bytes.length) return null;
    open.push({ kind, seconds, nanos, content: state === OPEN ? bytes.subarray(at, at + length) : null });
    at += length;
  }
  return at === bytes.length ? { skipLine: bytes[1] === 1, open } : null;
}
