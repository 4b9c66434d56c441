import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type LoadResult, loadConfig, type Mistake, type Sources } from '../../src/config/load.js';
import { formatMistakes } from '../../src/config/report.js';
import { settingNames, settings } from '../../src/config/settings.js';

const dir = mkdtempSync(join(tmpdir(), 'sleipnir-config-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'secret');
writeFileSync(file, 'do not print me');

function load(env: Record<string, string>, more: Partial<Sources> = {}): LoadResult {
  return loadConfig({ flags: {}, env, isTerminal: false, ...more });
}

function good(result: LoadResult): Extract<LoadResult, { config: unknown }> {
  assert.ok('config' in result, JSON.stringify(result));
  return result;
}

function mistakes(result: LoadResult): Mistake[] {
  assert.ok('mistakes' in result);
  return result.mistakes;
}

const config = (env: Record<string, string>) => good(load(env)).config;

test('nothing given: the defaults', () => {
  assert.deepEqual(config({}), {
    configPath: null,
    configWatch: true,
    lokiUrl: new URL('http://loki.monitoring:3100/loki/api/v1/push'),
    paths: ['/var/log/pods/*/*/*.log'],
    exclude: [],
    labelRegex: '/(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_[^/_]+/(?P<container>[^/]+)/[^/]+$',
    labels: [],
    format: 'auto',
    stream: 'metadata',
    start: 'beginning',
    stateDir: '/var/lib/sleipnir',
    spoolBytes: 1_073_741_824,
    httpAddr: { host: '127.0.0.1', port: 12345 },
    workers: null,
    memoryLimitBytes: null,
    batchBytes: 1_048_576,
    batchWaitMs: 1_000,
    maxLineBytes: 262_144,
    scanIntervalMs: 10_000,
    shutdownTimeoutMs: 20_000,
    tenantId: null,
    bearerTokenFile: null,
    basicAuth: null,
    tls: { caFile: null, certFile: null, keyFile: null },
    logLevel: 'info',
    logFormat: 'json',
  });
});

test('everything given', () => {
  const loaded = config({
    SLEIPNIR_CONFIG: '/etc/sleipnir.alloy',
    SLEIPNIR_CONFIG_WATCH: 'false',
    SLEIPNIR_LOKI_URL: ' https://loki.example/loki/api/v1/push\n',
    SLEIPNIR_PATHS: '/a/{b,c}/*.log, /d/*.log,',
    SLEIPNIR_EXCLUDE: '/a/{x,{y,z}}/**',
    SLEIPNIR_LABEL_REGEX: '/(?P<app>[^/]+)/(?<file>[^/]+)$',
    SLEIPNIR_LABELS: 'node=n1,team="a,b"',
    SLEIPNIR_FORMAT: 'docker',
    SLEIPNIR_STREAM: 'off',
    SLEIPNIR_START: 'end',
    SLEIPNIR_STATE_DIR: '/state',
    SLEIPNIR_SPOOL_BYTES: '0',
    SLEIPNIR_HTTP_ADDR: '[::1]:0',
    SLEIPNIR_WORKERS: '3',
    SLEIPNIR_MEMORY_LIMIT: '512Mi',
    SLEIPNIR_BATCH_BYTES: '64KiB',
    SLEIPNIR_BATCH_WAIT: '10ms',
    SLEIPNIR_MAX_LINE_BYTES: '4MiB',
    SLEIPNIR_SCAN_INTERVAL: '1m30s',
    SLEIPNIR_SHUTDOWN_TIMEOUT: '5s',
    SLEIPNIR_TENANT_ID: 'team-a',
    SLEIPNIR_BASIC_AUTH_USERNAME: 'me',
    SLEIPNIR_BASIC_AUTH_PASSWORD_FILE: file,
    SLEIPNIR_TLS_CA_FILE: file,
    SLEIPNIR_TLS_CERT_FILE: file,
    SLEIPNIR_TLS_KEY_FILE: file,
    SLEIPNIR_LOG_LEVEL: 'debug',
    SLEIPNIR_LOG_FORMAT: 'pretty',
  });
  assert.deepEqual(loaded, {
    configPath: '/etc/sleipnir.alloy',
    configWatch: false,
    lokiUrl: new URL('https://loki.example/loki/api/v1/push'),
    paths: ['/a/{b,c}/*.log', '/d/*.log'],
    exclude: ['/a/{x,{y,z}}/**'],
    labelRegex: '/(?P<app>[^/]+)/(?<file>[^/]+)$',
    labels: [
      ['node', 'n1'],
      ['team', 'a,b'],
    ],
    format: 'docker',
    stream: 'off',
    start: 'end',
    stateDir: '/state',
    spoolBytes: 0,
    httpAddr: { host: '::1', port: 0 },
    workers: 3,
    memoryLimitBytes: 536_870_912,
    batchBytes: 65_536,
    batchWaitMs: 10,
    maxLineBytes: 4_194_304,
    scanIntervalMs: 90_000,
    shutdownTimeoutMs: 5_000,
    tenantId: 'team-a',
    bearerTokenFile: null,
    basicAuth: { username: 'me', passwordFile: file },
    tls: { caFile: file, certFile: file, keyFile: file },
    logLevel: 'debug',
    logFormat: 'pretty',
  });
});

test('addresses', () => {
  const addr = (text: string) => config({ SLEIPNIR_HTTP_ADDR: text }).httpAddr;
  assert.deepEqual(addr(':12345'), { host: '', port: 12345 });
  assert.deepEqual(addr('localhost:0'), { host: 'localhost', port: 0 });
  assert.deepEqual(addr('[::]:65535'), { host: '::', port: 65535 });
});

test('the bearer token file is taken alone', () => {
  assert.equal(config({ SLEIPNIR_BEARER_TOKEN_FILE: file }).bearerTokenFile, file);
});

/** Variable, value, and what is said about it. */
const wrong: [string, string, RegExp][] = [
  ['SLEIPNIR_CONFIG_WATCH', 'sometimes', /true|false/],
  ['SLEIPNIR_LOKI_URL', 'loki:3100', /is not an http or https URL/],
  ['SLEIPNIR_LOKI_URL', 'loki', /is not a URL; allowed: an http or https URL/],
  ['SLEIPNIR_LOKI_URL', 'ftp://loki/push', /is not an http or https URL/],
  ['SLEIPNIR_PATHS', 'var/log/*.log', /has "var\/log\/\*\.log", which does not begin with \//],
  ['SLEIPNIR_PATHS', '/a/*.log,b', /has "b", which does not begin/],
  ['SLEIPNIR_PATHS', ',', /holds no glob/],
  ['SLEIPNIR_PATHS', '/a/{b,c', /has a brace without its partner/],
  ['SLEIPNIR_EXCLUDE', '*.gz', /has "\*\.gz", which does not begin/],
  ['SLEIPNIR_LABEL_REGEX', '/(?P<pod>[^/]+', /does not compile \(.*missing closing \)/],
  ['SLEIPNIR_LABEL_REGEX', '/(?=x)(?P<pod>.)', /does not compile/],
  ['SLEIPNIR_LABEL_REGEX', '/([^/]+)/', /has no named group; allowed: a regex in RE2 syntax/],
  ['SLEIPNIR_LABEL_REGEX', '(?P<9a>x)', /has a group "9a", which is no label name/],
  ['SLEIPNIR_LABELS', 'node', /is not name=value at "node"/],
  ['SLEIPNIR_LABELS', 'a=b,node', /is not name=value at "node"/],
  ['SLEIPNIR_LABELS', 'a="b', /is not name=value/],
  ['SLEIPNIR_LABELS', '=b', /has "", which is no label name/],
  ['SLEIPNIR_LABELS', 'my-node=n1', /has "my-node", which is no label name/],
  ['SLEIPNIR_LABELS', 'a=b,a=c', /names label "a" twice/],
  ['SLEIPNIR_LABELS', 'node=', /gives label "node" no value/],
  ['SLEIPNIR_FORMAT', 'json', /is none of these; allowed: auto, cri, docker or raw/],
  ['SLEIPNIR_STREAM', 'yes', /is none of these; allowed: metadata, label or off/],
  ['SLEIPNIR_START', 'middle', /is none of these; allowed: beginning or end/],
  ['SLEIPNIR_STATE_DIR', 'state', /is not an absolute path; allowed: a path that begins with \//],
  ['SLEIPNIR_SPOOL_BYTES', 'lots', /is not a size; allowed: a size of 0B or more/],
  ['SLEIPNIR_HTTP_ADDR', '12345', /is not host:port/],
  ['SLEIPNIR_HTTP_ADDR', 'localhost:65536', /is not host:port; allowed: .* 0 to 65535/],
  ['SLEIPNIR_HTTP_ADDR', '::1:80', /is not host:port/],
  ['SLEIPNIR_HTTP_ADDR', '[localhost]:80', /has no IPv6 address in its brackets/],
  ['SLEIPNIR_WORKERS', '0', /is less than 1; allowed: a whole number from 1 to 64/],
  ['SLEIPNIR_WORKERS', '65', /is more than 64/],
  ['SLEIPNIR_WORKERS', '1.5', /is not a whole number/],
  ['SLEIPNIR_MEMORY_LIMIT', '10MiB', /is less than 64MiB/],
  ['SLEIPNIR_MEMORY_LIMIT', '512m', /is not a size/],
  ['SLEIPNIR_BATCH_BYTES', '63KiB', /is less than 64KiB; allowed: a size of 64KiB to 16MiB/],
  ['SLEIPNIR_BATCH_BYTES', '17MiB', /is more than 16MiB/],
  ['SLEIPNIR_BATCH_WAIT', '9ms', /is less than 10ms; allowed: a duration of 10ms to 1m/],
  ['SLEIPNIR_BATCH_WAIT', '61s', /is more than 1m/],
  ['SLEIPNIR_BATCH_WAIT', '1', /is not a duration/],
  ['SLEIPNIR_MAX_LINE_BYTES', '1023', /is less than 1KiB/],
  ['SLEIPNIR_MAX_LINE_BYTES', '4097KiB', /is more than 4MiB/],
  ['SLEIPNIR_SCAN_INTERVAL', '99ms', /is less than 100ms/],
  ['SLEIPNIR_SCAN_INTERVAL', '2h', /is more than 1h/],
  ['SLEIPNIR_SHUTDOWN_TIMEOUT', '0s', /is less than 100ms/],
  ['SLEIPNIR_SHUTDOWN_TIMEOUT', 'soon', /is not a duration/],
  ['SLEIPNIR_TENANT_ID', 'a b', /cannot be the name of a tenant; allowed: up to 150 visible/],
  [
    'SLEIPNIR_BEARER_TOKEN_FILE',
    '/no/such/file',
    /cannot be read \(ENOENT\); allowed: the absolute path of a readable/,
  ],
  ['SLEIPNIR_BASIC_AUTH_USERNAME', 'a:b', /cannot be a user name/],
  [
    'SLEIPNIR_BASIC_AUTH_USERNAME',
    'me',
    /is set without SLEIPNIR_BASIC_AUTH_PASSWORD_FILE; allowed: both of them, or none/,
  ],
  ['SLEIPNIR_BASIC_AUTH_PASSWORD_FILE', file, /is set without SLEIPNIR_BASIC_AUTH_USERNAME/],
  ['SLEIPNIR_TLS_CA_FILE', dir, /is not a file/],
  ['SLEIPNIR_TLS_CERT_FILE', file, /is set without SLEIPNIR_TLS_KEY_FILE/],
  ['SLEIPNIR_TLS_KEY_FILE', file, /is set without SLEIPNIR_TLS_CERT_FILE/],
  ['SLEIPNIR_LOG_LEVEL', 'verbose', /is none of these; allowed: trace, debug, info, warn, error or fatal/],
  ['SLEIPNIR_LOG_FORMAT', 'logfmt', /is none of these; allowed: pretty or json/],
];

for (const [variable, value, said] of wrong) {
  test(`mistake: ${variable}=${value.replace(dir, '<folder>')}`, () => {
    const found = mistakes(load({ [variable]: value })).filter(({ setting }) => setting === variable);
    const text = formatMistakes(found);
    assert.match(text, said);
    assert.ok(text.startsWith(`${variable}: "${value}" `), text);
  });
}

test('every setting can be given wrongly', () => {
  const tried = new Set(wrong.map(([variable]) => variable));
  assert.deepEqual(
    settingNames
      .filter((name) => name !== 'config')
      .map((name) => settings[name].variable)
      .filter((variable) => !tried.has(variable)),
    [],
  );
});

test('all mistakes are reported at once', () => {
  const found = mistakes(load({ SLEIPNIR_LOKI_URL: 'x', SLEIPNIR_BATCH_WAIT: 'x' }, { flags: { labels: 'x' } }));
  assert.deepEqual(
    found.map(({ setting }) => setting),
    ['SLEIPNIR_LOKI_URL', '--labels', 'SLEIPNIR_BATCH_WAIT'],
  );
});

test('a bearer token and basic authentication exclude each other', () => {
  const env = {
    SLEIPNIR_BEARER_TOKEN_FILE: file,
    SLEIPNIR_BASIC_AUTH_USERNAME: 'me',
    SLEIPNIR_BASIC_AUTH_PASSWORD_FILE: file,
  };
  assert.match(formatMistakes(mistakes(load(env))), /^SLEIPNIR_BEARER_TOKEN_FILE: .* second way to authenticate.*\n$/);
});

test('secrets put where they do not belong are not printed', () => {
  const env = {
    SLEIPNIR_LOKI_URL: 'https://me:hunter2@loki/push?key=hunter2',
    SLEIPNIR_BEARER_TOKEN_FILE: 'hunter2',
    SLEIPNIR_BASIC_AUTH_PASSWORD_FILE: 'hunter2',
  };
  const text = formatMistakes(mistakes(load(env)));
  assert.match(text, /SLEIPNIR_LOKI_URL: "https:\/\/\*\*\*@loki\/push\?\*\*\*" holds a user or a password/);
  assert.match(text, /SLEIPNIR_BEARER_TOKEN_FILE: "\*\*\*" is not an absolute path/);
  assert.doesNotMatch(text, /hunter2/);
});

test('flag before environment before default', () => {
  const env = { SLEIPNIR_BATCH_WAIT: '2s', SLEIPNIR_WORKERS: '2' };
  const { config, effective } = good(load(env, { flags: { batchWait: '3s', batchBytes: '' } }));
  assert.equal(config.batchWaitMs, 3_000);
  assert.equal(config.workers, 2);
  const origin = (wanted: string) => effective.find(({ name }) => name === wanted)?.origin;
  assert.deepEqual(['batchWait', 'workers', 'batchBytes'].map(origin), ['flag', 'environment', 'default']);
  assert.deepEqual(
    effective.map(({ name }) => name),
    settingNames,
  );
});

test('a good flag hides a wrong variable', () => {
  assert.equal(good(load({ SLEIPNIR_FORMAT: 'x' }, { flags: { format: 'cri' } })).config.format, 'cri');
});

test('empty and blank variables count as not given', () => {
  const env = Object.fromEntries(settingNames.map((name) => [settings[name].variable, ' ']));
  assert.deepEqual(good(load(env)), good(load({})));
});

test('the own log is pretty on a terminal', () => {
  const { config, effective } = good(load({}, { isTerminal: true }));
  assert.equal(config.logFormat, 'pretty');
  assert.equal(effective.at(-1)?.value, 'pretty');
});

test('a URL without a path, and TLS files beside http, are warned about', () => {
  const { warnings } = good(load({ SLEIPNIR_LOKI_URL: 'http://loki:3100', SLEIPNIR_TLS_CA_FILE: file }));
  assert.deepEqual(warnings, [
    'SLEIPNIR_LOKI_URL has no path; Loki takes pushes at /loki/api/v1/push',
    'SLEIPNIR_LOKI_URL is an http URL, so the TLS files are not used',
  ]);
});

test('unknown variables are warned about, beside mistakes too', () => {
  const warning = 'SLEIPNIR_BATCH_BYTE is not a setting; the nearest one is SLEIPNIR_BATCH_BYTES';
  assert.deepEqual(load({ SLEIPNIR_BATCH_BYTE: '1MiB' }).warnings, [warning]);
  assert.deepEqual(load({ SLEIPNIR_BATCH_BYTE: '1MiB', SLEIPNIR_START: 'x' }).warnings, [warning]);
});
