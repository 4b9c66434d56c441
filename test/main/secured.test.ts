import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { CERTIFICATE, KEY, STRANGER } from '../push/certificate.js';
import { append, eventually, makeStage, type Stage, writeTo } from './kit.js';

const TIMEOUT = { timeout: 60_000 };
const NO_AUTH = { username: '', password: '' };
const ME = { username: 'me', password: 'word' };

/** A pipeline, with a part of its own. */
function configured(stage: Stage, more: string): string {
  const path = join(stage.root, 'config.alloy');
  writeFileSync(
    path,
    `${more}
loki.source.file "pods" {
  targets    = [{ __path__ = "${stage.pods}/*/*/*.log" }]
  forward_to = [loki.write.loki.receiver]
  file_match {
    enabled = true
  }
}
${writeTo('loki', stage.loki.pushUrl)}`,
  );
  return path;
}

function auth({ username, password } = ME): string {
  return `auth {\n  basic {\n    username = "${username}"\n    password = "${password}"\n  }\n}\n`;
}

/** Writes a pair as whoever renews it does. */
function tls(stage: Stage, cert = CERTIFICATE, key = KEY): string {
  for (const [name, text] of [
    ['tls.crt', cert],
    ['tls.key', key],
  ] as const) {
    writeFileSync(join(stage.root, `.${name}`), text);
    renameSync(join(stage.root, `.${name}`), join(stage.root, name));
  }
  return `tls {\n  cert_file = "${stage.root}/tls.crt"\n  key_file = "${stage.root}/tls.key"\n}\n`;
}

/** Asks by HTTPS with a connection of its own; `refused` if the certificate is not `ca`'s. */
async function ask(url: string, user = NO_AUTH, method = 'GET', ca = CERTIFICATE): Promise<number | string> {
  const headers =
    user === NO_AUTH
      ? {}
      : { authorization: `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}` };
  try {
    const options = { method, headers, ca, agent: false, checkServerIdentity: () => undefined };
    const [response] = await once(request(url, options).end(), 'response');
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  } catch {
    return 'refused';
  }
}

test('with auth and tls nothing is to be had without password, but that the process lives', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  append(stage.log('web'), ['one']);
  const collector = stage.start({ CONFIG: configured(stage, `http {\n${auth()}${tls(stage)}}`) });
  const { http } = await collector.said('started');
  assert.match(http ?? '', /^https:/);
  for (const path of ['/metrics', '/-/ready', '/-/healthy']) {
    assert.equal(await ask(`${http}${path}`), 401, path);
    assert.equal(await ask(`${http}${path}`, { ...ME, password: 'Word' }), 401, path);
    assert.equal(await ask(`${http}${path}`, ME), 200, path);
  }
  assert.equal(await ask(`${http}/-/reload`, NO_AUTH, 'POST'), 401);
  assert.equal(await ask(`${http}/-/live`), 200);
  await assert.rejects(fetch(`${http?.replace('https', 'http')}/-/live`));
  await stage.stored(1);
  assert.equal(await collector.end('SIGTERM'), 0);
});

test('a renewed certificate is shown without being asked for', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const collector = stage.start({ CONFIG: configured(stage, `http {\n${tls(stage)}}`) });
  const { http } = await collector.said('started');
  assert.equal(await ask(`${http}/-/ready`), 200);
  tls(stage, STRANGER.cert, STRANGER.key);
  await eventually(async () => (await ask(`${http}/-/ready`, NO_AUTH, 'GET', STRANGER.cert)) === 200);
  assert.equal(await ask(`${http}/-/ready`), 'refused');
  assert.equal(await collector.end('SIGTERM'), 0);
});

test('a reload goes from HTTP to HTTPS with a password and back, and a bad key changes nothing', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  append(stage.log('web'), ['one']);
  const collector = stage.start({ CONFIG: configured(stage, ''), CONFIG_WATCH: 'false' });
  const { http } = await collector.said('started');
  const https = http?.replace('http:', 'https:') ?? '';
  configured(stage, `http {\n${auth()}${tls(stage)}}`);
  assert.equal((await fetch(`${http}/-/reload`, { method: 'POST' })).status, 200);
  assert.equal(await ask(`${https}/metrics`), 401);
  assert.equal(await ask(`${https}/metrics`, ME), 200);
  tls(stage, CERTIFICATE, STRANGER.key);
  assert.equal(await ask(`${https}/-/reload`, ME, 'POST'), 400);
  assert.equal(await ask(`${https}/metrics`, ME), 200);
  configured(stage, '');
  assert.equal(await ask(`${https}/-/reload`, ME, 'POST'), 200);
  assert.equal((await fetch(`${http}/metrics`)).status, 200);
  append(stage.log('web'), ['two']);
  await stage.stored(2);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.equal(stage.loki.store.duplicates, 0);
});

test('logging: the level of the file holds, unless a variable says otherwise', TIMEOUT, async (t) => {
  const stage = await makeStage(t);
  const config = configured(stage, 'logging {\n  level = "error"\n  format = "json"\n}\n');
  append(stage.log('web'), ['one']);
  const quiet = stage.start({ CONFIG: config });
  await stage.stored(1);
  const loud = stage.start({ CONFIG: config, LOG_LEVEL: 'info', STATE_DIR: join(stage.root, 'other') });
  await loud.said('started');
  assert.equal(await loud.end('SIGTERM'), 0);
  assert.equal(await quiet.end('SIGTERM'), 0);
  assert.deepEqual(quiet.lines, []);
});
