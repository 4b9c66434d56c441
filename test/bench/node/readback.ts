import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { seqOf } from '../../../bench/node/seq.js';

export interface CriLine {
  timestamp: string;
  stream: string;
  tag: string;
  content: string;
}

/** Everything a container has on disk, oldest generation first, as plain bytes. */
export function readChain(folder: string): Buffer {
  const names = readdirSync(folder);
  const restarts = [...new Set(names.map((name) => Number.parseInt(name, 10)))].sort((a, b) => a - b);
  const generations = restarts.flatMap((restart) => {
    const live = `${restart}.log`;
    const rotated = names.filter((name) => name.startsWith(`${live}.`)).sort();
    return names.includes(live) ? [...rotated, live] : rotated;
  });
  const plain = generations.map((name) => {
    const bytes = readFileSync(join(folder, name));
    return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  });
  return Buffer.concat(plain);
}

/** Parses with a plain regular expression, on purpose unlike the collector. Throws at a line that is not CRI. */
export function parseCri(bytes: Buffer): CriLine[] {
  const text = bytes.toString();
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line is not finished');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const found = /^(\d{4}-\d\d-\d\dT\S+) (stdout|stderr) ([PF]) (.*)$/s.exec(line);
      if (found === null) throw new Error(`not a CRI line: ${line.slice(0, 80)}`);
      const [, timestamp, stream, tag, content] = found as unknown as [string, string, string, string, string];
      return { timestamp, stream, tag, content };
    });
}

/** The running numbers in the order of the file. A line in parts has it in its first. */
export function seqsOf(lines: CriLine[]): number[] {
  return lines.map(({ content }) => seqOf(content)).filter((seq) => seq > 0);
}

/** 1, 2, 3, ..., count. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** The timestamp with all nine digits, so that texts of one zone compare as times do. */
export function sortable(timestamp: string): string {
  const [, seconds, fraction = ''] = /^([^.Z+]+?)(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)$/.exec(timestamp)!;
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}
