export type Field = string | number | { [key: string]: Field } | Field[];

const STRING = 2;
const DOUBLE = 3;
const UINT32 = 6;
const MAP = 7;
const ARRAY = 11;

function control(type: number, size: number): Buffer {
  const extended = type > 7;
  const first = (extended ? 0 : type << 5) | (size < 29 ? size : 29);
  return Buffer.from([first, ...(extended ? [type - 7] : []), ...(size < 29 ? [] : [size - 29])]);
}

function encode(field: Field): Buffer {
  if (typeof field === 'string') return Buffer.concat([control(STRING, Buffer.byteLength(field)), Buffer.from(field)]);
  if (typeof field === 'number') {
    const whole = Number.isInteger(field) && field >= 0;
    const bytes = Buffer.alloc(whole ? 4 : 8);
    if (whole) bytes.writeUInt32BE(field);
    else bytes.writeDoubleBE(field);
    return Buffer.concat([control(whole ? UINT32 : DOUBLE, bytes.length), bytes]);
  }
  if (Array.isArray(field)) return Buffer.concat([control(ARRAY, field.length), ...field.map(encode)]);
  const entries = Object.entries(field);
  return Buffer.concat([
    control(MAP, entries.length),
    ...entries.flatMap(([name, value]) => [encode(name), encode(value)]),
  ]);
}

/**
 * A MaxMind database (format 2.0, maxmind.github.io/MaxMind-DB) over IPv4 in which each /8 of `networks` has its record.
 */
export function mmdb(networks: Record<number, Field>, type: string): Buffer {
  const data: Buffer[] = [];
  const offsets = new Map<number, number>();
  let size = 0;
  for (const [network, record] of Object.entries(networks)) {
    offsets.set(Number(network), size);
    data.push(encode(record));
    size += data.at(-1)!.length;
  }
  // A node has two children: a node, the number of nodes for nothing, or beyond it a place in the data.
  const nodes: [number | null, number | null][] = [[null, null]];
  for (const network of offsets.keys()) {
    let node = 0;
    for (let bit = 7; bit > 0; bit--) {
      const side = (network >> bit) & 1;
      if (nodes[node]![side] === null) nodes[node]![side] = nodes.push([null, null]) - 1;
      node = nodes[node]![side]!;
    }
    nodes[node]![network & 1] = -1 - network;
  }
  const count = nodes.length;
  const tree = Buffer.alloc(count * 8);
  for (const [i, children] of nodes.entries()) {
    for (const [side, child] of children.entries()) {
      const value = child === null ? count : child >= 0 ? child : count + 16 + offsets.get(-1 - child)!;
      tree.writeUInt32BE(value, i * 8 + side * 4);
    }
  }
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    database_type: type,
    description: { en: 'made for tests' },
    ip_version: 4,
    languages: ['en'],
    node_count: count,
    record_size: 32,
  };
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    ...data,
    Buffer.from('abcdef4d61784d696e642e636f6d', 'hex'),
    encode(metadata),
  ]);
}
