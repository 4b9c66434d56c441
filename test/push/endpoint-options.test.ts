import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { EndpointPlan } from '../../src/config/alloy/plan.js';
import { type Destination, sameDestination } from '../../src/lane.js';
import { createEndpoint, type EndpointOptions } from '../../src/push/endpoint.js';
import { backoffOfPlan, endpointOfConfig, endpointOfPlan } from '../../src/push/endpoint-options.js';
import { mistakesIn, planOf } from '../config/alloy/helpers.js';
import { CERTIFICATE, KEY } from './certificate.js';
import { recorder, Servers } from './servers.js';

const folder = mkdtempSync(join(tmpdir(), 'sleipnir-endpoint-options-'));
const servers = new Servers();
afterEach(servers.endAll);
after(() => rmSync(folder, { recursive: true }));

function text(url: URL | string, inside: string): string {
  return `loki.write "w" {\n  endpoint {\n    url = "${url}"\n${inside}\n  }\n}`;
}

function planned(url: URL | string, inside: string): EndpointPlan {
  return planOf(text(url, inside)).writes[0]?.endpoints[0] ?? assert.fail();
}

async function status(options: EndpointOptions): Promise<number | string> {
  const endpoint = createEndpoint(options);
  servers.atEnd(() => endpoint.close());
  const answer = await endpoint.send(Buffer.from('a push'));
  return 'status' in answer ? answer.status : `${answer.failure}: ${answer.message}`;
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('an endpoint of an Alloy file', () => {
  it('proves itself in each way there is', async () => {
    const { seen, listener } = recorder();
    const url = await servers.http(listener);
    const tokenUrl = await servers.http((_, response) => response.end('{"access_token":"minted"}'));
    const secret = file('secret', 'filed\n');
    const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;
    const table: [inside: string, header: string | undefined][] = [
      ['', undefined],
      ['bearer_token = "given"', 'Bearer given'],
      [`bearer_token_file = "${secret}"`, 'Bearer filed'],
      ['basic_auth {\n username = "me"\n password = "given"\n }', basic('given')],
      [`basic_auth {\n username = "me"\n password_file = "${secret}"\n }`, basic('filed')],
      ['authorization {\n credentials = "given"\n }', 'Bearer given'],
      [`authorization {\n type = "ApiKey"\n credentials_file = "${secret}"\n }`, 'ApiKey filed'],
      [
        `oauth2 {\n client_id = "me"\n client_secret_file = "${secret}"\n token_url = "${tokenUrl}"\n }`,
        'Bearer minted',
      ],
    ];
    for (const [inside, header] of table) {
      assert.equal(await status(endpointOfPlan(planned(url, inside))), 204, inside);
      assert.equal(seen.pop()?.request.headers.authorization, header, inside);
    }
  });

  it('sends tenant and headers', async () => {
    const { seen, listener } = recorder();
    const url = await servers.http(listener);
    const inside = 'tenant_id = "a"\nheaders = { "X-One" = "1" }\nhttp_headers = { "X-Two" = ["2", "3"] }';
    assert.equal(await status(endpointOfPlan(planned(url, inside))), 204);
    const { headers } = seen[0]?.request ?? assert.fail();
    assert.deepEqual([headers['x-scope-orgid'], headers['x-one'], headers['x-two']], ['a', '1', '2, 3']);
    assert.match(headers['user-agent'] ?? '', /^sleipnir\/\d/);
  });

  it('is reached by its proxy, with its certificates', async () => {
    const { listener } = recorder();
    const url = await servers.https(listener, { ca: CERTIFICATE, requestCert: true, minVersion: 'TLSv1.3' });
    const { url: proxy, asked } = await servers.proxy(url);
    const pem = (certificate: string) => JSON.stringify(certificate);
    const certificates = `tls_config {
      ca_pem = ${pem(CERTIFICATE)}
      cert_pem = ${pem(CERTIFICATE)}
      key_pem = ${pem(KEY)}
      server_name = "localhost"
      min_version = "TLS13"
    }`;
    assert.equal(await status(endpointOfPlan(planned(url, `proxy_url = "${proxy}"\n${certificates}`))), 204);
    assert.equal(asked.length, 1);
    assert.equal(await status(endpointOfPlan(planned(url, certificates))), 204);
    const insecure = `tls_config {
      cert_file = "${file('cert.pem', CERTIFICATE)}"
      key_file = "${file('key.pem', KEY)}"
      insecure_skip_verify = true
    }`;
    assert.equal(await status(endpointOfPlan(planned(url, insecure))), 204);
    assert.match(String(await status(endpointOfPlan(planned(url, '')))), /CERT/);
  });

  it('gives up waiting when it says, and waits between tries as it says', async () => {
    const url = await servers.http(() => {});
    const plan = planned(url, 'remote_timeout = "50ms"\nmin_backoff_period = "1s"\nmax_backoff_period = "1m"');
    assert.match(String(await status(endpointOfPlan(plan))), /^REQUEST_TIMEOUT/);
    assert.deepEqual(backoffOfPlan(plan), { minMs: 1000, maxMs: 60_000 });
  });

  it('shows no secret to whoever prints it', () => {
    const inside = [
      'bearer_token = "hush"',
      'authorization {\n credentials = "hush"\n }',
      'basic_auth {\n username = "me"\n password = "hush"\n }',
      'oauth2 {\n client_id = "me"\n client_secret = "hush"\n token_url = "http://a"\n }',
      'http_headers = { "X-Key" = ["hush"] }',
      'proxy_url = "http://a"\nproxy_connect_header = { "X-Key" = ["hush"] }',
    ];
    for (const each of inside) {
      const options = endpointOfPlan(planned('http://a', each));
      assert.ok(!/hush/.test(inspect(options, { depth: 9 }) + JSON.stringify(options)), each);
    }
  });

  it('is another one when a secret or a certificate is another', () => {
    const inside = [
      'bearer_token = "A"',
      'basic_auth {\n password = "A"\n }',
      'http_headers = { "X-Key" = ["A"] }',
      'tls_config {\n ca_pem = "A"\n }',
      'oauth2 {\n client_id = "me"\n client_secret = "A"\n token_url = "http://a"\n }',
    ];
    const destination = (text: string): Destination => ({
      kind: 'endpoint',
      endpoint: endpointOfPlan(planned('http://a', text)),
      backoff: null,
    });
    for (const each of inside) {
      assert.ok(sameDestination(destination(each), destination(each)), each);
      assert.ok(!sameDestination(destination(each), destination(each.replace('"A"', '"B"'))), each);
    }
  });

  it('is refused when its arguments do not go together', () => {
    const table: [inside: string, message: RegExp][] = [
      ['proxy_url = "gopher://me:hush@a"', /^4:13: a proxy is given as/],
      ['no_proxy = "a"', /^4:12: "no_proxy" needs "proxy_url"/],
      ['proxy_connect_header = { "a" = ["b"] }', /^4:24: "proxy_connect_header" needs a proxy/],
      ['proxy_from_environment = true\nproxy_url = "http://a"', /^5:13: .*cannot both be given/],
      ['proxy_from_environment = true\nno_proxy = "a"', /^5:12: .*cannot both be given/],
      ['http_headers = { "Content-type" = ["a"] }', /^4:16: the header "Content-type" cannot be given/],
      [
        'oauth2 {\nclient_id = "a"\ntoken_url = "http://a"\nclient_secret = "b"\nclient_secret_file = "c"\n}',
        /^8:22: .*cannot both be given/,
      ],
    ];
    for (const [inside, message] of table) {
      const mistakes = mistakesIn(text('http://a', inside));
      assert.match(mistakes[0] ?? '', message, inside);
      assert.ok(!mistakes.join().includes('hush'));
    }
  });
});

describe('the endpoint of the settings', () => {
  it('is what they say', async () => {
    const { seen, listener } = recorder();
    const url = await servers.http(listener);
    const none = { lokiUrl: url, tenantId: null, bearerTokenFile: null, basicAuth: null };
    const tls = { caFile: null, certFile: null, keyFile: null };
    const secret = file('secret', 'filed\n');
    await status(endpointOfConfig({ ...none, tls, tenantId: 'a', bearerTokenFile: secret }));
    await status(endpointOfConfig({ ...none, tls, basicAuth: { username: 'me', passwordFile: secret } }));
    const headers = seen.map(({ request }) => [request.headers.authorization, request.headers['x-scope-orgid']]);
    assert.deepEqual(headers, [
      ['Bearer filed', 'a'],
      [`Basic ${Buffer.from('me:filed').toString('base64')}`, undefined],
    ]);
    const secure = await servers.https(listener, { ca: CERTIFICATE, requestCert: true });
    const files = {
      caFile: file('ca.pem', CERTIFICATE),
      certFile: file('cert.pem', CERTIFICATE),
      keyFile: file('key.pem', KEY),
    };
    assert.equal(await status(endpointOfConfig({ ...none, lokiUrl: secure, tls: files })), 204);
  });
});
