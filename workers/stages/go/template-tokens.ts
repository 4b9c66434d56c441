import { parseFloat64, parseInteger } from './numbers.js';
import { unescapeGo } from './unescape.js';

/** A `bigint` where Go has a whole number. */
export type Constant = string | bigint | number | boolean;

/** `at`: where it begins in the template, in UTF-16 units. */
export type Token = { at: number } & TokenKind;

type TokenKind =
  | { kind: 'text'; text: string }
  | { kind: 'open' | 'close' | 'space' | 'end' }
  | { kind: 'mark' | 'word' | 'field' | 'variable'; text: string }
  | { kind: 'constant'; value: Constant };

/** What is wrong with a template, and at which of its UTF-16 units. */
export class TemplateError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = 'TemplateError';
    this.at = at;
  }
}

const IN_ACTION =
  /(?<space>[ \t\r\n]+)|(?<field>\.[\p{L}_][\p{L}\p{Nd}_]*)|(?<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))|(?<variable>\$(?:[\p{L}_][\p{L}\p{Nd}_]*)?)|(?<word>[\p{L}_][\p{L}\p{Nd}_]*)|(?<string>"(?:[^"\\\n]|\\.)*")|(?<raw>`[^`]*`)|(?<char>'(?:[^'\\\n]|\\.)+')|(?<mark>:=|[=|(),.])/uy;

const NAMES: ReadonlySet<string> = new Set(['word', 'field', 'variable']);
/** What may stand right behind a name. */
const BEHIND_NAME = /(?=[ \t\r\n.,|:()]|\}\}|$)/y;

/** The parts of a template. Throws a TemplateError for what is none. */
export function tokens(source: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  let trim = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    const end = open < 0 ? source.length : open;
    const textAt = at;
    let text = source.slice(at, end);
    if (trim) text = text.replace(/^[ \t\r\n]+/, '');
    trim = false;
    at = end;
    if (open >= 0) {
      at += 2;
      if (/^-[ \t\r\n]/.test(source.slice(at, at + 2))) {
        text = text.replace(/[ \t\r\n]+$/, '');
        at += 2;
      }
    }
    if (text !== '') found.push({ at: textAt, kind: 'text', text });
    if (open < 0) break;
    const comment = /^\/\*[\s\S]*?\*\/(?:([ \t\r\n]-)?\}\})/.exec(source.slice(at));
    if (comment !== null) {
      at += comment[0].length;
      trim = comment[1] !== undefined;
      continue;
    }
    found.push({ at: open, kind: 'open' });
    let closeAt = at;
    for (;;) {
      const close = /^(?:[ \t\r\n]+-)?\}\}/.exec(source.slice(at, source.indexOf('}}', at) + 2));
      if (close !== null) {
        closeAt = at;
        at += close[0].length;
        trim = close[0].length > 2;
        break;
      }
      IN_ACTION.lastIndex = at;
      const match = IN_ACTION.exec(source);
      if (match === null)
        throw at >= source.length ? new TemplateError('unclosed action', open) : unexpected(source, at);
      const token: Token = { at, ...tokenAt(match.groups!, match[0], at) };
      found.push(token);
      at += match[0].length;
      BEHIND_NAME.lastIndex = at;
      if (NAMES.has(token.kind) && !BEHIND_NAME.test(source)) throw unexpected(source, at);
    }
    found.push({ at: closeAt, kind: 'close' });
  }
  found.push({ at: source.length, kind: 'end' });
  return found;
}

function unexpected(source: string, at: number): TemplateError {
  return new TemplateError(`unexpected ${JSON.stringify(source[at])} in an action`, at);
}

function tokenAt(groups: Record<string, string | undefined>, text: string, at: number): TokenKind {
  try {
    return tokenOf(groups, text);
  } catch (error) {
    throw new TemplateError(error instanceof Error ? error.message : String(error), at);
  }
}

function tokenOf(groups: Record<string, string | undefined>, text: string): TokenKind {
  if (groups.space !== undefined) return { kind: 'space' };
  if (groups.field !== undefined) return { kind: 'field', text: text.slice(1) };
  if (groups.variable !== undefined) return { kind: 'variable', text };
  if (groups.mark !== undefined) return { kind: 'mark', text };
  if (groups.raw !== undefined) return { kind: 'constant', value: text.slice(1, -1) };
  if (groups.string !== undefined) return { kind: 'constant', value: unescapeGo(text.slice(1, -1)) };
  if (groups.char !== undefined)
    return { kind: 'constant', value: BigInt(unescapeGo(text.slice(1, -1), "'").codePointAt(0)!) };
  if (groups.number !== undefined) {
    const value = parseInteger(text) ?? parseFloat64(text);
    if (value === null) throw new Error(`${text} is no number`);
    return { kind: 'constant', value };
  }
  if (text === 'true' || text === 'false') return { kind: 'constant', value: text === 'true' };
  return { kind: 'word', text };
}
