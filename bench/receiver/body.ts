import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { uncompressSync } from 'snappy';
import { decodeJson } from './json.js';
import { type DecodedPush, MalformedPush } from './payload.js';
import { decodePush } from './push.js';
import { walkPush } from './walk.js';

export interface DecodedBody {
  push: DecodedPush;
  /** Size after decompression. */
  bytes: number;
}

/**
 * Decodes the body of a push by its headers: JSON if it says so, else the snappy block of a protobuf, either of them
 * gzipped or deflated on top. `keep` tells whether lines will be kept, or only looked at while the push is applied.
 * Throws MalformedPush.
 */
export function decodeBody(body: Buffer, headers: IncomingHttpHeaders, keep: boolean): DecodedBody {
  const plain = unwrap(body, headers['content-encoding'] ?? '');
  const contentType = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (contentType === 'application/json') return { push: decodeJson(plain.toString()), bytes: plain.length };
  const bytes = attempt(() => uncompressSync(plain, { asBuffer: true, copyOutputData: true }) as Buffer, 'snappy');
  return { push: keep ? decodePush(bytes) : walkPush(bytes), bytes: bytes.length };
}

function unwrap(body: Buffer, encoding: string): Buffer {
  // `snappy` is what the protobuf body is anyway; senders may say so or not.
  if (encoding === '' || encoding === 'snappy') return body;
  if (encoding === 'gzip') return attempt(() => gunzipSync(body), 'gzip');
  if (encoding === 'deflate') return attempt(() => inflateRawSync(body), 'flate');
  throw new MalformedPush(`Content-Encoding "${encoding}" not supported`);
}

function attempt(decompress: () => Buffer, name: string): Buffer {
  try {
    return decompress();
  } catch {
    throw new MalformedPush(`${name}: corrupt input`);
  }
}
