import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { commandContender } from '../../../bench/compare/command.js';

const FOLDER = 'bench/peers';
const PLACE = { paths: [], roots: ['/r'], url: 'http://127.0.0.1:1', pushUrl: 'p', stateDir: 's' };
const files = readdirSync(FOLDER).filter((name) => !name.endsWith('.md'));
const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8');

for (const name of files) {
  test(`${name} is well-formed, uses what the command sets, and is in the README`, () => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    if (name.endsWith('.yaml')) assert.equal(typeof parse(text), 'object');
    const { env } = commandContender('x', 'true').command(PLACE);
    const used = new Set(text.match(/BENCH_[A-Z_]+/g));
    assert.ok(used.size > 0);
    for (const variable of used) assert.ok(variable in env, variable);
    assert.ok(readme.includes(`bench/peers/${name}`));
  });
}

test('every command of the README has only placeholders that there are', () => {
  const commands = [...readme.matchAll(/--against '([^']+)'/g)].map(([, command]) => command!);
  assert.equal(commands.length, files.length);
  for (const command of commands) assert.ok(commandContender('x', command).command(PLACE).argv.length > 0);
});
