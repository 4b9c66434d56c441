/** A label string or a query does not follow the grammar. `message` reads as Loki's: `parse error: ...`. */
export class ParseError extends Error {
  /** Where, counted from 1, in characters. */
  readonly column: number;

  constructor(column: number, message: string) {
    super(message);
    this.column = column;
  }
}

const SIMPLE_ESCAPES: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '\\': 92 };

/** Reads the tokens that label strings and queries are made of, from the left. */
export class Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    this.skipSpace();
    return this.at >= this.text.length;
  }

  /** Takes `token` if it comes next. */
  take(token: string): boolean {
    this.skipSpace();
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) this.fail(this.unexpected());
  }

  /** A label name: ASCII letters, digits and underscores, not beginning with a digit. */
  name(): string {
    this.skipSpace();
    const match = /[a-zA-Z_][a-zA-Z0-9_]*/y;
    match.lastIndex = this.at;
    const found = match.exec(this.text)?.[0];
    if (found === undefined) this.fail(this.unexpected());
    this.at += found.length;
    return found;
  }

  /**
   * A quoted string: "..." or '...' with the escapes of a Go string, or a raw `...`. As in Loki, the character U+FFFD
   * may not stand in it unescaped, for its lexer takes it for bytes that are not UTF-8.
   */
  quoted(): string {
    this.skipSpace();
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== "'" && quote !== '`') this.fail(this.unexpected());
    this.at++;
    const bytes: Buffer[] = [];
    let from = this.at;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined || (char === '\n' && quote !== '`')) this.fail('unterminated quoted string');
      if (char === '\ufffd') this.fail('invalid UTF-8 rune');
      if (char === quote || (char === '\\' && quote !== '`')) {
        bytes.push(Buffer.from(this.text.slice(from, this.at)));
        this.at++;
        if (char === quote) return Buffer.concat(bytes).toString();
        bytes.push(this.escape(quote));
        from = this.at;
      } else this.at++;
    }
  }

  fail(message: string): never {
    throw new ParseError(this.at + 1, `parse error: ${message}`);
  }

  unexpected(): string {
    const char = this.text[this.at];
    return char === undefined ? 'unexpected end of input' : `unexpected character inside braces: '${char}'`;
  }

  private skipSpace(): void {
    while (/[ \t\r\n]/.test(this.text[this.at] ?? '')) this.at++;
  }

  private escape(quote: string): Buffer {
    const char = this.text[this.at] ?? '';
    if (char === quote) return Buffer.from(this.text[this.at++]!);
    const simple = SIMPLE_ESCAPES[char];
    if (simple !== undefined) {
      this.at++;
      return Buffer.of(simple);
    }
    if (char === 'x') return Buffer.of(this.digits(1, 2, 16));
    if (char === 'u' || char === 'U') {
      const point = this.digits(1, char === 'u' ? 4 : 8, 16);
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
        this.fail('escape sequence is an invalid Unicode code point');
      }
      return Buffer.from(String.fromCodePoint(point));
    }
    if (/[0-7]/.test(char)) {
      const byte = this.digits(0, 3, 8);
      if (byte > 255) this.fail('escape sequence is an invalid Unicode code point');
      return Buffer.of(byte);
    }
    return this.fail(char === '' ? 'escape sequence not terminated' : `unknown escape sequence '${char}'`);
  }

  private digits(skip: number, count: number, base: 8 | 16): number {
    const text = this.text.slice(this.at + skip, this.at + skip + count);
    const wanted = base === 8 ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/;
    if (text.length < count || !wanted.test(text)) this.fail('illegal character in escape sequence');
    this.at += skip + count;
    return Number.parseInt(text, base);
  }
}
