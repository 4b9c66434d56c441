import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { formatMistakes, formatReport } from '../../src/config/report.js';
import { settingNames } from '../../src/config/settings.js';

function loaded(env: Record<string, string>, flags: Record<string, string> = {}) {
  const result = loadConfig({ flags, env, isTerminal: false });
  assert.ok('config' in result);
  return result;
}

const derived = [{ name: 'workers', value: '1', because: 'the CPU limit is 0.5' }];

test('a row for each setting, with value and origin', () => {
  const lines = formatReport(loaded({ SLEIPNIR_BATCH_WAIT: '2s' }, { stateDir: '/s' }))
    .trimEnd()
    .split('\n');
  assert.equal(lines.length, settingNames.length + 1);
  assert.match(lines[0] ?? '', /^SETTING +VALUE +FROM$/);
  const row = (variable: string) => lines.find((line) => line.startsWith(`${variable} `)) ?? '';
  assert.match(row('SLEIPNIR_BATCH_WAIT'), / 2s +environment$/);
  assert.match(row('SLEIPNIR_STATE_DIR'), / \/s +flag --state-dir$/);
  assert.match(row('SLEIPNIR_WORKERS'), / from the CPU limit +default$/);
  assert.match(row('SLEIPNIR_LABEL_REGEX'), / \/\(\?P<namespace>.* +default$/);
});

test('columns are aligned', () => {
  const lines = formatReport(loaded({})).trimEnd().split('\n');
  const column = (lines[0] ?? '').indexOf('FROM');
  assert.ok(lines.slice(1).every((line) => line.slice(column) === 'default'));
});

test('derived values and warnings stand below', () => {
  const report = formatReport({ ...loaded({ SLEIPNIR_WORKER: '1' }), derived });
  assert.match(
    report,
    /\n\nDERIVED +VALUE +BECAUSE\nworkers +1 +the CPU limit is 0\.5\n\nwarning: SLEIPNIR_WORKER is not a setting; the nearest one is SLEIPNIR_WORKERS\n$/,
  );
});

test('what a URL may hide is masked', () => {
  const report = formatReport(loaded({ SLEIPNIR_LOKI_URL: 'http://loki/push?key=hunter2' }));
  assert.match(report, / http:\/\/loki\/push\?\*\*\* /);
  assert.doesNotMatch(report, /hunter2/);
});

test('control characters do not reach the terminal', () => {
  const mistake = { setting: 'S', value: 'a\u001b[2J\nb', problem: 'is wrong', allowed: 'right' };
  assert.equal(formatMistakes([mistake]), 'S: "a\\u001b[2J\\u000ab" is wrong; allowed: right.\n');
  assert.match(formatReport(loaded({ SLEIPNIR_LABELS: 'a=b\u001b[2J' })), /a=b\\u001b\[2J/);
});
