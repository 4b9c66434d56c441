/** The operators, longest first, so that the first that fits is the one. */
export const operators = [
  '||',
  '&&',
  '==',
  '!=',
  '<=',
  '>=',
  '!',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '=',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ',',
  '.',
] as const;

export type Operator = (typeof operators)[number];
export type TokenKind =
  | Operator
  | 'identifier'
  | 'string'
  | 'number'
  | 'float'
  | 'bool'
  | 'null'
  | 'comment'
  | 'illegal'
  | 'terminator'
  | 'end';

export interface Token {
  kind: TokenKind;
  /** As written, quotes included; empty for terminators and the end. */
  text: string;
  /** Offsets of its first character and of what follows it. */
  from: number;
  to: number;
  /** A string in which something is wrong, which was told. */
  isBad?: true;
}

const described: Partial<Record<TokenKind, string>> = {
  identifier: 'a name',
  string: 'a string',
  number: 'a number',
  float: 'a number',
  terminator: 'the end of the line',
  end: 'the end of the file',
};

/** A token in the middle of a sentence. */
export function describeToken({ kind, text }: Token): string {
  if (kind === 'identifier' || kind === 'bool' || kind === 'null' || kind === 'illegal') return `"${text}"`;
  return described[kind] ?? `"${kind}"`;
}
