import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingNames, settings } from '../../src/config/settings.js';
import { findUnknown } from '../../src/config/unknown.js';

const nearest: [string, string][] = [
  ['SLEIPNIR_LOKI_ULR', 'SLEIPNIR_LOKI_URL'],
  ['SLEIPNIR_LOKIURL', 'SLEIPNIR_LOKI_URL'],
  ['SLEIPNIR_URL', 'SLEIPNIR_LOKI_URL'],
  ['SLEIPNIR_LOKI_ENDPOINT', 'SLEIPNIR_LOKI_URL'],
  ['SLEIPNIR_BATCH_SIZE_BYTES', 'SLEIPNIR_BATCH_BYTES'],
  ['SLEIPNIR_PATH', 'SLEIPNIR_PATHS'],
  ['SLEIPNIR_LEVEL', 'SLEIPNIR_LOG_LEVEL'],
  ['SLEIPNIR_TLS_CA', 'SLEIPNIR_TLS_CA_FILE'],
  ['SLEIPNIR_TENANT', 'SLEIPNIR_TENANT_ID'],
  ['SLEIPNIR_MEMORY', 'SLEIPNIR_MEMORY_LIMIT'],
  ['SLEIPNIR_PASSWORD_FILE', 'SLEIPNIR_BASIC_AUTH_PASSWORD_FILE'],
];

for (const [variable, setting] of nearest) {
  test(`${variable} is nearest to ${setting}`, () => {
    assert.deepEqual(findUnknown({ [variable]: 'x' }), [{ variable, nearest: setting }]);
  });
}

test('the variables of a Kubernetes service are not ours', () => {
  const env = {
    SLEIPNIR_SERVICE_HOST: '10.96.0.7',
    SLEIPNIR_SERVICE_PORT: '12345',
    SLEIPNIR_SERVICE_PORT_HTTP: '12345',
    SLEIPNIR_PORT: 'tcp://10.96.0.7:12345',
    SLEIPNIR_PORT_12345_TCP: 'tcp://10.96.0.7:12345',
    SLEIPNIR_PORT_12345_TCP_PROTO: 'tcp',
    SLEIPNIR_PORT_12345_TCP_PORT: '12345',
    SLEIPNIR_PORT_12345_TCP_ADDR: '10.96.0.7',
    SLEIPNIR_HEADLESS_SERVICE_HOST: '10.96.0.8',
    SLEIPNIR_HEADLESS_PORT: 'udp://10.96.0.8:53',
    SLEIPNIR_HEADLESS_PORT_53_UDP_ADDR: '10.96.0.8',
  };
  assert.deepEqual(findUnknown(env), []);
});

test('a port that no service made is named', () => {
  assert.deepEqual(
    findUnknown({ SLEIPNIR_PORT: '12345', SLEIPNIR_HTTP_PORT: '80' }).map(({ variable }) => variable),
    ['SLEIPNIR_HTTP_PORT', 'SLEIPNIR_PORT'],
  );
});

test('settings and variables of others are not named', () => {
  const env = Object.fromEntries(settingNames.map((name) => [settings[name].variable, 'x']));
  assert.deepEqual(findUnknown({ ...env, PATH: '/bin', MY_SLEIPNIR_X: '1', LOKI_URL: 'x' }), []);
});
