import fc from 'fast-check';
import type { Body, Expression, File, Statement } from '../../../src/config/alloy/ast.js';

import { SourceFile } from '../../../src/config/alloy/source.js';
import { quote } from '../../../src/config/alloy/strings.js';

const source = new SourceFile('', '');
const place = { source, from: 0, to: 0 };
const surroundings = { leading: [], trailing: [], spaced: false };

const name = fc
  .oneof(
    fc.constantFrom('a', 'loki', 'stage_1', '_', 'é', 'nullable', 'targets'),
    fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,5}$/),
  )
  .filter((text) => !['true', 'false', 'null'].includes(text));

const stringLiteral = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }).map(quote),
  fc.constantFrom('""', '"\\u00e9\\x41\\101"', '`raw \\d "x"`', '`two\nlines`'),
);

const literal: fc.Arbitrary<Expression> = fc
  .oneof(
    stringLiteral.map((text) => ({ type: 'string' as const, text })),
    fc.nat().map((value) => ({ type: 'number' as const, text: String(value) })),
    fc.constantFrom('1.5', '.5', '1.', '1e3', '2E-7').map((text) => ({ type: 'float' as const, text })),
    fc.constantFrom('true', 'false').map((text) => ({ type: 'bool' as const, text })),
    fc.constant({ type: 'null' as const, text: 'null' }),
  )
  .map((literal) => ({ kind: 'literal', ...place, ...literal }));

const named = (text: string) => ({ ...place, text });

const { expression } = fc.letrec<{ expression: Expression; operand: Expression; tight: Expression }>((tie) => ({
  /** What may stand before `.`, `[` and `(` without parentheses. */
  tight: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'expression' },
    name.map((text): Expression => ({ kind: 'identifier', ...place, name: text })),
    tie('expression').map((inner): Expression => ({ kind: 'paren', ...place, inner })),
    fc
      .tuple(tie('tight'), name)
      .map(([value, text]): Expression => ({ kind: 'access', ...place, value, name: named(text) })),
    fc
      .tuple(tie('tight'), tie('expression'))
      .map(([value, index]): Expression => ({ kind: 'index', ...place, value, index })),
    fc
      .tuple(tie('tight'), fc.array(tie('expression'), { maxLength: 3 }))
      .map(([callee, args]): Expression => ({ kind: 'call', ...place, callee, args })),
  ),
  operand: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'expression' },
    literal,
    tie('tight'),
    fc.tuple(fc.array(tie('expression'), { maxLength: 3 }), fc.boolean()).map(([values, multiline]): Expression => {
      const elements = values.map((value) => ({ value, ...surroundings }));
      return { kind: 'array', ...place, elements, dangling: [], multiline: multiline && values.length > 0 };
    }),
    fc
      .tuple(fc.array(fc.tuple(fc.oneof(name, name.map(quote)), tie('expression')), { maxLength: 3 }), fc.boolean())
      .map(([pairs, multiline]): Expression => {
        const fields = pairs.map(([written, value]) => {
          const key = named(written.startsWith('"') ? written.slice(1, -1) : written);
          return { ...place, key, written, value, ...surroundings };
        });
        return { kind: 'object', ...place, fields, dangling: [], multiline: multiline && pairs.length > 0 };
      }),
    fc
      .tuple(fc.constantFrom('!' as const, '-' as const), tie('operand'))
      .map(([operator, value]): Expression => ({ kind: 'unary', ...place, operator, value })),
  ),
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'expression' },
    tie('operand'),
    fc
      .tuple(
        fc.constantFrom(...(['||', '&&', '==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '^'] as const)),
        tie('operand'),
        tie('operand'),
      )
      .map(([operator, left, right]): Expression => ({ kind: 'binary', ...place, at: 0, operator, left, right })),
  ),
}));

const { body } = fc.letrec<{ body: Body; statement: Statement }>((tie) => ({
  body: fc
    .array(tie('statement'), { maxLength: 4, depthIdentifier: 'body' })
    .map((statements) => ({ statements, dangling: [] })),
  statement: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'body' },
    fc.tuple(name, expression).map(
      ([text, value]): Statement => ({
        kind: 'attribute',
        ...place,
        ...surroundings,
        name: named(text),
        value,
      }),
    ),
    fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), fc.option(name), tie('body')).map(
      ([parts, label, body]): Statement => ({
        kind: 'block',
        ...place,
        ...surroundings,
        name: named(parts.join('.')),
        label: label === null ? null : named(label),
        body,
      }),
    ),
  ),
}));

/** Files as a parser could have read them. */
export const files: fc.Arbitrary<File> = body.map((body) => ({ kind: 'file', ...place, body, isWhole: true }));

/** Pieces of the syntax in any order. */
export const tokenSoup: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...'= { } ( ) [ ] , . || && ! == != < <= > >= + - * / % ^ | & # \' " ` \n \n \t // /* */'.split(' '),
      ),
      fc.constantFrom('loki.write', 'loki.process', 'stage.regex', 'stage.match', 'declare', 'argument', 'export'),
      fc.constantFrom('forward_to', 'endpoint', 'url', 'values', 'expression', 'import.string', 'content', 'logging'),
      fc.constantFrom(
        '"a"',
        '"\\d"',
        '`x`',
        '1',
        '010',
        '1e',
        '.5',
        'true',
        'null',
        'sys.env',
        'loki.write.a.receiver',
      ),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(' '));
