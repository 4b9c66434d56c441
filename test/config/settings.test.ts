import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingNames, settings } from '../../src/config/settings.js';

/** The contract, row by row: variable and default. */
const contract: [variable: string, value: string][] = [
  ['SLEIPNIR_CONFIG', 'none: the built-in pipeline'],
  ['SLEIPNIR_CONFIG_WATCH', 'true'],
  ['SLEIPNIR_LOKI_URL', 'http://loki.monitoring:3100/loki/api/v1/push'],
  ['SLEIPNIR_PATHS', '/var/log/pods/*/*/*.log'],
  ['SLEIPNIR_EXCLUDE', 'none'],
  ['SLEIPNIR_LABEL_REGEX', 'namespace, pod and container from the pod path'],
  ['SLEIPNIR_LABELS', 'none'],
  ['SLEIPNIR_FORMAT', 'auto'],
  ['SLEIPNIR_STREAM', 'metadata'],
  ['SLEIPNIR_START', 'beginning'],
  ['SLEIPNIR_STATE_DIR', '/var/lib/sleipnir'],
  ['SLEIPNIR_SPOOL_BYTES', '1GiB'],
  ['SLEIPNIR_HTTP_ADDR', '127.0.0.1:12345'],
  ['SLEIPNIR_WORKERS', 'from the CPU limit'],
  ['SLEIPNIR_MEMORY_LIMIT', 'from the memory limit'],
  ['SLEIPNIR_BATCH_BYTES', '1MiB'],
  ['SLEIPNIR_BATCH_WAIT', '1s'],
  ['SLEIPNIR_MAX_LINE_BYTES', '256KiB'],
  ['SLEIPNIR_SCAN_INTERVAL', '10s'],
  ['SLEIPNIR_SHUTDOWN_TIMEOUT', '20s'],
  ['SLEIPNIR_TENANT_ID', 'none'],
  ['SLEIPNIR_BEARER_TOKEN_FILE', 'none'],
  ['SLEIPNIR_BASIC_AUTH_USERNAME', 'none'],
  ['SLEIPNIR_BASIC_AUTH_PASSWORD_FILE', 'none'],
  ['SLEIPNIR_TLS_CA_FILE', 'none'],
  ['SLEIPNIR_TLS_CERT_FILE', 'none'],
  ['SLEIPNIR_TLS_KEY_FILE', 'none'],
  ['SLEIPNIR_LOG_LEVEL', 'info'],
  ['SLEIPNIR_LOG_FORMAT', 'pretty on a terminal, else json'],
];

test('the settings are those of the contract, with its names and defaults', () => {
  assert.deepEqual(
    settingNames.map((name) => [settings[name].variable, settings[name].default]),
    contract,
  );
});

test('flags are named like variables', () => {
  assert.equal(settings.lokiUrl.flag, '--loki-url');
  assert.equal(settings.basicAuthPasswordFile.flag, '--basic-auth-password-file');
});

test('the name of a setting is the one the command line parser gives its flag', () => {
  for (const name of settingNames.filter((name) => name !== 'config')) {
    const camelCase = settings[name].flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    assert.equal(camelCase, name);
  }
});

test('every setting says what it means and what is allowed, in one line', () => {
  for (const name of settingNames) {
    assert.match(settings[name].meaning, /^\S[^\n]+[^.\s]$/);
    assert.match(settings[name].allowed, /^\S[^\n]+[^.\s]$/);
  }
});
