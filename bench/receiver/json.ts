import * as v from 'valibot';
import { formatLabels } from './labels.js';
import { type DecodedEntry, type DecodedPush, MalformedPush, type Pair } from './payload.js';

const Metadata = v.record(v.string(), v.string());
const Entry = v.union([
  v.strictTuple([v.pipe(v.string(), v.regex(/^-?\d{1,19}$/)), v.string()]),
  v.strictTuple([v.pipe(v.string(), v.regex(/^-?\d{1,19}$/)), v.string(), Metadata]),
]);
const JsonPush = v.object({
  streams: v.array(v.object({ stream: v.record(v.string(), v.string()), values: v.array(Entry) })),
});

/** Decodes a push in Loki's JSON form: `{"streams": [{"stream": {...}, "values": [["<ns>", "<line>", {...}]]}]}`. Throws MalformedPush. */
export function decodeJson(text: string): DecodedPush {
  const { streams } = parse(text);
  return streams.map(({ stream, values }) => {
    const entries = values.map(toEntry);
    return {
      labels: formatLabels(Object.entries(stream)),
      entryCount: entries.length,
      each: (visit) => {
        for (const entry of entries) visit(entry);
      },
    };
  });
}

function parse(text: string): v.InferOutput<typeof JsonPush> {
  try {
    return v.parse(JsonPush, JSON.parse(text));
  } catch (error) {
    throw new MalformedPush(error instanceof Error ? error.message : String(error));
  }
}

function toEntry([time, text, fields]: v.InferOutput<typeof Entry>): DecodedEntry {
  const ns = BigInt(time);
  const nanos = Number(((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  const bytes = Buffer.from(text);
  const metadata: Pair[] = Object.entries(fields ?? {});
  return {
    seconds: Number((ns - BigInt(nanos)) / 1_000_000_000n),
    nanos,
    bytes,
    from: 0,
    to: bytes.length,
    metadataCount: metadata.length,
    metadataBytes: metadata.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0),
    metadata: () => metadata,
  };
}
