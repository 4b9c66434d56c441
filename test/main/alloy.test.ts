import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { POD_LOGS } from '../commands/kit.js';
import { criLine, makeStage, receiverDown, type Stage } from './kit.js';

const TIMEOUT = { timeout: 60_000 };

/** The file that most people have, with room for more stages. */
function configuration(stage: Stage, url = stage.loki.pushUrl, more = ''): string {
  return POD_LOGS.replaceAll('/var/log/pods', stage.pods)
    .replace('  forward_to = [loki.write', () => `  ${more}\n  forward_to = [loki.write`)
    .replace(/url = ".*"/, () => `url        = "${url}"\n    batch_wait = "50ms"`);
}

function write(stage: Stage, pod: string, ...lines: string[]): string {
  const path = stage.log(pod);
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, Buffer.concat(lines.map((line) => criLine(line))));
  return path;
}

function configured(stage: Stage, text: string): string {
  const path = join(stage.root, 'config.alloy');
  writeFileSync(path, text);
  return path;
}

test(
  'the file of most users runs as it is: the whole line, filename and the labels of the path',
  TIMEOUT,
  async (t) => {
    const stage = await makeStage(t);
    const path = write(stage, 'web', 'one', 'two');
    const collector = stage.start({ CONFIG: configured(stage, configuration(stage)) });
    await stage.stored(2);
    assert.equal(await collector.end('SIGTERM'), 0);
    const [stream, ...others] = stage.loki.store.streams();
    assert.deepEqual(others, []);
    assert.deepEqual(stream?.labels, [
      ['container', 'app'],
      ['filename', path],
      ['namespace', 'default'],
      ['pod', 'web'],
    ]);
    const [first] = stream.kept;
    const line = first!.line.toString();
    assert.match(line, / stdout F one$/);
    assert.deepEqual(first!.metadata, []);
    assert.equal(BigInt(Date.parse(line.slice(0, 23).concat('Z'))), first!.ns / 1_000_000n);
  },
);

test('a file with mistakes is not run: each is told with its place', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const collector = stage.start({ CONFIG: configured(stage, 'loki.write "a" {\n  endpoit {}\n}\nfoo "b" {}\n') });
  assert.equal(await collector.ended, 1);
  assert.match(collector.stderr, /config\.alloy:2:3: /);
  assert.match(collector.stderr, /config\.alloy:4:1: /);
});

for (const way of ['SIGHUP', 'POST', 'rename', 'symlink'] as const) {
  test(`a changed file takes over at ${way}, and no line is lost or repeated`, TIMEOUT, async (t) => {
    const stage = await makeStage(t);
    const label = (value: string) =>
      configuration(stage, undefined, `stage.static_labels { values = { v = "${value}" } }`);
    const config = join(stage.root, 'config.alloy');
    for (const version of ['1', '2']) {
      mkdirSync(join(stage.root, version));
      writeFileSync(join(stage.root, version, 'config.alloy'), label(version));
    }
    symlinkSync(join(stage.root, '1'), join(stage.root, 'data'));
    symlinkSync(join(stage.root, 'data', 'config.alloy'), config);
    write(stage, 'web', 'one', 'two');
    const watched = way === 'rename' || way === 'symlink';
    const collector = stage.start({ CONFIG: config, CONFIG_WATCH: String(watched) });
    const { http } = await collector.said('started');
    await stage.stored(2);
    if (way === 'symlink') {
      // As the kubelet does it: a new link takes the place of the old one.
      symlinkSync(join(stage.root, '2'), join(stage.root, 'new'));
      renameSync(join(stage.root, 'new'), join(stage.root, 'data'));
    } else {
      unlinkSync(config);
      writeFileSync(config, label('2'));
    }
    if (way === 'SIGHUP') collector.signal('SIGHUP');
    if (way === 'POST') assert.equal((await fetch(`${http}/-/reload`, { method: 'POST' })).status, 200);
    await collector.said('configuration taken over');
    write(stage, 'web', 'three');
    await stage.stored(3);
    assert.equal(await collector.end('SIGTERM'), 0);
    const lines = (v: string) => stage.loki.store.lines(`{v="${v}"}`).map((line) => line.split(' ').at(-1));
    assert.deepEqual([lines('1'), lines('2')], [['one', 'two'], ['three']]);
    assert.equal(stage.loki.store.duplicates, 0);
  });
}

test('a bad file is refused while the old one goes on', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const config = configured(stage, configuration(stage));
  write(stage, 'web', 'one');
  const collector = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
  const { http } = await collector.said('started');
  writeFileSync(config, 'loki.write "a" {');
  const answer = await fetch(`${http}/-/reload`, { method: 'POST' });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /config\.alloy:1:\d+: /);
  await collector.said('CONFIG_INVALID');
  assert.match(await (await fetch(`${http}/metrics`)).text(), /^sleipnir_config_last_load_successful 0$/m);
  write(stage, 'web', 'two');
  await stage.stored(2);
  assert.equal(await collector.end('SIGTERM'), 0);
});

test('another endpoint takes over what the old one, which is down, has not taken', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const other = await receiverDown(t);
  const config = configured(stage, configuration(stage, other.pushUrl));
  write(stage, 'web', 'one', 'two');
  const collector = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
  await collector.said('PUSH_FAILED');
  writeFileSync(config, configuration(stage));
  collector.signal('SIGHUP');
  await stage.stored(2);
  write(stage, 'web', 'three');
  await stage.stored(3);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.equal(stage.loki.store.duplicates, 0);
});

test(
  'each endpoint has positions of its own: one that is down holds up no other, and gets everything later',
  TIMEOUT,
  async (t) => {
    const stage = await makeStage(t);
    const other = await receiverDown(t);
    const text = configuration(stage).replace(
      'endpoint {',
      `endpoint {\n    url = "${other.pushUrl}"\n  }\n  endpoint {`,
    );
    write(stage, 'web', 'one', 'two');
    const first = stage.start({ CONFIG: configured(stage, text), SHUTDOWN_TIMEOUT: '200ms' });
    await stage.stored(2);
    assert.equal(await first.end('SIGTERM'), 0);
    await other.up();
    write(stage, 'web', 'three');
    const second = stage.start({ CONFIG: join(stage.root, 'config.alloy') });
    await stage.stored(3);
    await other.store.until((store) => store.entries === 3, { timeoutMs: 30_000 });
    assert.equal(await second.end('SIGTERM'), 0);
    assert.deepEqual([stage.loki.store.duplicates, other.store.duplicates], [0, 0]);
  },
);

test('from the built-in pipeline to a file and back: reading goes on where it was', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  write(stage, 'web', 'one');
  for (const [count, settings] of [
    [1, {}],
    [2, { CONFIG: configured(stage, configuration(stage)) }],
    [3, {}],
  ] as const) {
    const collector = stage.start(settings);
    await stage.stored(count);
    assert.equal(await collector.end('SIGTERM'), 0);
    write(stage, 'web', `after ${count}`);
  }
  assert.equal(stage.loki.store.entries, 3);
  assert.equal(stage.loki.store.duplicates, 0);
});

test('a file that is older than ignore_older_than is left alone until it is written again', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const old = write(stage, 'old', 'old one');
  write(stage, 'new', 'new one');
  utimesSync(old, 1_000_000, 1_000_000);
  const text = configuration(stage).replace('  path_targets', '  ignore_older_than = "1h"\n  path_targets');
  const collector = stage.start({ CONFIG: configured(stage, text), SCAN_INTERVAL: '100ms' });
  await stage.stored(1);
  assert.deepEqual(stage.loki.store.lines('{pod="old"}'), []);
  write(stage, 'old', 'old two');
  await stage.stored(3);
  assert.equal(await collector.end('SIGTERM'), 0);
});

test('a file in UTF-16 arrives as UTF-8', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const path = stage.log('web');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.from('häß\n\u{1f40e} lich\n', 'utf16le'));
  const text = configuration(stage).replace('  forward_to', '  encoding = "utf-16le"\n  forward_to');
  const collector = stage.start({ CONFIG: configured(stage, text) });
  await stage.stored(2);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.deepEqual(stage.loki.store.lines(), ['häß', '\u{1f40e} lich']);
});

test('loki.echo writes to standard output what another endpoint gets', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  write(stage, 'web', 'one');
  const text = configuration(stage).replace(
    '[loki.write.loki.receiver]',
    '[loki.write.loki.receiver, loki.echo.e.receiver]',
  );
  const collector = stage.start({ CONFIG: configured(stage, `${text}\nloki.echo "e" {}`) });
  const echoed = collector.printed((line) => line.includes('loki.echo.e'));
  await stage.stored(1);
  assert.match(await echoed, /one/);
  assert.equal(await collector.end('SIGTERM'), 0);
});

test('a tenant for each push, a drop that is counted, a metric of its own', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const more = `
  stage.cri {}
  stage.json { expressions = { level = "level", team = "team", took = "took" } }
  stage.metrics {
    metric.counter {
      name   = "levels"
      source = "level"
      action = "inc"
    }
  }
  stage.drop {
    source              = "level"
    value               = "debug"
    drop_counter_reason = "debug"
  }
  stage.tenant { source = "team" }`;
  const line = (level: string, team: string) => JSON.stringify({ level, team });
  write(stage, 'web', line('info', 'red'), line('debug', 'red'), line('warn', 'blue'), line('info', 'red'));
  const collector = stage.start({ CONFIG: configured(stage, configuration(stage, undefined, more)) });
  const { http } = await collector.said('started');
  await stage.stored(3);
  const metrics = await (await fetch(`${http}/metrics`)).text();
  assert.match(
    metrics,
    /^loki_process_dropped_lines_total\{reason="debug",component_id="loki.process.add_labels"\} 1$/m,
  );
  assert.match(metrics, /^loki_process_custom_levels\{.*pod="web".*\} 4$/m);
  assert.equal(await collector.end('SIGTERM'), 0);
  const tenants = new Map<unknown, number>();
  for (const { headers, stored } of stage.loki.store.records) {
    const tenant = headers['x-scope-orgid'];
    tenants.set(tenant, (tenants.get(tenant) ?? 0) + stored);
  }
  assert.deepEqual(Object.fromEntries(tenants), { blue: 1, red: 2 });
});

test(
  'max_streams: what is too many streams for a push goes into others, and nothing is dropped',
  TIMEOUT,
  async (t) => {
    const stage = await makeStage(t);
    const more = `
  stage.cri {}
  stage.json { expressions = { app = "app" } }
  stage.labels { values = { app = "" } }`;
    const text = configuration(stage, undefined, more).replace('  endpoint {', '  max_streams = 2\n  endpoint {');
    const line = (index: number) => JSON.stringify({ app: `app-${index % 5}`, index });
    const lines = Array.from({ length: 200 }, (_, index) => line(index));
    write(stage, 'web', ...lines);
    write(stage, 'db', ...lines);
    // So that some are made anew in parts.
    stage.loki.faults.set({ action: 'refuse', status: 413, overDecodedBytes: 2000 });
    const collector = stage.start({ CONFIG: configured(stage, text) });
    await stage.stored(400);
    assert.equal(await collector.end('SIGTERM'), 0);
    const { store } = stage.loki;
    assert.deepEqual([store.entries, store.duplicates], [400, 0]);
    assert.ok(store.records.every(({ streams }) => new Set(streams).size <= 2));
    for (const stream of store.streams()) {
      const indexes = stream.kept.map((entry) => JSON.parse(entry.line.toString()).index as number);
      assert.deepEqual(
        indexes,
        indexes.toSorted((a, b) => a - b),
      );
      assert.equal(indexes.length, 40);
    }
  },
);
