import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startReceiver } from '../../bench/receiver/server.js';
import { OwnLogFile, ownLogPath } from '../../src/telemetry/own-log.js';
import { append, eventually, makeStage, type Stage } from './kit.js';

const TIMEOUT = { timeout: 60_000 };

/** A way for pods to each of `urls`, and one for our own log if there is a `writeTo`. */
function configured(stage: Stage, urls: readonly string[], writeTo: string | null): string {
  const path = join(stage.root, 'config.alloy');
  const writes = urls.map((url, i) => `loki.write "to${i}" {\n  endpoint {\n    url = "${url}"\n  }\n}\n`);
  const logging = writeTo === null ? '' : `logging {\n  level    = "debug"\n  write_to = [${writeTo}]\n}\n`;
  writeFileSync(
    path,
    `${logging}${writes.join('')}
loki.process "own" {
  stage.json { expressions = { level = "" } }
  stage.labels { values = { level = "" } }
  forward_to = [loki.write.to0.receiver]
}
loki.source.file "pods" {
  targets    = [{ __path__ = "${stage.pods}/*/*/*.log", job = "pods" }]
  forward_to = [${urls.map((_, i) => `loki.write.to${i}.receiver`).join(', ')}]
  file_match { enabled = true }
}
`,
  );
  return path;
}

test('write_to: each line of our own log arrives once, with its level, over a restart', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const config = configured(stage, [stage.loki.pushUrl], 'loki.process.own.receiver');
  append(stage.log('web'), ['one']);
  const { store } = stage.loki;
  const own = (): string[] => store.lines('{component="alloy"}');
  const said: string[] = [];
  const startsIn = (lines: readonly string[]): number =>
    lines.filter((line) => JSON.parse(line).msg === 'started').length;
  for (let start = 1; start <= 2; start++) {
    const collector = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
    await eventually(() => startsIn(own()) === start);
    assert.equal(await collector.end('SIGTERM'), 0);
    assert.deepEqual(collector.saying('LOGS_MISSING'), []);
    said.push(...collector.lines.map((line) => JSON.stringify(line)));
  }
  const arrived = own();
  assert.equal(store.duplicates, 0);
  assert.deepEqual(
    arrived.filter((line) => !said.includes(line)),
    [],
  );
  // What was said when nothing was read any more is still to come.
  const missing = said.filter((line) => !arrived.includes(line));
  assert.deepEqual(missing, said.slice(said.length - missing.length));
  assert.equal(startsIn(missing), 0);
  const streams = store.streams().filter(({ labels }) => labels.some(([name]) => name === 'component'));
  assert.deepEqual(
    streams.map(({ labels }) => labels).sort(),
    [...new Set(arrived.map((line) => JSON.parse(line).level as string))].sort().map((level) => [
      ['component', 'alloy'],
      ['level', level],
    ]),
  );
});

test('write_to taken out for another way of the pods: that begins where the other one is', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const other = await startReceiver();
  t.after(() => other.close());
  const config = configured(stage, [stage.loki.pushUrl], 'loki.write.to0.receiver');
  append(stage.log('web'), ['one', 'two']);
  const pods = (): string[] => stage.loki.store.lines('{job="pods"}');
  const before = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
  await eventually(() => pods().length === 2 && stage.loki.store.lines('{component="alloy"}').length > 0);
  // Its positions are stored.
  assert.equal(await before.end('SIGTERM'), 0);
  const collector = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
  await collector.said('started');
  configured(stage, [stage.loki.pushUrl, other.pushUrl], null);
  const { http } = await collector.said('started');
  assert.equal((await fetch(`${http}/-/reload`, { method: 'POST' })).status, 200);
  append(stage.log('web'), ['three']);
  await eventually(() => pods().length === 3 && other.store.entries > 0);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.match(other.store.lines().join('\n'), /^\S+ stdout F three$/);
});

test(
  'a long outage: the newest lines of our own log arrive, what was given up of it is counted',
  TIMEOUT,
  async (t) => {
    const stage = await makeStage(t);
    const config = configured(stage, [stage.loki.pushUrl], 'loki.write.to0.receiver');
    stage.loki.faults.set({ action: 'refuse', status: 503 });
    const collector = stage.start({ CONFIG: config, CONFIG_WATCH: 'false' });
    await collector.said('started');
    const file = new OwnLogFile(ownLogPath(stage.stateDir));
    t.after(() => file.close());
    // Does not get smaller in a copy.
    const noise = randomBytes(60_000).toString('base64');
    let written = 0;
    for (let files = 0; files < 7; files++) {
      const opened = await collector.metric('files_opened_total');
      for (let i = 0; i < 14; i++) file.write(`${JSON.stringify({ level: 'info', number: ++written, noise })}\n`);
      // Each file is seen before it is gone.
      if (files > 0) await eventually(async () => (await collector.metric('files_opened_total')) > opened);
    }
    await eventually(async () =>
      /^sleipnir_lost_bytes_total\{.*\} [1-9]/m.test(await (await collector.get('/metrics')).text()),
    );
    stage.loki.faults.clear();
    const own = () => stage.loki.store.lines('{component="alloy"}');
    await eventually(() => own().some((line) => line.includes(`"number":${written},`)));
    assert.equal(await collector.end('SIGTERM'), 0);
    assert.equal(stage.loki.store.duplicates, 0);
  },
);
