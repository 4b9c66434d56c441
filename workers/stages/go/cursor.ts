/** `GMT` and what is signed may stand before anything; letters, three to five of them, not before another. */
const ABBREVIATION = /^(?:(GMT)?([+-]\d+)|GMT|ChST|MeST|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z]))/;

/** A place in the text; -1 afterwards: the text is not what the layout says. */
export class Cursor {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(): number {
    this.at = -1;
    return 0;
  }

  isDigit(ahead = 0): boolean {
    const code = this.text.charCodeAt(this.at + ahead);
    return code >= 0x30 && code <= 0x39;
  }

  /** So many digits; with `fewer` there may be fewer, but one. */
  digits(count: number, fewer = false): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      if (!this.isDigit(i)) {
        if (!fewer || i === 0) return this.fail();
        this.at += i;
        return value;
      }
      value = value * 10 + this.text.charCodeAt(this.at + i) - 0x30;
    }
    this.at += count;
    return value;
  }

  /** One or two digits; two if `fixed`. */
  number(fixed: boolean, low: number, high: number): number {
    const value = this.digits(fixed || this.isDigit(1) ? 2 : 1);
    return value < low || value > high ? this.fail() : value;
  }

  name(names: readonly string[], length?: number): number {
    const text = this.text.slice(this.at, this.at + 9).toLowerCase();
    for (const [i, whole] of names.entries()) {
      const name = whole.slice(0, length).toLowerCase();
      if (!text.startsWith(name)) continue;
      this.at += name.length;
      return i;
    }
    return this.fail();
  }

  take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Layout text: as it is, but a run of spaces stands for any run of spaces. */
  literal(layout: string): void {
    for (let i = 0; i < layout.length && this.at >= 0; ) {
      if (layout[i] !== ' ') {
        if (!this.take(layout[i++]!)) this.fail();
        continue;
      }
      if (this.at < this.text.length && this.text[this.at] !== ' ') this.fail();
      while (layout[i] === ' ') i++;
      while (this.at >= 0 && this.text[this.at] === ' ') this.at++;
    }
  }

  /** The abbreviation of a zone, as Go tells them from other text. */
  abbreviation(): string {
    const [name = '', signed = '', hours] = ABBREVIATION.exec(this.text.slice(this.at)) ?? [];
    const taken = Math.abs(Number(hours ?? 0)) > 23 ? signed : name;
    if (taken === '') this.fail();
    else this.at += taken.length;
    return taken;
  }

  get startsFraction(): boolean {
    return (this.text[this.at] === '.' || this.text[this.at] === ',') && this.isDigit(1);
  }

  /** Nanoseconds after the separator at hand: from `count` digits, or from as many as there are. */
  fraction(count?: number): number {
    if (!this.startsFraction) return this.fail();
    this.at++;
    let length = count ?? 0;
    if (count === undefined) while (this.isDigit(length)) length++;
    for (let i = 0; i < length; i++) if (!this.isDigit(i)) return this.fail();
    const digits = this.text.slice(this.at, this.at + Math.min(9, length));
    this.at += length;
    return Number(digits.padEnd(9, '0'));
  }
}
