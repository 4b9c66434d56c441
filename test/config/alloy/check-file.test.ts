import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CheckOptions, checkFile } from '../../../src/config/alloy/check-file.js';
import { checkStages } from '../../../workers/stages/check.js';
import { filesOf } from './helpers.js';

const askWorker: CheckOptions['askWorker'] = async (job) => checkStages(job);

/** `line:column: message` of what is wrong in a configuration. */
async function mistakes(text: string, options: Partial<CheckOptions> = {}): Promise<string[]> {
  const files = filesOf({ '/etc/config.alloy': text });
  const result = await checkFile('/etc/config.alloy', { env: {}, files, askWorker, ...options });
  if ('plan' in result) return [];
  return result.diagnostics.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

const process = (inside: string): string => `loki.process "p" {\n${inside}\n  forward_to = []\n}\n`;

// First of all: the libraries are not loaded yet.
test('loads the libraries that a file needs', async () => {
  const text = process(`
  stage.json {
    expressions = { a = "b[?c == 'd']", e = "f[" }
  }
  stage.static_labels { values = encoding.from_yaml("a: b") }`);
  const [path, ...others] = await mistakes(text);
  assert.match(path ?? '', /^4:46: this is no JMESPath/);
  assert.deepEqual(
    others.filter((mistake) => !mistake.includes('JMESPath')),
    [],
  );
});

test('tells the mistakes of the language and those of the compilers together, in the order of the file', async () => {
  const text = process(`
  stage.template {
    source   = "a"
    template = "\\u00e9 {{ nope }}"
  }
  stage.match {
    selector = "{app=\\"x\\"}"
    stage.replace {
      expression = "(a)"
      replace    = \`{{ if .Value }}\`
    }
    stage.drop { }
  }
  stage.geoip {
    db      = "/no/such.mmdb"
    source  = "ip"
    db_type = "city"
  }`);
  const [template, replace, drop, geoip, ...others] = await mistakes(text);
  assert.equal(template, '5:27: this is no Go template: function "nope" is not defined');
  assert.equal(replace, '11:24: this is no Go template: {{if}} is not ended');
  assert.match(drop ?? '', /^13:5: stage.drop needs /);
  assert.match(geoip ?? '', /^16:15: can not read the database/);
  assert.deepEqual(others, []);
});

test('the file of most users is checked without a worker', async () => {
  const asked: string[] = [];
  const noWorker: CheckOptions['askWorker'] = async (job) => {
    asked.push(...job.stages.map(({ stage }) => stage));
    return checkStages(job);
  };
  const text = process(`
  stage.cri { }
  stage.regex {
    expression = "^/var/log/pods/(?P<namespace>[^_]+)_"
    source     = "filename"
  }
  stage.labels { values = { namespace = "" } }
  stage.drop { expression = "^GET /healthz" }
  stage.timestamp {
    source = "time"
    format = "RFC3339"
  }`);
  assert.deepEqual(await mistakes(text, { askWorker: noWorker }), []);
  assert.deepEqual(asked, ['timestamp']);
});

test('a text that is computed is blamed as a whole', async () => {
  const [mistake] = await mistakes(
    process('  stage.template {\n    source = "a"\n    template = string.join(["{{"], "")\n  }'),
  );
  assert.equal(mistake, '4:16: this is no Go template: unclosed action');
});

test('the inside of a declaration that is used twice is blamed once', async () => {
  const declared = process('  stage.template {\n    source = "a"\n    template = "{{"\n  }');
  const text = `declare "twice" {\n${declared}}\ntwice "a" { }\ntwice "b" { }\n`;
  assert.deepEqual(await mistakes(text), ['5:17: this is no Go template: unclosed action']);
});

test('a template in a stage with other mistakes is told, too', async () => {
  const [missing, template, ...others] = await mistakes(process('  stage.template {\n    template = "{{"\n  }'));
  assert.equal(missing, '2:3: loki.process > stage.template needs the argument "source"');
  assert.equal(template, '3:17: this is no Go template: unclosed action');
  assert.deepEqual(others, []);
});

test('no worker is asked about a file without stages', async () => {
  const noWorker = () => Promise.reject(new Error('asked'));
  assert.deepEqual(await mistakes('loki.echo "e" { }', { askWorker: noWorker }), []);
});

test('a good file gives the plan', async () => {
  const text = `
loki.source.file "s" {
  targets    = [{ __path__ = "/a.log" }]
  forward_to = [loki.process.p.receiver]
}
loki.process "p" {
  stage.template {
    source   = "a"
    template = "{{ .Value }}"
  }
  forward_to = [loki.echo.e.receiver]
}
loki.echo "e" { }`;
  const files = filesOf({ '/c.alloy': text });
  const result = await checkFile('/c.alloy', { env: {}, files, askWorker });
  assert.ok('plan' in result);
  assert.equal(result.plan.sources[0]?.routes.length, 1);
});
