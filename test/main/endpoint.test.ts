import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CERTIFICATE } from '../push/certificate.js';
import { Servers } from '../push/servers.js';
import { append, makeStage } from './kit.js';

test('an endpoint behind a proxy, with a token from a server of its own, as the bundle runs it', {
  timeout: 60_000,
}, async (t) => {
  const stage = await makeStage(t);
  const servers = new Servers();
  t.after(servers.endAll);
  const tokenUrl = await servers.https((_, response) => response.end('{"access_token":"minted","expires_in":3600}'));
  const toToken = await servers.proxy(tokenUrl);
  const toLoki = await servers.proxy(new URL(stage.loki.pushUrl));
  const config = join(stage.root, 'config.alloy');
  writeFileSync(
    config,
    `
loki.source.file "pods" {
  targets    = [{ __path__ = "${stage.pods}/*/*/*.log" }]
  file_match { enabled = true }
  forward_to = [loki.write.w.receiver]
}
loki.write "w" {
  endpoint {
    url        = "http://loki.invalid/loki/api/v1/push"
    batch_wait = "50ms"
    tenant_id  = "team-a"
    proxy_url  = "${toLoki.url}"
    oauth2 {
      client_id     = "me"
      client_secret = "hush"
      token_url     = "${tokenUrl}"
      proxy_url     = "${toToken.url}"
      tls_config {
        ca_pem      = ${JSON.stringify(CERTIFICATE)}
        server_name = "localhost"
      }
    }
  }
}`,
  );
  append(stage.log('web'), ['one', 'two']);
  const collector = stage.start({ CONFIG: config });
  await stage.stored(2);
  assert.equal(await collector.end('SIGTERM'), 0);
  assert.deepEqual(
    toToken.asked.map(({ line }) => line),
    [`CONNECT ${tokenUrl.host}`],
  );
  const [{ line, headers } = assert.fail()] = toLoki.asked;
  assert.equal(line, 'POST http://loki.invalid/loki/api/v1/push');
  assert.deepEqual([headers.authorization, headers['x-scope-orgid']], ['Bearer minted', 'team-a']);
  assert.ok(!/hush|minted/.test(JSON.stringify(collector.lines) + collector.stderr));
});
