import protobuf from 'protobufjs';
import { type DecodedEntry, type DecodedPush, MalformedPush, type Pair, type Payload } from './payload.js';

/**
 * What Loki takes on its push endpoint, by field number (logproto.PushRequest). A line is declared `bytes`, not
 * `string`, which is the same on the wire, so that a line that is not UTF-8 comes out as it went in.
 */
const SCHEMA = `
syntax = "proto3";
package logproto;

message PushRequest { repeated Stream streams = 1; }
message Stream {
  string labels = 1;
  repeated Entry entries = 2;
  uint64 hash = 3;
}
message Entry {
  Timestamp timestamp = 1;
  bytes line = 2;
  repeated LabelPair structuredMetadata = 3;
}
message Timestamp {
  int64 seconds = 1;
  int32 nanos = 2;
}
message LabelPair {
  string name = 1;
  string value = 2;
}
`;

/** The protobufjs type of a push, to decode or to encode one from plain objects. */
export const PushRequest: protobuf.Type = protobuf.parse(SCHEMA).root.lookupType('logproto.PushRequest');

interface RawEntry {
  timestamp?: { seconds?: number | { toNumber(): number }; nanos?: number } | null;
  line?: Uint8Array | number[];
  structuredMetadata?: { name?: string; value?: string }[];
}

interface RawPush {
  streams?: { labels?: string; entries?: RawEntry[] }[];
}

/** Decodes a push from its uncompressed protobuf bytes with protobufjs: lines are views of `bytes`. Throws MalformedPush. */
export function decodePush(bytes: Buffer): DecodedPush {
  const raw = decodeRaw(bytes);
  return (raw.streams ?? []).map((stream) => {
    const entries = (stream.entries ?? []).map(fromRaw);
    return {
      labels: stream.labels ?? '',
      entryCount: entries.length,
      each: (visit) => {
        for (const entry of entries) visit(entry);
      },
    };
  });
}

/** Encodes streams as Loki takes them, not compressed; `ns` is the timestamp in nanoseconds since the epoch. */
export function encodePush(streams: Payload): Uint8Array {
  return PushRequest.encode({
    streams: streams.map((stream) => ({
      labels: stream.labels,
      entries: stream.entries.map((entry) => ({
        timestamp: { seconds: Number(entry.ns / 1_000_000_000n), nanos: Number(entry.ns % 1_000_000_000n) },
        line: typeof entry.line === 'string' ? Buffer.from(entry.line) : entry.line,
        structuredMetadata: (entry.metadata ?? []).map(([name, value]) => ({ name, value })),
      })),
    })),
  }).finish();
}

function decodeRaw(bytes: Buffer): RawPush {
  try {
    return PushRequest.decode(bytes) as unknown as RawPush;
  } catch (error) {
    throw new MalformedPush(error instanceof Error ? error.message : String(error));
  }
}

function fromRaw(raw: RawEntry): DecodedEntry {
  const seconds = raw.timestamp?.seconds ?? 0;
  // Absent bytes are an empty array to protobufjs.
  const line = Buffer.isBuffer(raw.line) ? raw.line : Buffer.alloc(0);
  const metadata = (raw.structuredMetadata ?? []).map((pair): Pair => [pair.name ?? '', pair.value ?? '']);
  return {
    seconds: typeof seconds === 'number' ? seconds : seconds.toNumber(),
    nanos: raw.timestamp?.nanos ?? 0,
    bytes: line,
    from: 0,
    to: line.length,
    metadataCount: metadata.length,
    metadataBytes: metadata.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0),
    metadata: () => metadata,
  };
}
