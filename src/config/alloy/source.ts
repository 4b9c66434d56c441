/** A place in a text, both counted from 1; a column is a Unicode character. */
export interface Position {
  line: number;
  column: number;
}

/** One configuration text and where its lines begin. Nodes and tokens name offsets in `text`, in UTF-16 units. */
export class SourceFile {
  readonly name: string;
  readonly text: string;
  /** Its lines must not be shown. */
  readonly isSecret: boolean;
  readonly #lineStarts: number[] = [0];

  constructor(name: string, text: string, isSecret = false) {
    this.name = name;
    this.isSecret = isSecret;
    this.text = text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  positionOf(offset: number): Position {
    const line = this.lineOf(offset);
    const start = this.#lineStarts[line - 1]!;
    return { line, column: [...this.text.slice(start, offset)].length + 1 };
  }

  lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** The text of a line, without its end. */
  lineAt(line: number): string {
    const start = this.#lineStarts[line - 1] ?? this.text.length;
    const end = this.#lineStarts[line] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, '');
  }
}

/**
 * The text in `bytes`, and the offset in it of the first byte that is not UTF-8 (-1 if all is well). Bytes that are not
 * UTF-8 become U+FFFD in the text.
 */
export function decodeUtf8(bytes: Uint8Array): { text: string; badAt: number } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  const again = Buffer.from(text, 'utf8');
  if (again.equals(buffer)) return { text, badAt: -1 };
  let same = 0;
  while (same < buffer.length && buffer[same] === again[same]) same++;
  // The replacement character may share its first bytes with what it replaces.
  while (same > 0 && (again[same]! & 0xc0) === 0x80) same--;
  return { text, badAt: again.toString('utf8', 0, same).length };
}
