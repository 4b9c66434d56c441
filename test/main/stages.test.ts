import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mmdb } from '../../bench/workers/stages/mmdb.js';
import { KINDS } from '../../workers/stages/all.js';
import { makeStage, type Stage, writeTo } from './kit.js';

const TIMEOUT = { timeout: 60_000 };

/** Every stage of the language, over three files. */
function configuration(stage: Stage, logs: string): string {
  const source = (name: string) => `
loki.source.file "${name}" {
  targets    = [{ __path__ = "${logs}/${name}.log" }]
  forward_to = [loki.process.${name}.receiver]
}`;
  return `
${source('cri')}
${source('docker')}
${source('raw')}
prometheus.scrape "p" {
  targets    = []
  forward_to = [prometheus.remote_write.p.receiver]
}
prometheus.remote_write "p" {
  endpoint { url = "http://mimir/push" }
}
otelcol.exporter.otlp "o" {
  client { endpoint = "tempo:4317" }
}
loki.process "cri" {
  stage.cri {}
  stage.multiline { firstline = "^\\\\{" }
  stage.json { expressions = { level = "", at = "", msg = "", user = "", noise = "" } }
  stage.timestamp {
    source = "at"
    format = "2006-01-02 15:04:05.000"
  }
  stage.metrics {
    metric.counter {
      name   = "lines"
      action = "inc"
      source = "level"
    }
  }
  stage.drop {
    source = "level"
    value  = "debug"
  }
  stage.match {
    selector = "{stream=\\"stdout\\"} |= \\"secret\\""
    action   = "drop"
  }
  stage.template {
    source   = "level"
    template = "{{ ToUpper .Value }}"
  }
  stage.labels { values = { level = "" } }
  stage.static_labels { values = { team = "red", gone = "soon" } }
  stage.label_drop { values = ["gone"] }
  stage.structured_metadata { values = { user = "", noise = "" } }
  stage.structured_metadata_drop { values = ["noise"] }
  stage.tenant { value = "acme" }
  stage.limit {
    rate  = 1000
    burst = 1000
  }
  stage.sampling { rate = 1 }
  stage.output { source = "msg" }
  forward_to = [loki.relabel.all.receiver]
}
loki.process "docker" {
  stage.docker {}
  stage.decolorize {}
  stage.luhn {}
  stage.logfmt { mapping = { ip = "" } }
  stage.geoip {
    db      = "${logs}/country.mmdb"
    source  = "ip"
    db_type = "country"
  }
  stage.labels { values = { country = "geoip_country_code" } }
  stage.label_keep { values = ["country"] }
  stage.replace { expression = "ip=(\\\\S+)" }
  stage.truncate {
    rule {
      limit  = "40B"
      suffix = "..."
    }
  }
  forward_to = [loki.relabel.all.receiver]
}
loki.process "raw" {
  stage.regex { expression = "(?P<hostile>(a+)+)$" }
  stage.split_json {}
  stage.pattern { pattern = "<_>\\"n\\":<n>}" }
  stage.labels { values = { n = "" } }
  stage.pack {
    labels           = ["filename"]
    ingest_timestamp = false
  }
  forward_to = [loki.relabel.all.receiver]
}
loki.relabel "all" {
  rule {
    target_label = "cluster"
    replacement  = "c1"
  }
  forward_to = [loki.write.loki.receiver]
}
${writeTo('loki', stage.loki.pushUrl)}`;
}

test('every stage through the real process, past a line that would stall a backtracking engine', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const logs = join(stage.root, 'logs');
  mkdirSync(logs);
  const write = (name: string, ...lines: string[]) =>
    writeFileSync(join(logs, `${name}.log`), lines.map((line) => `${line}\n`).join(''));
  const stamp = new Date().toISOString().slice(0, 19);
  const today = stamp.replace('T', ' ');
  const cri = (content: string) => `${stamp}Z stdout F ${content}`;
  write(
    'cri',
    cri(`{"level":"info","at":"${today}.123","msg":"first","user":"u1","noise":"n",`),
    cri('"more":true}'),
    cri('{"level":"debug","msg":"dropped"}'),
    cri('{"level":"info","msg":"a secret"}'),
    cri(`{"level":"warn","at":"${today}.456","msg":"last","user":"u2"}`),
  );
  write(
    'docker',
    JSON.stringify({
      log: '\u001b[31mip=10.0.0.1\u001b[0m paid 4111111111111111\n',
      stream: 'stdout',
      time: `${stamp}Z`,
    }),
    JSON.stringify({ log: `ip=10.0.0.2 ${'long '.repeat(20)}`, stream: 'stdout', time: `${stamp}Z` }),
  );
  const hostile = `${'a'.repeat(100_000)}!`;
  write('raw', hostile, '[{"n":1},{"n":2}]');
  const country = { country: { iso_code: 'DE', names: { en: 'Germany' } } };
  writeFileSync(join(logs, 'country.mmdb'), mmdb({ 10: country }, 'Test-Country'));
  const text = configuration(stage, logs);
  for (const kind of Object.keys(KINDS)) assert.ok(kind === 'relabel' || text.includes(`stage.${kind} {`), kind);
  const config = join(stage.root, 'config.alloy');
  writeFileSync(config, text);
  const collector = stage.start({ CONFIG: config }, { args: ['--skip-unsupported'] });
  const { http } = await collector.said('started');
  await stage.stored(2 + 2 + 3);
  const metrics = await (await fetch(`${http}/metrics`)).text();
  assert.match(metrics, /^loki_process_custom_lines\{.*\} 4$/m);
  assert.equal(await collector.end('SIGTERM'), 0);

  const { store } = stage.loki;
  const labelsOf = (selector: string) => Object.fromEntries(store.streams(selector)[0]?.labels ?? []);
  const file = (name: string) => join(logs, `${name}.log`);
  assert.deepEqual(store.lines('{team="red"}').sort(), ['first', 'last']);
  const common = { cluster: 'c1', filename: file('cri'), stream: 'stdout', team: 'red' };
  assert.deepEqual(labelsOf('{level="INFO"}'), { ...common, level: 'INFO' });
  const [first] = store.streams('{level="INFO"}')[0]!.kept;
  assert.equal(first!.ns, BigInt(Date.parse(`${stamp}.123Z`)) * 1_000_000n);
  assert.deepEqual(first!.metadata, [['user', 'u1']]);
  assert.deepEqual(
    [...new Set(store.records.map(({ headers }) => headers['x-scope-orgid']))].sort(),
    ['acme', undefined].sort(),
  );
  assert.deepEqual(labelsOf('{country="DE"}'), { cluster: 'c1', country: 'DE' });
  assert.deepEqual(store.lines('{country="DE"}'), [
    'ip= paid **REDACTED**\n',
    'ip= long long long long long long lon...',
  ]);
  assert.deepEqual(store.lines('{n="2"}'), [JSON.stringify({ filename: file('raw'), _entry: '{"n":2}' })]);
  assert.deepEqual(store.lines('{cluster="c1",team="",country="",n=""}'), [
    JSON.stringify({ filename: file('raw'), _entry: hostile }),
  ]);

  const leftOut = collector.lines.filter(({ msg }) => msg.includes('left out')).map(({ msg }) => msg.split('\n')[0]);
  assert.equal(leftOut.length, 3, leftOut.join('\n'));
  assert.match(leftOut[2]!, /config\.alloy:\d+:1: warning: left out otelcol\.exporter\.otlp\.o: /);
});
