import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { diagnosticsJson, formatDiagnostics } from '../../../src/config/alloy/diagnostics.js';
import { fileLabels } from '../../../src/config/alloy/targets.js';
import { Pipeline } from '../../../workers/pipeline/pipeline.js';
import { filesOf, leftOutIn, loadAlloy, mistakesIn, planOf } from './helpers.js';

const podLogs = readFileSync('test/config/alloy/fixtures/pod-logs.alloy', 'utf8');
const podPath = '/var/log/pods/shop_cart-7d9f_0f1e/server/0.log';

const write = (label: string, inside = '') => `
loki.write "${label}" {
  endpoint {
    url = "http://${label}:3100/loki/api/v1/push"
    ${inside}
  }
}`;

describe('the pod log configuration', () => {
  it('comes to one route to one endpoint, with nothing refused', () => {
    const result = loadAlloy({ texts: [{ name: 'config.alloy', text: podLogs }] }, { env: {} });
    assert.ok('plan' in result);
    assert.deepEqual(result.warnings, []);
    const [source, ...others] = result.plan.sources;
    assert.deepEqual(others, []);
    assert.deepEqual(source!.targets, [
      {
        path: '/var/log/pods/*/*/*.log',
        literal: false,
        exclude: null,
        labels: [],
        relabel: [],
        ignoreOlderThanMs: 0,
      },
    ]);
    assert.deepEqual(source!.routes, [
      {
        spec: {
          processes: [
            {
              component: 'loki.process.add_labels',
              stages: [
                {
                  stage: 'regex',
                  expression:
                    '^/var/log/pods/(?P<namespace>[^_]+)_(?P<pod_name>[^_]+)_[^/]+/(?P<container>[^/]+)/.*\\.log$',
                  source: 'filename',
                  labelsFromGroups: false,
                },
                {
                  stage: 'labels',
                  values: [
                    ['namespace', 'namespace'],
                    ['pod', 'pod_name'],
                    ['container', 'container'],
                  ],
                  sourceType: 'extracted',
                },
              ],
              counts: true,
            },
          ],
          externalLabels: [],
        },
        sink: { kind: 'write', component: 'loki.write.loki' },
      },
    ]);
    const endpoint = result.plan.writes[0]!.endpoints[0]!;
    assert.equal(endpoint.url.href, 'http://loki.monitoring:3100/loki/api/v1/push');
    assert.equal(endpoint.batchSizeBytes, 2 ** 20);
  });

  it('leaves nothing to be done for a line', () => {
    const [source] = planOf(podLogs).sources;
    const labels = fileLabels(source!.targets[0]!, podPath);
    const route = { ...source!.routes[0]!.spec, revision: 1, maxLineBytes: 1000 };
    const { plain, labels: found } = new Pipeline(route).hoisted(podPath, labels ?? []);
    assert.equal(plain, true);
    assert.deepEqual(Object.fromEntries(found.labels), {
      container: 'server',
      filename: podPath,
      namespace: 'shop',
      pod: 'cart-7d9f',
    });
  });
});

describe('the graph', () => {
  it('has a route for each way, and counts what they share once', () => {
    const plan = planOf(`
loki.source.file "s" {
  targets    = [{ __path__ = "/a.log" }]
  forward_to = [loki.process.a.receiver, loki.write.y.receiver]
}
loki.process "a" {
  stage.docker { }
  forward_to = [loki.process.b.receiver, loki.relabel.r.receiver]
}
loki.process "b" {
  forward_to = [loki.write.x.receiver, loki.write.y.receiver]
}
loki.relabel "r" {
  forward_to = [loki.echo.e.receiver]
  rule {
    action = "labeldrop"
    regex  = "tmp_.*"
  }
}
loki.echo "e" { }
${write('x')}
${write('y')}`);
    const routes = plan.sources[0]!.routes.map(({ spec, sink }) => {
      const way = spec.processes.map(({ component, counts }) => `${component}${counts ? '' : '-'}`);
      return [...way, sink.component].join(' ');
    });
    assert.deepEqual(routes, [
      'loki.process.a loki.process.b loki.write.x',
      'loki.process.a- loki.process.b- loki.write.y',
      'loki.process.a- loki.relabel.r loki.echo.e',
      'loki.write.y',
    ]);
  });

  it('counts a component again when entries reach it twice', () => {
    const plan = planOf(`
loki.source.file "s" {
  targets    = [{ __path__ = "/a.log" }]
  forward_to = [loki.process.a.receiver, loki.process.a.receiver]
}
loki.process "a" {
  forward_to = [loki.echo.e.receiver]
}
loki.echo "e" { }`);
    assert.deepEqual(
      plan.sources[0]!.routes.map(({ spec }) => spec.processes[0]!.counts),
      [true, true],
    );
  });

  it('refuses more ways than anybody means', () => {
    const steps = Array.from({ length: 20 }, (_, i) => {
      const to = i === 19 ? 'loki.echo.e' : `loki.process.p${i + 1}`;
      return `loki.process "p${i}" {\n  forward_to = [${to}.receiver, ${to}.receiver]\n}`;
    });
    const [mistake, ...others] = mistakesIn(`
loki.source.file "s" {
  targets    = [{ __path__ = "/a.log" }]
  forward_to = [loki.process.p0.receiver]
}
loki.echo "e" { }
${steps.join('\n')}`);
    assert.match(mistake ?? '', /^2:1: there are more than 256 ways/);
    assert.deepEqual(others, []);
  });

  it('warns of files that go nowhere', () => {
    const text = 'loki.source.file "s" {\n  targets = [{ __path__ = "/a.log" }]\n  forward_to = []\n}';
    const result = loadAlloy({ texts: [{ name: 'test.alloy', text }] }, { env: {} });
    assert.ok('plan' in result);
    assert.match(result.warnings[0]?.message ?? '', /goes nowhere/);
  });

  it('warns of a pattern that extracts nothing', () => {
    const stage = 'stage.regex {\n    expression = "(a)"\n  }';
    const text = `loki.process "p" {\n  forward_to = []\n  ${stage}\n}`;
    const result = loadAlloy({ texts: [{ name: 'test.alloy', text }] }, { env: {} });
    assert.ok('plan' in result);
    assert.match(result.warnings[0]?.message ?? '', /no named group/);
  });

  it('takes external labels and every argument of an endpoint', () => {
    const plan = planOf(
      `
loki.write "w" {
  external_labels = { cluster = "a" }
  endpoint {
    url                 = sys.env("URL")
    name                = "main"
    tenant_id           = "t"
    batch_wait          = "2s"
    batch_size          = "512KB"
    remote_timeout      = "1m30s"
    headers             = { "X-A" = "b" }
    max_backoff_period  = "1m"
    proxy_url           = "http://proxy"
    basic_auth {
      username = "u"
      password = sys.env("PASSWORD")
    }
    tls_config {
      ca_file              = "/ca.pem"
      insecure_skip_verify = true
    }
  }
}`,
      { env: { URL: 'https://loki/push', PASSWORD: 'hidden' } },
    );
    const [endpoint] = plan.writes[0]!.endpoints;
    assert.equal(plan.writes[0]!.externalLabels[0]![1], 'a');
    assert.equal(endpoint!.url.href, 'https://loki/push');
    assert.equal(endpoint!.batchSizeBytes, 512 * 1024);
    assert.equal(endpoint!.remoteTimeoutMs, 90_000);
    assert.deepEqual(endpoint!.headers, [['X-A', 'b']]);
    assert.equal(endpoint!.basicAuth?.password?.reveal(), 'hidden');
    assert.equal(endpoint!.tls.insecureSkipVerify, true);
    assert.doesNotMatch(inspect(plan, { depth: null }) + JSON.stringify(plan), /hidden/);
  });

  it('takes two ways to authenticate for a mistake', () => {
    const inside = 'bearer_token = "a"\n    bearer_token_file = "/b"';
    assert.match(mistakesIn(write('w', inside))[0] ?? '', /^3:3: only one way to authenticate/);
  });
});

describe('targets', () => {
  it('keep their labels, and exclude what they exclude', () => {
    const plan = planOf(`
local.file_match "m" {
  path_targets = [
    { __path__ = "/var/log/*.log", __path_exclude__ = "/var/log/x*.log", job = "sys", __hidden = "h" },
  ]
  sync_period       = "3s"
  ignore_older_than = "24h"
}
loki.source.file "s" {
  targets       = array.concat(local.file_match.m.targets, [{ __path__ = "/b.log" }])
  forward_to    = [loki.echo.e.receiver]
  tail_from_end = true
  encoding      = "utf-16le"
}
loki.echo "e" { }`);
    const [globbed, literal] = plan.sources[0]!.targets;
    assert.equal(globbed!.exclude, '/var/log/x*.log');
    assert.equal(globbed!.ignoreOlderThanMs, 86_400_000);
    assert.deepEqual(fileLabels(globbed!, '/var/log/a.log'), [['job', 'sys']]);
    assert.deepEqual([literal!.path, literal!.literal], ['/b.log', true]);
    assert.equal(plan.sources[0]!.tailFromEnd, true);
    assert.equal(plan.sources[0]!.encoding, 'utf-16le');
  });

  it('are relabelled before and after the files are known', () => {
    const plan = planOf(`
discovery.relabel "before" {
  targets = [{ dir = "pods" }, { dir = "secret" }]
  rule {
    source_labels = ["dir"]
    regex         = "secret"
    action        = "drop"
  }
  rule {
    source_labels = ["dir"]
    target_label  = "__path__"
    replacement   = "/var/log/$1/*/*/*.log"
  }
}
local.file_match "m" {
  path_targets = discovery.relabel.before.output
}
discovery.relabel "after" {
  targets = local.file_match.m.targets
  rule {
    source_labels = ["__path__"]
    regex         = "/var/log/pods/(?P<ns>[^_]+)_.*"
    target_label  = "namespace"
    replacement   = "\${ns}-x"
  }
  rule {
    source_labels = ["namespace"]
    regex         = "kube-system-x"
    action        = "drop"
  }
}
loki.source.file "s" {
  targets    = discovery.relabel.after.output
  forward_to = [loki.echo.e.receiver]
}
loki.echo "e" { }`);
    const [target, ...others] = plan.sources[0]!.targets;
    assert.deepEqual(others, []);
    assert.equal(target!.path, '/var/log/pods/*/*/*.log');
    assert.deepEqual(fileLabels(target!, podPath), [
      ['dir', 'pods'],
      ['namespace', 'shop-x'],
    ]);
    assert.equal(fileLabels(target!, '/var/log/pods/kube-system_a_b/c/0.log'), null);
  });

  it('cannot get another path once the files are known', () => {
    const mistakes = mistakesIn(`
local.file_match "m" {
  path_targets = [{ __path__ = "/a/*.log" }]
}
discovery.relabel "r" {
  targets = local.file_match.m.targets
  rule {
    target_label = "__path__"
    replacement  = "/b"
  }
}`);
    assert.match(mistakes[0] ?? '', /^8:20: .*cannot be changed/);
  });

  it('are globs only where somebody expands them', () => {
    const text = `
loki.source.file "s" {
  targets    = [{ __path__ = "/a/*.log" }]
  forward_to = [loki.echo.e.receiver]
  FILE_MATCH
}
loki.echo "e" { }`;
    const result = loadAlloy({ texts: [{ name: 't', text: text.replace('FILE_MATCH', '') }] }, { env: {} });
    assert.ok('plan' in result);
    assert.match(result.warnings[0]?.message ?? '', /name of one file/);
    const plan = planOf(text.replace('FILE_MATCH', 'file_match {\n    enabled = true\n  }'));
    assert.equal(plan.sources[0]!.targets[0]!.literal, false);
  });
});

describe('files', () => {
  it('of a folder are one configuration', () => {
    const folder = mkdtempSync(join(tmpdir(), 'alloy-'));
    try {
      const cut = podLogs.indexOf('loki.process "');
      writeFileSync(join(folder, 'b.alloy'), podLogs.slice(0, cut));
      writeFileSync(join(folder, 'a.alloy'), podLogs.slice(cut));
      writeFileSync(join(folder, 'c.txt'), 'not read');
      const result = loadAlloy({ path: folder }, { env: {} });
      assert.ok('plan' in result);
      assert.equal(result.plan.sources[0]!.routes.length, 1);
      assert.deepEqual(result.plan.files, [folder, join(folder, 'a.alloy'), join(folder, 'b.alloy')]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('that are not there are mistakes', () => {
    const missing = loadAlloy({ path: '/nowhere.alloy' }, { env: {}, files: filesOf({}) });
    assert.ok('diagnostics' in missing);
    assert.equal(
      formatDiagnostics(missing.diagnostics),
      '/nowhere.alloy:1:1: the file /nowhere.alloy cannot be read (ENOENT)\n',
    );
    const text = 'local.file "a" {\n  filename = "/b"\n}';
    assert.deepEqual(mistakesIn(text, { files: filesOf({}) }), ['2:14: the file /b cannot be read (ENOENT)']);
  });

  it('that are not UTF-8 are told at the byte', () => {
    const readFile = () => Buffer.from('logging { }\n// \xe9', 'latin1');
    const result = loadAlloy({ path: '/a.alloy' }, { env: {}, files: { readFile, listFolder: () => null } });
    assert.ok('diagnostics' in result);
    assert.deepEqual(
      result.diagnostics.map(({ line, column }) => [line, column]),
      [[2, 4]],
    );
  });

  it('give contents, which stay secret if they are', () => {
    const text = `
local.file "token" {
  filename  = "/token"
  is_secret = true
}
local.file "host" {
  filename = "/host"
}
loki.write "w" {
  endpoint {
    url          = "http://" + local.file.host.content + "/push"
    bearer_token = "a" + local.file.token.content
  }
}
${write('v', 'tenant_id = local.file.token.content')}`;
    const files = filesOf({ '/token': 'hidden', '/host': 'loki' });
    assert.deepEqual(mistakesIn(text, { files }), [
      '19:17: expected a string, found a secret; convert.nonsensitive makes a string of it',
    ]);
    const good = text.replace('tenant_id = local.file.token.content', '');
    const [plan] = planOf(good, { files }).writes;
    assert.equal(plan!.endpoints[0]!.url.href, 'http://loki/push');
    assert.equal(plan!.endpoints[0]!.bearerToken?.reveal(), 'ahidden');
  });

  it('bring in what they declare, from their own folder', () => {
    const files = filesOf({
      '/etc/main.alloy': `
import.file "lib" {
  filename = "lib/logs.alloy"
}
lib.pods "x" {
  forward_to = [loki.write.w.receiver]
}
${write('w')}`,
      '/etc/lib/logs.alloy': `
import.file "inner" {
  filename = file.path_join(module_path, "inner.alloy")
}
declare "pods" {
  argument "forward_to" { }
  argument "glob" {
    optional = true
    default  = "/var/log/pods/*/*/*.log"
  }
  inner.drop "d" {
    to = argument.forward_to.value
  }
  loki.source.file "s" {
    targets    = [{ __path__ = argument.glob.value }]
    forward_to = [inner.drop.d.receiver]
    file_match {
      enabled = true
    }
  }
}`,
      '/etc/lib/inner.alloy': `
declare "drop" {
  argument "to" { }
  loki.process "p" {
    stage.drop {
      expression = "debug"
    }
    forward_to = argument.to.value
  }
  export "receiver" {
    value = loki.process.p.receiver
  }
}`,
    });
    const result = loadAlloy({ path: '/etc/main.alloy' }, { env: {}, files });
    assert.ok('plan' in result, 'diagnostics' in result ? formatDiagnostics(result.diagnostics) : '');
    const [source] = result.plan.sources;
    assert.equal(source!.component, 'lib.pods.x/loki.source.file.s');
    assert.equal(source!.targets[0]!.path, '/var/log/pods/*/*/*.log');
    assert.equal(source!.routes[0]!.spec.processes[0]!.component, 'lib.pods.x/inner.drop.d/loki.process.p');
    assert.deepEqual(result.plan.files, ['/etc/main.alloy', '/etc/lib/logs.alloy', '/etc/lib/inner.alloy']);
  });

  it('that import themselves are refused', () => {
    const files = filesOf({
      '/a.alloy': 'import.file "a" {\n  filename = "/b.alloy"\n}',
      '/b.alloy': 'import.file "b" {\n  filename = "/b.alloy"\n}',
    });
    const result = loadAlloy({ path: '/a.alloy' }, { env: {}, files });
    assert.ok('diagnostics' in result);
    assert.match(result.diagnostics[0]?.message ?? '', /imports itself/);
  });
});

describe('what has nothing to do with logs', () => {
  const metrics = `
discovery.kubernetes "pods" {
  role = "pod"
}
discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets
}
prometheus.scrape "pods" {
  targets    = discovery.relabel.pods.output
  forward_to = [prometheus.remote_write.mimir.receiver]
}
prometheus.remote_write "mimir" {
  endpoint {
    url = "http://mimir"
  }
}`;

  it('is refused, and the answer says how to leave it out', () => {
    const result = loadAlloy({ texts: [{ name: 't', text: podLogs + metrics }] }, { env: {} });
    assert.ok('diagnostics' in result);
    assert.equal(result.diagnostics.length, 3);
    assert.match(result.diagnostics[1]?.message ?? '', /--skip-unsupported/);
  });

  it('is left out on demand, and listed', () => {
    const options = { env: {}, skipUnsupported: true };
    const result = loadAlloy({ texts: [{ name: 't', text: podLogs + metrics }] }, options);
    assert.ok('plan' in result);
    assert.deepEqual(leftOutIn(result.warnings), [
      'discovery.kubernetes.pods',
      'discovery.relabel.pods',
      'prometheus.scrape.pods',
      'prometheus.remote_write.mimir',
    ]);
    assert.equal(result.warnings.length, 4);
  });

  it('is not what logs go through or come from', () => {
    const text = `
otelcol.exporter.loki "l" {
  forward_to = [loki.echo.e.receiver]
}
loki.source.kubernetes "k" {
  forward_to = [loki.echo.e.receiver]
}
discovery.kubernetes "pods" { }
loki.source.file "s" {
  targets    = discovery.kubernetes.pods.targets
  forward_to = [loki.echo.e.receiver]
}
loki.echo "e" { }`;
    const mistakes = mistakesIn(text, { skipUnsupported: true });
    assert.equal(mistakes.length, 3);
    assert.match(mistakes[0] ?? '', /^2:1: .*cannot be left out/);
    assert.match(mistakes[1] ?? '', /^5:1: .*loki.source.file/);
    assert.match(mistakes[2] ?? '', /^8:1: .*local.file_match/);
  });
});

describe('diagnostics', () => {
  it('show the line and a caret', () => {
    const text = 'loki.write "w" {\n\tendpoint {\n\t\turl = 5 +\n\t}\n}';
    const result = loadAlloy({ texts: [{ name: 'c.alloy', text }] }, { env: {} });
    assert.ok('diagnostics' in result);
    assert.equal(
      formatDiagnostics(result.diagnostics),
      'c.alloy:4:2: expected an expression, found "}"\n  \t}\n  \t^\n',
    );
  });

  it('have a form for editors', () => {
    const result = loadAlloy({ texts: [{ name: 'c.alloy', text: 'http {\n  é = 1\n  x { }\n}' }] }, { env: {} });
    assert.ok('diagnostics' in result);
    const common = { file: 'c.alloy', column: 3, severity: 'error' };
    assert.deepEqual(diagnosticsJson(result.diagnostics), [
      { ...common, line: 2, message: 'http has no argument "é"' },
      { ...common, line: 3, message: 'http has no block "x"' },
    ]);
  });

  it('never show a secret', () => {
    const text = `
loki.write "w" {
  endpoint {
    url = "http://a"
    basic_auth { password = "hidden \\" too" + 1
    }
    bearer_token = \`hidden\` + []
    http_headers = { "X-Key" = ["hidden" + 1] }
  }
}
local.file "f" {
  filename = encoding.from_json("{\\"hidden\\"")
}`;
    const result = loadAlloy({ texts: [{ name: 'c.alloy', text }] }, { env: {} });
    assert.ok('diagnostics' in result);
    assert.equal(result.diagnostics.length, 4);
    const [, ...rest] = formatDiagnostics(result.diagnostics.slice(0, 3)).split('c.alloy');
    assert.doesNotMatch(rest.join(''), /hidden/);
    assert.doesNotMatch(result.diagnostics[3]?.message ?? '', /hidden/);
  });

  it('never show the lines of a secret module', () => {
    const files = filesOf({ '/secret': 'declare "m" { }\nhidden = 1\nloki.echo "e" { token = "hidden" }' });
    const text = `
local.file "f" {
  filename  = "/secret"
  is_secret = true
}
import.string "lib" {
  content = local.file.f.content
}`;
    const result = loadAlloy({ texts: [{ name: 'c.alloy', text }] }, { env: {}, files });
    assert.ok('diagnostics' in result);
    assert.deepEqual(
      result.diagnostics.map(({ file, line, column }) => `${file}:${line}:${column}`),
      ['import.string.lib:2:1', 'import.string.lib:3:1'],
    );
    assert.ok(result.diagnostics.every(({ excerpt }) => excerpt === ''));
  });

  it('settings stand in the configuration itself only', () => {
    const text = 'declare "m" {\n  logging { }\n}\nm "x" { }';
    assert.deepEqual(mistakesIn(text), ['2:3: logging can only stand in the configuration itself, not in a module']);
  });
});
