import type { Comment } from './ast.js';
import type { Diagnostics } from './diagnostics.js';
import { tokenize } from './lexer.js';
import type { SourceFile } from './source.js';
import { describeToken, type Token, type TokenKind } from './tokens.js';

/** Blocks and expressions deeper than this are refused: nobody writes them, and they would exhaust the stack. */
export const MAX_DEPTH = 200;

/**
 * The tokens of a file without its comments, which are kept until somebody asks for them. Of several mistakes in one
 * line only the first is told: the others mostly follow from it.
 */
export class TokenStream {
  readonly source: SourceFile;
  readonly #diagnostics: Diagnostics;
  readonly #tokens: Token[];
  readonly #toldLines = new Set<number>();
  #at = 0;
  #pending: { comment: Comment; line: number }[] = [];
  /** End of the last token that was no terminator. */
  #end = 0;
  #isWhole = true;

  constructor(source: SourceFile, diagnostics: Diagnostics) {
    this.source = source;
    this.#diagnostics = diagnostics;
    this.#tokens = tokenize(source.text, (offset, message, isInside) => {
      if (!isInside) this.#isWhole = false;
      this.#toldLines.add(source.lineOf(offset));
      diagnostics.error({ source, from: offset }, message);
    });
    this.#collectComments();
  }

  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** Where the last token that was taken ended. */
  get end(): number {
    return this.#end;
  }

  next(): Token {
    const token = this.token;
    if (token.kind !== 'terminator') this.#end = token.to;
    if (token.kind !== 'end') this.#at++;
    this.#collectComments();
    return token;
  }

  /** Takes the token if it is of `kind`. */
  take(kind: TokenKind): Token | null {
    return this.token.kind === kind ? this.next() : null;
  }

  /** Takes the token if it is of `kind`; else tells so and stays. */
  expect(kind: TokenKind, what = `"${kind}"`): Token | null {
    const token = this.take(kind);
    if (token === null) this.fail(`expected ${what}, found ${describeToken(this.token)}`);
    return token;
  }

  /** Whether what was told has left everything in its place, so that the rest can be judged. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  fail(message: string, at: number = this.token.from): void {
    this.#isWhole = false;
    this.tell(message, at);
  }

  /** Tells a mistake that harms nothing but itself. */
  tell(message: string, at: number = this.token.from): void {
    const line = this.source.lineOf(at);
    if (this.#toldLines.has(line)) return;
    this.#toldLines.add(line);
    this.#diagnostics.error({ source: this.source, from: at }, message);
  }

  /** Whether an empty line stands right before the token, between it and what comes before, comments included. */
  get spaced(): boolean {
    return this.#spacedAt(this.#at);
  }

  /** Gives comments back that were taken, to whoever asks next. */
  restoreComments(comments: readonly Comment[]): void {
    this.#pending.unshift(...comments.map((comment) => ({ comment, line: 0 })));
  }

  /** The comments since they were last asked for. */
  takeComments(): Comment[] {
    const taken = this.#pending.map(({ comment }) => comment);
    this.#pending = [];
    return taken;
  }

  /** The comments that stand on the line where the last token ended. */
  takeCommentsOfLine(): Comment[] {
    const line = this.source.lineOf(Math.max(0, this.#end - 1));
    const taken = this.#pending.filter((pending) => pending.line === line).map(({ comment }) => comment);
    this.#pending = this.#pending.filter((pending) => pending.line !== line);
    return taken;
  }

  #collectComments(): void {
    for (let token = this.token; token.kind === 'comment'; token = this.token) {
      const text = token.text.replace(/\r/g, '').trimEnd();
      const comment = { text, spaced: this.#spacedAt(this.#at) };
      this.#pending.push({ comment, line: this.source.lineOf(token.from) });
      this.#at++;
    }
  }

  #spacedAt(index: number): boolean {
    let before = index - 1;
    while (before >= 0 && this.#tokens[before]!.kind === 'terminator') before--;
    if (before < 0) return false;
    return /\n\s*\n/.test(this.source.text.slice(this.#tokens[before]!.to, this.#tokens[index]!.from));
  }
}
