import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { ours, readStart } from '../../../bench/load/contender.js';

const PLACE = {
  paths: ['/a/*', '/b/*'],
  roots: ['/a'],
  url: 'http://127.0.0.1:31',
  pushUrl: 'http://127.0.0.1:31/push',
  stateDir: '/home/state',
};

test('a revision is started as its own start script says', (t) => {
  const tree = mkdtempSync(join(tmpdir(), 'contender-'));
  t.after(() => rmSync(tree, { recursive: true }));
  const start = 'A=1 B=x node --flag=2 dist/cli.js run';
  writeFileSync(join(tree, 'package.json'), JSON.stringify({ scripts: { start } }));
  assert.deepEqual(readStart(tree), { env: { A: '1', B: 'x' }, args: ['--flag=2', join(tree, 'dist/cli.js'), 'run'] });
  const { argv, env } = ours({ tree, workers: 2, env: { B: 'y' }, nodeFlags: ['--prof'] }).command(PLACE);
  assert.deepEqual(argv, [process.execPath, '--prof', '--flag=2', join(tree, 'dist/cli.js'), 'run']);
  assert.deepEqual([env.A, env.B, env.SLEIPNIR_WORKERS, env.SLEIPNIR_PATHS], ['1', 'y', '2', '/a/*,/b/*']);
});

test('the start script of this work tree is one it can read', () => {
  assert.deepEqual(readStart('.').args.slice(-2), [resolve('dist/cli.js'), 'run']);
});

test('a configuration file stands beside the state folder, and takes the place of the settings of the pipeline', () => {
  const text = 'a "/var/log/pods/*" url = "x"';
  const contender = ours({ config: { text, sendsParts: true } });
  const { env, files } = contender.command(PLACE);
  assert.ok(contender.sendsParts);
  assert.deepEqual(files, { '/home/config.alloy': 'a "/a/*" url = "http://127.0.0.1:31/push"' });
  assert.deepEqual([env.SLEIPNIR_CONFIG, env.BENCH_ROOT], ['/home/config.alloy', '/a']);
  assert.deepEqual([env.SLEIPNIR_PATHS, env.SLEIPNIR_LOKI_URL], [undefined, undefined]);
});
