import { JsonScanner } from '../parse/json.js';
import type { Entry } from '../pipeline/entry.js';
import { readText } from '../pipeline/text.js';
import type { Value } from '../pipeline/values.js';
import { goJson, parseJson } from './go/json.js';

const QUOTE = 0x22;

/** A top-level key that is wanted, and the name it is extracted under. */
interface Wanted {
  key: Buffer;
  name: string;
  /** The short string that was read last, and its bytes: many fields have few values. */
  text: string;
  bytes: Buffer;
  length: number;
}

/** Longest string that is remembered. */
const SHORT_BYTES = 16;

/**
 * Extracts values of top-level keys from the bytes of a line: of what is not wanted, no string and no object is made.
 * Takes what is plain; for all else it says so, and the line has to be parsed as a whole.
 */
export class JsonFields {
  readonly #wanted: readonly Wanted[];
  readonly #found: (Value | undefined)[];
  /** Whether a key is wanted under several names. */
  readonly #repeats: boolean;
  #bytes: Buffer | null = null;
  #scanner: JsonScanner | null = null;

  /** `fields`: [name, key]. */
  constructor(fields: readonly (readonly [name: string, key: string])[]) {
    this.#wanted = fields.map(([name, key]) => {
      return { name, key: Buffer.from(key), text: '', bytes: Buffer.alloc(SHORT_BYTES), length: 0 };
    });
    this.#found = fields.map(() => undefined);
    this.#repeats = new Set(fields.map(([, key]) => key)).size < fields.length;
  }

  /** Returns false, with nothing extracted, if the line is not all plain JSON. */
  extract(entry: Entry): boolean {
    const { bytes, from, to } = entry;
    if (bytes !== this.#bytes || this.#scanner === null) {
      this.#bytes = bytes;
      this.#scanner = new JsonScanner(bytes);
    }
    const scanner = this.#scanner;
    const found = this.#found;
    found.fill(null);
    let at = scanner.beginObject(from, to);
    while (at >= 0 && scanner.more) {
      const valueAt = scanner.key(at);
      if (valueAt < 0 || scanner.escapes > 0) return false;
      const index = this.#indexOf(bytes, scanner.keyFrom, scanner.keyTo);
      const end = scanner.value(valueAt);
      if (end < 0) return false;
      if (index >= 0) this.#take(index, scanner, bytes, valueAt, end);
      at = scanner.afterValue(end);
    }
    if (at < 0) return false;
    for (let i = 0; i < found.length; i++) entry.extracted.set(this.#wanted[i]!.name, found[i]!);
    return true;
  }

  #indexOf(bytes: Buffer, from: number, to: number): number {
    next: for (let i = 0; i < this.#wanted.length; i++) {
      const { key } = this.#wanted[i]!;
      if (key.length !== to - from) continue;
      for (let k = 0; k < key.length; k++) if (key[k] !== bytes[from + k]) continue next;
      return i;
    }
    return -1;
  }

  #take(index: number, scanner: JsonScanner, bytes: Buffer, from: number, to: number): void {
    const wanted = this.#wanted[index]!;
    const { key } = wanted;
    const value = read(wanted, scanner, bytes, from, to);
    this.#found[index] = value;
    if (this.#repeats)
      for (let i = index + 1; i < this.#wanted.length; i++)
        if (this.#wanted[i]!.key.equals(key)) this.#found[i] = value;
  }
}

function read(wanted: Wanted, scanner: JsonScanner, bytes: Buffer, from: number, to: number): Value {
  if (bytes[from] === QUOTE && scanner.escapes === 0) {
    return readString(wanted, bytes, scanner.stringFrom, scanner.stringTo);
  }
  const json = parseJson(readText(bytes, from, to));
  return typeof json === 'object' && json !== null ? goJson(json) : (json as Value);
}

function readString(wanted: Wanted, bytes: Buffer, from: number, to: number): string {
  const length = to - from;
  if (length > SHORT_BYTES) return readText(bytes, from, to);
  const last = wanted.bytes;
  let same = length === wanted.length;
  for (let i = 0; same && i < length; i++) same = last[i] === bytes[from + i];
  if (same) return wanted.text;
  for (let i = 0; i < length; i++) last[i] = bytes[from + i]!;
  wanted.length = length;
  wanted.text = readText(bytes, from, to);
  return wanted.text;
}
