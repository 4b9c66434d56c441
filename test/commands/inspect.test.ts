import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWith, POD_LOGS, sleipnir } from './kit.js';

const TIME = '2026-11-22T14:00:00.123456789Z';

test('a file: what is done once, what a line becomes, the stream it ends in', (t) => {
  const file = join(folderWith(t, { 'config.alloy': POD_LOGS }), 'config.alloy');
  const { status, stdout, stderr } = sleipnir(['inspect', file], `${TIME} stdout F hello\n`);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.equal(
    stdout,
    `log /var/log/pods/default_sample_0000/app/0.log (--path gives another)
loki.source.file.pod_logs -> loki.process.add_labels -> loki.write.loki
  once for the log:
    loki.process.add_labels
      stage.regex
        extracted + namespace = "default"
        extracted + pod_name = "sample"
        extracted + container = "app"
      stage.labels
        labels    + namespace = "default"
        labels    + pod = "sample"
        labels    + container = "app"
  for each line: nothing

1: ${TIME} stdout F hello
  => {container="app", filename="/var/log/pods/default_sample_0000/app/0.log", namespace="default", pod="sample"} ${TIME}
     "${TIME} stdout F hello"

`,
  );
});

test('without a file: the built-in pipeline, with its settings', () => {
  const lines = `${TIME} stderr F hello\n`;
  const env = { STREAM: 'label', LABELS: 'cluster=c1', LOKI_URL: 'wrong, and not asked for' };
  const { status, stdout } = sleipnir(['inspect', '--path', '/var/log/pods/shop_web_1/main/0.log'], lines, env);
  assert.equal(status, 0);
  assert.match(stdout, /^log \/var\/log\/pods\/shop_web_1\/main\/0\.log\nbuilt-in pipeline\n/);
  assert.ok(
    stdout.includes(
      `=> {cluster="c1", container="main", namespace="shop", pod="web", stream="stderr"} ${TIME}\n     "hello"\n`,
    ),
    stdout,
  );
});

test('--json: an object a line', (t) => {
  const file = join(folderWith(t, { 'config.alloy': POD_LOGS }), 'config.alloy');
  const { stdout } = sleipnir(['inspect', '--json', file], 'one\ntwo');
  const [head, one, two, ...others] = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  assert.deepEqual(others, []);
  assert.equal(head.ways[0].way, 'loki.source.file.pod_logs -> loki.process.add_labels -> loki.write.loki');
  assert.deepEqual([one.number, one.line, two.number, two.line], [1, 'one', 2, 'two']);
  assert.equal(two.ways[0].passes[0].entry.line, 'two');
});

test('a file with mistakes is not inspected', (t) => {
  const file = join(folderWith(t, { 'config.alloy': 'loki.echo "e" { x = 1 }\n' }), 'config.alloy');
  const { status, stdout, stderr } = sleipnir(['inspect', file], 'line\n');
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /config\.alloy:1:17: /);
});

test('a path that the file does not read: exit 1 and which it reads', (t) => {
  const file = join(folderWith(t, { 'config.alloy': POD_LOGS }), 'config.alloy');
  const { status, stderr } = sleipnir(['inspect', file, '--path', '/var/log/syslog'], 'line\n');
  assert.equal(status, 1);
  assert.match(stderr, /does not read \/var\/log\/syslog\n.*\/var\/log\/pods\/\*\/\*\/\*\.log\n$/);
});

test('what a terminal would obey is written as an escape', () => {
  const { stdout } = sleipnir(['inspect'], '\u001b[31mred\u0007\n');
  assert.ok(!stdout.includes('\u001b') && !stdout.includes('\u0007'));
  assert.match(stdout, /1: \\u001b\[31mred\\u0007\n/);
});

test('lines are shown as they come, and it ends when nobody reads any more', { timeout: 60_000 }, async () => {
  const cli = join(import.meta.dirname, '../../src/cli.js');
  const child = spawn(process.execPath, [cli, 'inspect'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {});
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  child.stdin.write(`${TIME} stdout F one\n${TIME} stdout F t`);
  while (!text.includes('"one"')) await once(child.stdout, 'data');
  child.stdin.write('wo\n');
  while (!text.includes('"two"')) await once(child.stdout, 'data');
  child.stdout.destroy();
  const line = `${TIME} stdout F more\n`.repeat(1000);
  const ended = once(child, 'exit');
  const write = (): void => {
    if (child.stdin.writable) child.stdin.write(line, write);
  };
  write();
  assert.deepEqual(await ended, [0, null]);
});

test('a line that is longer than any entry is cut, and takes no more memory', () => {
  const bytes = Buffer.concat([Buffer.alloc(8 * 2 ** 20, 'x'), Buffer.from('\nnext\n')]);
  const { status, stdout } = sleipnir(['inspect', '--json', '--max-line-bytes', '1KiB', '--format', 'raw'], bytes);
  assert.equal(status, 0);
  const [, long, next] = stdout.split('\n').filter((line) => line !== '');
  assert.equal(JSON.parse(long!).cut, true);
  assert.equal(JSON.parse(long!).line.length, 1024 + 128 * 1024);
  assert.equal(JSON.parse(long!).ways[0].passes[0].entry.cut, true);
  assert.equal(JSON.parse(next!).line, 'next');
});
