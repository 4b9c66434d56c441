import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { File } from '../../../src/config/alloy/ast.js';
import { Diagnostics, formatDiagnostics } from '../../../src/config/alloy/diagnostics.js';
import { parseFile } from '../../../src/config/alloy/parser.js';
import { printFile } from '../../../src/config/alloy/printer.js';
import { SourceFile } from '../../../src/config/alloy/source.js';
import { files, tokenSoup } from './generate.js';
import { loadAlloy } from './helpers.js';

function parse(text: string): File {
  const diagnostics = new Diagnostics();
  const file = parseFile(new SourceFile('', text), diagnostics);
  assert.equal(formatDiagnostics(diagnostics.sorted()), '', text);
  return file;
}

/** What `sleipnir fmt` makes of a text; null if it has mistakes. */
function format(text: string): string | null {
  const diagnostics = new Diagnostics();
  const file = parseFile(new SourceFile('', text), diagnostics);
  return diagnostics.hasErrors ? null : printFile(file);
}

/** A tree without places and empty lines. */
function meaning(file: File): unknown {
  const text = JSON.stringify(file.body, (key, value) =>
    ['source', 'from', 'to', 'at', 'spaced'].includes(key) ? undefined : value,
  );
  return JSON.parse(text);
}

/** Loads whatever it is: a plan or diagnostics comes out, nothing else. */
function load(text: string): void {
  const result = loadAlloy({ texts: [{ name: 'fuzz.alloy', text }] }, { env: {} });
  if ('diagnostics' in result) {
    assert.ok(result.diagnostics.some(({ severity }) => severity === 'error'));
    for (const { line, column, message } of result.diagnostics) {
      assert.ok(line >= 1 && column >= 1 && message !== '');
    }
    formatDiagnostics(result.diagnostics);
  }
}

describe('printing and parsing', () => {
  it('give the same tree back', () => {
    fc.assert(
      fc.property(files, (file) => {
        const text = printFile(file);
        assert.deepEqual(meaning(parse(text)), meaning(file), text);
      }),
      { numRuns: 300 },
    );
  });

  it('give operators without parentheses back as they were', () => {
    const operator = fc.constantFrom('||', '&&', '==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '^');
    fc.assert(
      fc.property(fc.array(operator, { maxLength: 8 }), (operators) => {
        const text = `a = 1${operators.map((each) => ` ${each} -b`).join('')}\n`;
        assert.equal(format(text), text);
      }),
    );
  });

  it('come to rest after one formatting', () => {
    fc.assert(
      fc.property(files, (file) => {
        const text = printFile(file);
        assert.equal(format(text), text);
      }),
      { numRuns: 100 },
    );
  });

  it('keep every comment and single empty lines', () => {
    const text = readFileSync('test/config/alloy/fixtures/comments.alloy', 'utf8');
    const formatted = format(text);
    assert.ok(formatted !== null);
    assert.equal(formatted, readFileSync('test/config/alloy/fixtures/comments.formatted.alloy', 'utf8'));
    assert.equal(format(formatted), formatted);
    const comments = (from: string): string[] => (from.match(/c\d+/g) ?? []).sort();
    assert.deepEqual(comments(formatted), comments(text));
  });

  it('leave a file with mistakes alone', () => {
    assert.equal(format('a = '), null);
  });
});

describe('any input', () => {
  it('ends in a plan or in diagnostics: soups of tokens', () => {
    fc.assert(fc.property(tokenSoup, load), { numRuns: 1000 });
  });

  it('ends in a plan or in diagnostics: random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const files = { readFile: () => bytes, listFolder: () => null };
        loadAlloy({ path: 'fuzz.alloy' }, { env: {}, files });
      }),
      { numRuns: 500 },
    );
  });

  it('ends in a plan or in diagnostics: a good file, damaged', () => {
    const good = readFileSync('test/config/alloy/fixtures/comments.alloy', 'utf8');
    const position = fc.nat(good.length);
    fc.assert(
      fc.property(position, fc.nat(10), tokenSoup, (at, cut, soup) => {
        load(good.slice(0, at) + soup.slice(0, 10) + good.slice(at + cut));
      }),
      { numRuns: 300 },
    );
  });

  const chain = (length: number, block: (index: number) => string): string =>
    Array.from({ length }, (_, index) => block(index)).join('\n');

  for (const [what, text] of Object.entries({
    parentheses: `loki.echo "e" {\n  a = ${'('.repeat(50_000)}`,
    lists: `loki.echo "e" {\n  a = ${'['.repeat(50_000)}${']'.repeat(50_000)}\n}`,
    blocks: 'a { '.repeat(50_000),
    signs: `loki.echo "e" {\n  a = ${'-'.repeat(50_000)}1\n}`,
    sums: `loki.echo "e" {\n  a = 1${' + 1'.repeat(50_000)}\n}`,
    powers: `loki.echo "e" {\n  a = 1${' ^ 1'.repeat(50_000)}\n}`,
    fields: `loki.echo "e" {\n  a = b${'.c'.repeat(50_000)}\n}`,
    calls: `loki.echo "e" {\n  a = b${'()'.repeat(50_000)}\n}`,
    comments: `a = 1 ${'/**/'.repeat(20_000)}`,
    components: chain(5000, (i) => `loki.process "p${i}" {\n  forward_to = [loki.process.p${i + 1}.receiver]\n}`),
    'rising components': chain(
      290,
      (i) => `loki.process "p${i}" {\n  forward_to = [loki.process.p${i + 1}.receiver]\n}`,
    ),
    'a text that doubles': `local.file "f" {\n  filename = ${'string.replace('.repeat(100)}"aa"${', "a", "aaaaaaaaaa")'.repeat(100)}\n}`,
    'deep JSON': `local.file "f" {\n  filename = encoding.from_json("${'['.repeat(200_000)}${']'.repeat(200_000)}")\n}`,
    modules: `${chain(900, (i) => `declare "m${i}" {\n  m${i + 1} "x" { }\n}`)}\nm0 "x" { }`,
    'modules that double': `${chain(30, (i) => `declare "m${i}" {\n  m${i + 1} "x" { }\n  m${i + 1} "y" { }\n}`)}\nm0 "x" { }`,
    'chains in modules': `${chain(19, (i) => `declare "m${i}" {\n${chain(250, (j) => `  m${i + 1} "x${j}" {\n    to = ${j === 0 ? '1' : `m${i + 1}.x${j - 1}.out`}\n  }`)}\n argument "to" { }\n  export "out" {\n    value = m${i + 1}.x249.out\n  }\n}`)}\ndeclare "m19" {\n  argument "to" { }\n  export "out" {\n    value = argument.to.value\n  }\n}\nm0 "x" {\n  to = 1\n}`,
  })) {
    it(`ends, however deep: ${what}`, () => load(text));
  }
});
