import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { commandContender } from '../../../bench/compare/command.js';

const PLACE = {
  paths: ['/a b/*/*.log', "/c'd/*.log"],
  roots: ['/a b', "/c'd"],
  url: 'http://127.0.0.1:31',
  pushUrl: 'http://127.0.0.1:31/push',
  stateDir: '/s',
};

function run(line: string): string {
  const { argv, env } = commandContender('x', line).command(PLACE);
  return execFileSync(argv[0]!, argv.slice(1), { env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' });
}

test('placeholders reach the command whole, whatever is in them', () => {
  assert.equal(
    run("printf '%s|' {paths} {root} {push_url} {state}"),
    `${PLACE.paths.join(',')}|/a b|${PLACE.pushUrl}|/s|`,
  );
});

test('they are in the environment too, and the line may be several commands', () => {
  assert.equal(
    run('true && printf %s "$BENCH_HOST:$BENCH_PORT $BENCH_PATHS"'),
    `127.0.0.1:31 ${PLACE.paths.join(',')}`,
  );
});

test('a placeholder that there is not is refused', () => {
  assert.throws(() => commandContender('x', 'collector {path}'), { code: 'BENCH_PLACEHOLDER', advice: /\{paths\}/ });
});
