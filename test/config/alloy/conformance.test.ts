import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { parse } from 'yaml';
import { Diagnostics } from '../../../src/config/alloy/diagnostics.js';
import { EvaluationError, evaluate, type Scope } from '../../../src/config/alloy/evaluate.js';
import { parseExpression } from '../../../src/config/alloy/parser.js';
import { SourceFile } from '../../../src/config/alloy/source.js';
import { standardLibrary } from '../../../src/config/alloy/stdlib.js';
import { Secret, type Value } from '../../../src/config/alloy/value.js';
import { loadAlloy, loadLibraries } from './helpers.js';

await loadLibraries();

type Expected = [line: number, column: number, words: string];
type Case = { name: string } & (
  | { expression: string; value?: unknown; errors?: Expected[] }
  | { config: string; errors: Expected[] }
);

const env = { SET: 'from the environment' };
const library = standardLibrary(env);

/** The standard library, and "secret". */
const libraryScope: Scope = {
  find([first]) {
    const value = first!.text === 'secret' ? new Secret('pw') : library.get(first!.text);
    if (value === undefined) throw new EvaluationError(first!, `there is nothing called "${first!.text}"`);
    return { value, used: 1 };
  },
};

/** A value as JSON would have it. */
function plain(value: Value): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Secret ? '(secret)' : value;
}

function flat(error: unknown): unknown[] {
  return error instanceof AggregateError ? error.errors.flatMap(flat) : [error];
}

function runExpression(text: string): { value?: unknown; told: Expected[] } {
  const diagnostics = new Diagnostics();
  const expression = parseExpression(new SourceFile('test.alloy', text), diagnostics);
  try {
    if (!diagnostics.hasErrors) return { value: plain(evaluate(expression, libraryScope)), told: [] };
  } catch (thrown) {
    for (const error of flat(thrown)) {
      if (!(error instanceof EvaluationError)) throw error;
      diagnostics.error(error.place, error.message);
    }
  }
  return { told: diagnostics.sorted().map(({ line, column, message }) => [line, column, message]) };
}

function runConfig(text: string): Expected[] {
  const result = loadAlloy({ texts: [{ name: 'test.alloy', text }] }, { env });
  if ('plan' in result) return [];
  const errors = result.diagnostics.filter(({ severity }) => severity === 'error');
  return errors.map(({ line, column, message }) => [line, column, message]);
}

function compare(told: Expected[], expected: Expected[]): void {
  const sorted = [...expected].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const shown = JSON.stringify(told, null, 1);
  assert.deepEqual(
    told.map(([line, column]) => `${line}:${column}`),
    sorted.map(([line, column]) => `${line}:${column}`),
    shown,
  );
  told.forEach(([, , message], index) => {
    assert.ok(message.includes(String(sorted[index]![2])), `"${message}" does not say "${sorted[index]![2]}"`);
  });
}

const cases: Case[] = parse(readFileSync('test/conformance/syntax.yaml', 'utf8'));

describe('the syntax, case by case', () => {
  for (const each of cases) {
    it(each.name, () => {
      if ('config' in each) {
        compare(runConfig(each.config), each.errors);
        return;
      }
      const { value, told } = runExpression(each.expression);
      compare(told, each.errors ?? []);
      if (each.errors === undefined) assert.deepEqual(value, each.value);
    });
  }

  it('says nothing of the text that YAML is read from, which may be a secret', async () => {
    const warnings: unknown[] = [];
    const listener = (warning: unknown): unknown => warnings.push(warning);
    process.on('warning', listener);
    assert.deepEqual(runExpression('encoding.from_yaml("password: !vault hunter2")').value, { password: 'hunter2' });
    await setImmediate();
    process.off('warning', listener);
    assert.deepEqual(warnings, []);
  });

  it('has cases enough, each with a name of its own', () => {
    assert.ok(cases.filter((each) => (each.errors ?? []).length > 0).length >= 60);
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  });
});
