import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { folderWith, POD_LOGS, sleipnir } from './kit.js';

test('a good file: says so, then the settings as without one', (t) => {
  const file = join(folderWith(t, { 'config.alloy': POD_LOGS }), 'config.alloy');
  const { status, stdout, stderr } = sleipnir(['check', file]);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.ok(stdout.startsWith(`${file} has no mistakes\n\nSETTING `), stdout.slice(0, 200));
  assert.match(stdout, /SLEIPNIR_CONFIG +\S+config\.alloy +flag FILE\n/);
  assert.match(stdout, /SLEIPNIR_LOKI_URL +- +configuration file\n/);
  assert.match(stdout, /SLEIPNIR_BATCH_BYTES +1MiB +default\n/);
  assert.match(stdout, /\nDERIVED +VALUE +BECAUSE\n/);
});

test('settings that the file takes the place of, and those that give way to it', (t) => {
  const text = `${POD_LOGS}logging {\n  level  = "warn"\n  format = "json"\n}\n`;
  const file = join(folderWith(t, { 'config.alloy': text }), 'config.alloy');
  const { stdout } = sleipnir(['check', file, '--batch-wait', '2s'], '', { LABELS: 'a=b' });
  assert.match(stdout, /\nwarning: SLEIPNIR_LABELS is not used: the configuration file takes its place\n/);
  assert.match(stdout, /SLEIPNIR_LOG_LEVEL +warn +configuration file\n/);
  assert.match(stdout, /SLEIPNIR_LOG_FORMAT +json +configuration file\n/);
  assert.match(stdout, /SLEIPNIR_BATCH_WAIT +2s +flag --batch-wait\n/);
});

test('every mistake at once, with the line and a caret, also those that only a worker can tell', (t) => {
  const text = `loki.process "p" {
\tstage.template {
\t\tsource   = "a"
\t\ttemplate = "{{ nope }}"
\t}
\tstage.regex {
\t\texpression = "(?P<a>"
\t}
\tforward_to = [loki.write.no.receiver]
}
`;
  const file = join(folderWith(t, { 'bad.alloy': text }), 'bad.alloy');
  const { status, stdout, stderr } = sleipnir(['check', file]);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  const lines = stderr.split('\n');
  assert.equal(lines.length, 10, stderr);
  assert.equal(lines[0], `${file}:4:18: this is no Go template: function "nope" is not defined`);
  assert.equal(lines[1], '  \t\ttemplate = "{{ nope }}"');
  assert.equal(lines[2], `  \t\t${' '.repeat(15)}^`);
  assert.ok(lines[3]?.startsWith(`${file}:7:17: this is no RE2 regular expression: `), lines[3]);
  assert.ok(lines[6]?.startsWith(`${file}:9:16: there is no component `), lines[6]);
});

test('--json: every mistake with its place', (t) => {
  const folder = folderWith(t, { 'a.alloy': 'loki.echo "e" { x = 1 }\n', 'b.alloy': 'loki.nothing "e" { }\n' });
  const { status, stdout, stderr } = sleipnir(['check', '--json', folder]);
  assert.equal(status, 1);
  assert.equal(stderr, '');
  const places = JSON.parse(stdout).diagnostics.map(
    ({ file, line, column, severity }: { file: string; line: number; column: number; severity: string }) =>
      `${file}:${line}:${column} ${severity}`,
  );
  assert.deepEqual(places, [`${folder}/a.alloy:1:17 error`, `${folder}/b.alloy:1:1 error`]);
});

test('--skip-unsupported leaves out what has nothing to do with logs, and says so', (t) => {
  const text = `${POD_LOGS}prometheus.scrape "p" {\n  targets = []\n}\n`;
  const file = join(folderWith(t, { 'config.alloy': text }), 'config.alloy');
  const strict = sleipnir(['check', file]);
  assert.equal(strict.status, 1);
  assert.match(strict.stderr, /:29:1: prometheus\.scrape is not supported/);
  const skipping = sleipnir(['check', '--skip-unsupported', file]);
  assert.equal(skipping.status, 0);
  assert.match(skipping.stderr, /:29:1: warning: left out prometheus\.scrape\.p/);
});

test('SLEIPNIR_CONFIG is checked like FILE; a file that is not there is a mistake', () => {
  const { status, stderr } = sleipnir(['check'], '', { CONFIG: '/no/such.alloy' });
  assert.equal(status, 1);
  assert.match(stderr, /^\/no\/such\.alloy:1:1: the file \/no\/such\.alloy cannot be read \(ENOENT\)\n$/);
});

test('mistakes in settings keep their exit code', (t) => {
  const file = join(folderWith(t, { 'config.alloy': POD_LOGS }), 'config.alloy');
  const { status, stderr } = sleipnir(['check', file, '--start', 'x']);
  assert.equal(status, 2);
  assert.match(stderr, /^--start: "x" /);
});

test('module_path is the folder of the file, whatever folder it is named from', (t) => {
  const folder = folderWith(t, {
    'config.alloy': `import.file "lib" {\n  filename = file.path_join(module_path, "lib.alloy")\n}\n${POD_LOGS}`,
    'lib.alloy': 'declare "nothing" {\n}\n',
  });
  const { status, stderr } = sleipnir(['check', relative(process.cwd(), join(folder, 'config.alloy'))]);
  assert.deepEqual([status, stderr], [0, '']);
});
