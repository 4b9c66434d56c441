/** An entry of a push, decoded. */
export interface ReadEntry {
  /** The label block, such as `{a="v"}`. */
  labels: string;
  seconds: number;
  nanos: number;
  line: Buffer;
  metadata: [name: string, value: string][];
}

type Field = { number: number; value: number; bytes: Buffer };

/** The fields of a protobuf message: varints as `value`, what has a length as `bytes`. Other kinds are not in a push. */
export function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const value = varint();
    const hasBytes = (tag & 7) === 2;
    const bytes = message.subarray(at, hasBytes ? at + value : at);
    at += bytes.length;
    yield { number: tag >> 3, value, bytes };
  }
}

/** The texts of fields 1 and 2 of a message; what is empty may be left out of it. */
function pairOf(message: Buffer): [string, string] {
  const pair: [string, string] = ['', ''];
  for (const { number, bytes } of fieldsOf(message)) pair[number === 1 ? 0 : 1] = bytes.toString();
  return pair;
}

/** The entries of a logproto.PushRequest (for the schema see `PushWriter`), not compressed. */
export function readPush(push: Buffer): ReadEntry[] {
  return [...fieldsOf(push)].flatMap(({ bytes: stream }) => {
    const fields = [...fieldsOf(stream)];
    const labels = fields.find(({ number }) => number === 1)?.bytes.toString() ?? '';
    return fields.filter(({ number }) => number === 2).map(({ bytes }) => readEntry(labels, bytes));
  });
}

function readEntry(labels: string, message: Buffer): ReadEntry {
  const entry: ReadEntry = { labels, seconds: 0, nanos: 0, line: message.subarray(0, 0), metadata: [] };
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 2) entry.line = bytes;
    if (number === 3) entry.metadata.push(pairOf(bytes));
    if (number !== 1) continue;
    for (const { number: part, value } of fieldsOf(bytes)) {
      if (part === 1) entry.seconds = value;
      else entry.nanos = value;
    }
  }
  return entry;
}
