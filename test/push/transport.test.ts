import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createEndpoint, type EndpointOptions } from '../../src/push/endpoint.js';
import type { ProxyOptions } from '../../src/push/proxy.js';
import type { Hidden } from '../../src/push/secret-files.js';
import type { TlsOptions } from '../../src/push/transport.js';
import { CERTIFICATE, KEY } from './certificate.js';
import { recorder, Servers } from './servers.js';

const PUSH = Buffer.from('a push');
const NO_PROXY: ProxyOptions = { url: null, noProxy: null, fromEnvironment: false, connectHeaders: [] };
const trusting: TlsOptions = { ca: hidden(CERTIFICATE) };

const folder = mkdtempSync(join(tmpdir(), 'sleipnir-transport-'));
const servers = new Servers();
afterEach(servers.endAll);
after(() => rmSync(folder, { recursive: true }));

function hidden(text: string): Hidden {
  return { reveal: () => text };
}

/** Pushes once: the status, or the failure and its message. */
async function push(url: URL, options: Partial<EndpointOptions>): Promise<number | string> {
  const endpoint = createEndpoint({ url, userAgent: 'sleipnir/test', ...options });
  servers.atEnd(() => endpoint.close());
  const answer = await endpoint.send(PUSH);
  return 'status' in answer ? answer.status : `${answer.failure}: ${answer.message}`;
}

const by = (url: URL, more: Partial<ProxyOptions> = {}): ProxyOptions => ({ ...NO_PROXY, url: url.href, ...more });

describe('TLS', () => {
  it('takes certificates as text', async () => {
    let authorized = false;
    const url = await servers.https(
      (request, response) => {
        authorized = (request.socket as TLSSocket).authorized;
        response.writeHead(204).end();
      },
      { ca: CERTIFICATE, requestCert: true, rejectUnauthorized: false },
    );
    assert.equal(await push(url, { tls: { ...trusting, cert: hidden(CERTIFICATE), key: hidden(KEY) } }), 204);
    assert.equal(authorized, true);
  });

  it('goes on with the certificate that took the place of another', async () => {
    const { listener } = recorder();
    const url = await servers.https(listener);
    const path = join(folder, 'ca.pem');
    writeFileSync(path, 'not yet');
    let nowMs = 0;
    const now = () => nowMs;
    const endpoint = createEndpoint({ url, userAgent: 'sleipnir/test', tls: { ca: { file: path } }, now });
    servers.atEnd(() => endpoint.close());
    assert.ok('failure' in (await endpoint.send(PUSH)));
    writeFileSync(`${path}.new`, CERTIFICATE);
    renameSync(`${path}.new`, path);
    nowMs = 1000;
    assert.ok('status' in (await endpoint.send(PUSH)));
  });

  it('checks the name of the URL, or that of "server_name"', async () => {
    const { listener, seen } = recorder();
    const url = await servers.https(listener);
    assert.equal(await push(url, { tls: { ...trusting, serverName: 'localhost' } }), 204);
    const { socket } = seen[0]?.request ?? assert.fail();
    assert.equal((socket as TLSSocket & { servername: string }).servername, 'localhost');
    assert.equal(await push(url, { tls: { ...trusting, serverName: '127.0.0.1' } }), 204);
    for (const serverName of ['loki', '127.0.0.2']) {
      assert.match(String(await push(url, { tls: { ...trusting, serverName } })), /^ERR_TLS_CERT_ALTNAME_INVALID/);
    }
  });

  it('takes any certificate with "insecure_skip_verify"', async () => {
    const url = await servers.https(recorder().listener);
    assert.equal(await push(url, { tls: { insecureSkipVerify: true } }), 204);
    assert.equal(await push(url, { tls: { insecureSkipVerify: true, serverName: 'loki' } }), 204);
  });

  it('speaks the versions it may', async () => {
    const old = { maxVersion: 'TLSv1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const table = [
      { server: { maxVersion: 'TLSv1.2' as const }, minVersion: 'TLSv1.3' as const, good: false },
      { server: { maxVersion: 'TLSv1.2' as const }, minVersion: 'TLSv1.2' as const, good: true },
      { server: { minVersion: 'TLSv1.3' as const }, minVersion: 'TLSv1.3' as const, good: true },
      { server: old, minVersion: 'TLSv1.2' as const, good: false },
      { server: old, minVersion: 'TLSv1' as const, good: true },
    ];
    for (const { server, minVersion, good } of table) {
      const url = await servers.https(recorder().listener, server);
      const got = await push(url, { tls: { ...trusting, minVersion } });
      assert.equal(got === 204, good, `${JSON.stringify(server)} by ${minVersion}: ${got}`);
    }
  });
});

describe('a proxy', () => {
  it('makes a tunnel to an HTTPS endpoint, and knows nothing of the push', async () => {
    const { seen, listener } = recorder();
    const target = await servers.https(listener);
    const { url, asked } = await servers.proxy(target);
    url.username = 'me';
    url.password = 'p%40ss';
    const options: Partial<EndpointOptions> = {
      tls: trusting,
      authorization: { kind: 'credentials', type: 'Bearer', credentials: hidden('token') },
      proxy: by(url, { connectHeaders: [['X-Pass', [hidden('one'), hidden('two')]]] }),
    };
    const named = new URL(target);
    named.hostname = 'localhost';
    assert.equal(await push(named, options), 204);
    const [{ line, headers } = assert.fail()] = asked;
    assert.equal(line, `CONNECT ${named.host}`);
    assert.equal(headers['proxy-authorization'], `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    assert.equal(headers['x-pass'], 'one, two');
    assert.equal(headers.authorization, undefined);
    const [{ request, body } = assert.fail()] = seen;
    assert.equal(request.headers.authorization, 'Bearer token');
    assert.equal(request.headers['proxy-authorization'], undefined);
    assert.equal(request.headers['x-pass'], undefined);
    assert.deepEqual(body, PUSH);
  });

  it('is asked for the whole URL of an HTTP endpoint', async () => {
    const { seen, listener } = recorder();
    const target = await servers.http(listener);
    const { url, asked } = await servers.proxy(target);
    url.username = 'me';
    const loki = new URL(target);
    loki.hostname = 'loki.invalid';
    assert.equal(await push(loki, { proxy: by(url) }), 204);
    const [{ line, headers } = assert.fail()] = asked;
    assert.equal(line, `POST ${loki.href}`);
    assert.equal(headers['proxy-authorization'], `Basic ${Buffer.from('me:').toString('base64')}`);
    const [{ request, body } = assert.fail()] = seen;
    assert.equal(request.headers.host, loki.host);
    assert.deepEqual(body, PUSH);
  });

  it('may be named by the environment', async (t) => {
    const target = await servers.http(recorder().listener);
    const { url, asked } = await servers.proxy(target);
    const before = process.env.HTTP_PROXY;
    t.after(() => {
      if (before === undefined) delete process.env.HTTP_PROXY;
      else process.env.HTTP_PROXY = before;
    });
    process.env.HTTP_PROXY = url.href;
    const loki = new URL('http://loki.invalid/push');
    assert.equal(await push(loki, { proxy: { ...NO_PROXY, fromEnvironment: true } }), 204);
    assert.equal(asked.length, 1);
    assert.match(String(await push(loki, { proxy: NO_PROXY })), /^E/);
  });

  it('may be spoken to by HTTPS', async () => {
    const target = await servers.https(recorder().listener);
    const { url, asked } = await servers.proxy(target, { tls: true });
    assert.equal(await push(target, { tls: trusting, proxy: by(url) }), 204);
    assert.equal(asked.length, 1);
    assert.match(String(await push(target, { proxy: by(url) })), /CERT/);
  });

  it('may be SOCKS5, which is asked for the name', async () => {
    for (const scheme of ['socks5', 'socks5h']) {
      const target = await servers.https(recorder().listener);
      const { url, asked } = await servers.socks(target);
      const named = new URL(target);
      named.hostname = 'localhost';
      assert.equal(await push(named, { tls: trusting, proxy: { ...NO_PROXY, url: `${scheme}://${url.host}` } }), 204);
      assert.deepEqual(asked, ['localhost']);
    }
    const target = await servers.http(recorder().listener);
    const { url } = await servers.socks(target);
    assert.equal(await push(target, { proxy: by(url) }), 204);
  });

  it('that refuses is a failure that can be told from others', async () => {
    const target = await servers.https(recorder().listener);
    const { url } = await servers.proxy(target, { refusal: 407 });
    assert.match(String(await push(target, { tls: trusting, proxy: by(url) })), /407/);
    const plain = new URL('http://loki.invalid/push');
    assert.match(String(await push(plain, { proxy: by(url) })), /407/);
  });

  it('that cannot be read is a failure without its password', async () => {
    const said = await push(new URL('http://loki.invalid/'), { proxy: { ...NO_PROXY, url: 'gopher://me:secret@a' } });
    assert.match(String(said), /^PROXY_URL: /);
    assert.ok(!String(said).includes('secret'));
  });

  it('keeps connections, and no more than allowed', async () => {
    const target = await servers.https(recorder().listener);
    const { url, asked } = await servers.proxy(target);
    const endpoint = createEndpoint({
      url: target,
      userAgent: 'sleipnir/test',
      tls: trusting,
      proxy: by(url),
      connections: 2,
    });
    servers.atEnd(() => endpoint.close());
    const answers = await Promise.all(Array.from({ length: 10 }, () => endpoint.send(PUSH)));
    assert.ok(answers.every((answer) => 'status' in answer && answer.status === 204));
    assert.equal(asked.length, 2);
  });
});
