import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournal } from '../src/checkpoint/journal.js';
import { settingNames, settings } from '../src/config/settings.js';
import { VERSION } from '../src/version.js';

const cli = join(import.meta.dirname, '../src/cli.js');

function sleipnir(args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...env },
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

test('the version is the one of package.json', () => {
  const root = join(import.meta.dirname, '../..');
  assert.equal(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version, VERSION);
});

test('the command can be run as a file', () => {
  const file = join(import.meta.dirname, '../../dist/cli.js');
  const { stdout } = spawnSync(file, ['version'], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  assert.equal(stdout, `sleipnir ${VERSION}\n`);
});

test('version', () => {
  const expected = { status: 0, stdout: `sleipnir ${VERSION}\n`, stderr: '' };
  assert.deepEqual(sleipnir(['version']), expected);
  assert.deepEqual(sleipnir(['--version']), expected);
});

test('version works with wrong settings', () => {
  assert.equal(sleipnir(['version'], { SLEIPNIR_START: 'x' }).status, 0);
});

test('no command: help and exit 2', () => {
  const { status, stderr } = sleipnir([]);
  assert.equal(status, 2);
  assert.match(stderr, /^Usage: sleipnir /);
});

test('check prints settings with their origin', () => {
  const { status, stdout, stderr } = sleipnir(['check', '--batch-wait', '2s'], { SLEIPNIR_WORKERS: '2' });
  assert.equal(status, 0);
  assert.equal(stderr, '');
  assert.match(stdout, /SLEIPNIR_BATCH_WAIT +2s +flag --batch-wait\n/);
  assert.match(stdout, /SLEIPNIR_WORKERS +2 +environment\n/);
  assert.match(stdout, /\nDERIVED +VALUE +BECAUSE\nworkers +2 /);
});

test('check --json', () => {
  const { status, stdout } = sleipnir(['check', '--json', '--start', 'end', '--workers', '3'], { SLEIPNIR_URL: 'x' });
  assert.equal(status, 0);
  const report = JSON.parse(stdout);
  assert.deepEqual(Object.keys(report), ['settings', 'derived', 'warnings', 'diagnostics']);
  assert.equal(report.settings.length, settingNames.length);
  assert.deepEqual(
    report.settings.find(({ name }: { name: string }) => name === 'start'),
    { name: 'start', variable: 'SLEIPNIR_START', flag: '--start', value: 'end', origin: 'flag' },
  );
  assert.ok(
    report.derived.some(({ name, value }: { name: string; value: string }) => name === 'workers' && value === '3'),
  );
  assert.equal(report.warnings.length, 1);
});

test('check --json with mistakes', () => {
  const { status, stdout } = sleipnir(['check', '--json'], { SLEIPNIR_START: 'x' });
  assert.equal(status, 2);
  assert.deepEqual(JSON.parse(stdout).mistakes, [
    { setting: 'SLEIPNIR_START', value: 'x', problem: 'is none of these', allowed: 'beginning or end' },
  ]);
});

for (const command of ['run', 'check']) {
  test(`${command} reports every mistake and unknown variable, exit 2`, () => {
    const env = { SLEIPNIR_START: 'middle', SLEIPNIR_BATCH_WAIT: '5', SLEIPNIR_WORKER: '1' };
    const { status, stdout, stderr } = sleipnir([command, 'pipeline.alloy', '--format', 'xml'], env);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^--format: "xml" .*\nSLEIPNIR_START: "middle" .*\nSLEIPNIR_BATCH_WAIT: "5" .*\nwarning: SLEIPNIR_WORKER .*\n$/,
    );
  });

  test(`${command} has a flag for each setting`, () => {
    const { status, stdout } = sleipnir([command, '--help']);
    assert.equal(status, 0);
    const flags = settingNames.filter((name) => name !== 'config').map((name) => settings[name].flag);
    assert.deepEqual(
      flags.filter((flag) => !stdout.includes(`  ${flag} <value>`)),
      [],
    );
  });
}

test('positions', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'sleipnir-cli-'));
  try {
    const journal = await openJournal(stateDir, { onProblem: () => {} });
    const log = '/var/log/pods/default_web_1/main/0.log';
    const cursor = { dev: '1', ino: '2', name: '0.log', head: null, tail: null, offset: 100, size: 150, format: null };
    journal.put({ log, cursors: [{ ...cursor, carry: Buffer.from('half a line') }] });
    journal.put({ log: '/var/log/pods/default_web_1/side/0.log', cursors: [] });
    await journal.close();

    // Mistakes in other settings do not matter here.
    const env = { SLEIPNIR_STATE_DIR: stateDir, SLEIPNIR_START: 'x' };
    const printed = sleipnir(['positions'], env);
    assert.equal(printed.status, 0, printed.stderr);
    assert.match(printed.stdout, /^CONTAINER LOG +GENERATION +POSITION +SIZE +UNREAD\n/);
    assert.match(printed.stdout, /web_1\/main\/0\.log +0\.log +100 +150 +50\n.*web_1\/side\/0\.log +all read\n$/);

    const json = sleipnir(['positions', '--json', '--state-dir', stateDir]).stdout;
    assert.deepEqual(JSON.parse(json)[0], { log, cursors: [{ ...cursor, carryBytes: 11 }] });
    assert.doesNotMatch(printed.stdout + json, /half/);
  } finally {
    rmSync(stateDir, { recursive: true });
  }
});

test('positions without a state directory: exit 1 and what to do', () => {
  const { status, stderr } = sleipnir(['positions', '--state-dir', '/no/such/folder']);
  assert.equal(status, 1);
  assert.match(stderr, /^sleipnir: the state directory \/no\/such\/folder cannot be used: .*\nMount /);
});

test('positions with a wrong state directory: exit 2', () => {
  assert.equal(sleipnir(['positions', '--state-dir', 'here']).status, 2);
});

for (const args of [['nonsense'], ['check', '--no-such-flag', 'x'], ['check', 'a', 'b'], ['check', '--start']]) {
  test(`wrong command line: ${args.join(' ')}`, () => {
    const { status, stderr } = sleipnir(args);
    assert.equal(status, 2);
    assert.match(stderr, /^error: /);
  });
}
