import { markOf } from '../mark.js';
import { fieldsOf } from './read-push.js';

/** A part of a push: whole streams. */
export interface Share {
  /** Hashes of their labels; null: all that there are. */
  streams: string[] | null;
  /** A logproto.PushRequest. */
  bytes: Buffer;
  entries: number;
}

/**
 * Divides a logproto.PushRequest of `entries`, not compressed, into ones of at most `most` streams; what has the same
 * labels stays together. 0: any number. `only`: hashes of the streams that are wanted; null: all.
 */
export function shareOut(push: Buffer, entries: number, most: number, only: readonly string[] | null): Share[] {
  if (most === 0) return [{ streams: null, bytes: push, entries }];
  const byHash = new Map<string, Buffer[]>();
  let from = 0;
  for (const { bytes: stream } of fieldsOf(push)) {
    const part = push.subarray(from, stream.byteOffset + stream.length - push.byteOffset);
    from += part.length;
    const hash = hashOf(stream);
    const parts = byHash.get(hash);
    if (parts !== undefined) parts.push(part);
    else if (only === null || only.includes(hash)) byHash.set(hash, [part]);
  }
  if (only === null && byHash.size <= most) return [{ streams: null, bytes: push, entries }];
  const streams = [...byHash];
  const shares: Share[] = [];
  for (let at = 0; at < streams.length; at += most) {
    const own = streams.slice(at, at + most);
    const bytes = Buffer.concat(own.flatMap(([, parts]) => parts));
    shares.push({ streams: own.map(([hash]) => hash), bytes, entries: entriesIn(bytes) });
  }
  return shares;
}

/** Labels come first in a stream, as our writers make it. */
function hashOf(stream: Buffer): string {
  for (const { bytes } of fieldsOf(stream)) return markOf(bytes, 0, bytes.length).hash;
  return '';
}

function entriesIn(push: Buffer): number {
  let entries = 0;
  for (const { bytes: stream } of fieldsOf(push))
    for (const { number } of fieldsOf(stream)) if (number === 2) entries++;
  return entries;
}
