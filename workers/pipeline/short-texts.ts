import { readText } from './text.js';

/** The longest that is remembered. */
const SHORT_BYTES = 24;
const SLOTS = 512;

const texts: string[] = new Array<string>(SLOTS).fill('');
const lengths = new Uint8Array(SLOTS);
const contents = new Uint8Array(SLOTS * SHORT_BYTES);

/** What `readText` reads. Short ones that come again and again, as most values of fields do, are not made again. */
export function readShortText(bytes: Buffer, from: number, to: number): string {
  const length = to - from;
  if (length > SHORT_BYTES) return readText(bytes, from, to);
  let hash = length;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const at = slot * SHORT_BYTES;
  let same = lengths[slot] === length;
  for (let i = 0; same && i < length; i++) same = contents[at + i] === bytes[from + i];
  if (same) return texts[slot]!;
  const text = readText(bytes, from, to);
  for (let i = 0; i < length; i++) contents[at + i] = bytes[from + i]!;
  lengths[slot] = length;
  texts[slot] = text;
  return text;
}
