import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  Agent as PlainAgent,
  get as plainGet,
  type RequestOptions,
  type RequestOptions as TlsRequest,
} from 'node:http';
import { get as tlsGet } from 'node:https';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { HttpPlan } from '../../src/config/alloy/plan.js';
import { Secret } from '../../src/config/alloy/value.js';
import { startWeb, type Web } from '../../src/web/server.js';
import { CERTIFICATE, KEY, STRANGER } from '../push/certificate.js';

type Tls = NonNullable<HttpPlan['tls']>;

const TIMEOUT = { timeout: 20_000 };
const plain: Tls = {
  cert: CERTIFICATE,
  key: new Secret(KEY),
  clientCa: null,
  clientAuthType: 'NoClientCert',
  ciphers: [],
  curves: [],
  minVersion: null,
  maxVersion: null,
};
const auth = { username: 'me', password: new Secret('word'), paths: [], authenticateMatchingPaths: false };
const me = { authorization: `Basic ${Buffer.from('me:word').toString('base64')}` };

describe('secured web server', () => {
  let web: Web;
  /** What /metrics answers. */
  let metrics: () => Promise<string>;

  beforeEach(async () => {
    metrics = async () => 'a_total 1\n';
    web = await startWeb({
      host: '127.0.0.1',
      port: 0,
      plan: null,
      registry: { contentType: 'text/plain', metrics: () => metrics() },
      probes: { ready: () => ({ ok: true }), healthy: () => ({ ok: true, troubles: [] }) },
      reload: async () => {
        await web.change({ auth: null, tls: plain });
        return { ok: true, message: 'done' };
      },
    });
  });
  afterEach(() => web.close());

  function ask(path: string, options: TlsRequest & ConnectionOptions = {}): Promise<{ status: number; body: string }> {
    const get = web.url.startsWith('https') ? tlsGet : plainGet;
    return read(get(`${web.url}${path}`, { agent: false, ca: CERTIFICATE, ...options } as RequestOptions));
  }

  async function read(sent: ReturnType<typeof plainGet>): Promise<{ status: number; body: string }> {
    const [response] = await once(sent, 'response');
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    return { status: response.statusCode, body };
  }

  async function statusOf(path: string, options?: TlsRequest & ConnectionOptions): Promise<number | string> {
    try {
      return (await ask(path, options)).status;
    } catch {
      return 'refused';
    }
  }

  it('asks for a password on every path but /-/live, also where there is nothing', TIMEOUT, async () => {
    await web.change({ auth, tls: null });
    for (const path of ['/metrics', '/-/ready', '/-/healthy', '/-/reload', '/', '/nothing']) {
      assert.equal(await statusOf(path), 401, path);
    }
    assert.equal(await statusOf('/-/live'), 200);
    assert.equal(await statusOf('/metrics', { headers: me }), 200);
    const [response] = await once(plainGet(`${web.url}/metrics`), 'response');
    response.resume();
    assert.equal(response.headers['www-authenticate'], 'Basic realm="sleipnir", charset="UTF-8"');
  });

  it('takes other credentials without closing a connection', TIMEOUT, async () => {
    const agent = new PlainAgent({ keepAlive: true, maxSockets: 1 });
    try {
      const sent = plainGet(`${web.url}/metrics`, { agent });
      assert.equal((await read(sent)).status, 200);
      await web.change({ auth, tls: null });
      const again = plainGet(`${web.url}/metrics`, { agent });
      assert.equal((await read(again)).status, 401);
      assert.ok(again.reusedSocket);
    } finally {
      agent.destroy();
    }
  });

  it('goes from HTTP to HTTPS and back on the same port', TIMEOUT, async () => {
    const { port } = new URL(web.url);
    for (const tls of [plain, null, plain]) {
      await web.change({ auth: null, tls });
      assert.deepEqual(new URL(web.url).port, port);
      assert.equal(new URL(web.url).protocol, tls === null ? 'http:' : 'https:');
      assert.equal(await statusOf('/metrics'), 200);
    }
    await assert.rejects(read(plainGet(`http://127.0.0.1:${port}/metrics`)));
  });

  it('answers whoever has asked for the change, and ends idle connections', TIMEOUT, async () => {
    const agent = new PlainAgent({ keepAlive: true });
    try {
      const idle = plainGet(`${web.url}/-/live`, { agent });
      const [socket] = await once(idle, 'socket');
      await read(idle);
      const closed = once(socket, 'close');
      const response = await fetch(`${web.url}/-/reload`, { method: 'POST' });
      assert.deepEqual([response.status, await response.text()], [200, 'done\n']);
      await closed;
      assert.match(web.url, /^https/);
    } finally {
      agent.destroy();
    }
  });

  it('shows another certificate after a change', TIMEOUT, async () => {
    await web.change({ auth: null, tls: plain });
    await web.change({ auth: null, tls: { ...plain, cert: STRANGER.cert, key: new Secret(STRANGER.key) } });
    assert.equal(await statusOf('/metrics'), 'refused');
    assert.equal(await statusOf('/metrics', { ca: STRANGER.cert, checkServerIdentity: () => undefined }), 200);
  });

  for (const [clientAuthType, none, unknown, known] of [
    ['NoClientCert', 200, 200, 200],
    ['RequestClientCert', 200, 200, 200],
    ['RequireAnyClientCert', 'refused', 200, 200],
    ['VerifyClientCertIfGiven', 200, 'refused', 200],
    ['RequireAndVerifyClientCert', 'refused', 'refused', 200],
  ] as const) {
    it(`${clientAuthType}: without certificate ${none}, with an unknown one ${unknown}`, TIMEOUT, async () => {
      await web.change({ auth: null, tls: { ...plain, clientCa: CERTIFICATE, clientAuthType } });
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const answers = [{}, STRANGER, { cert: CERTIFICATE, key: KEY }].map((own) =>
          statusOf('/metrics', { ...own, maxVersion }),
        );
        assert.deepEqual(await Promise.all(answers), [none, unknown, known], maxVersion);
      }
    });
  }

  it('speaks the versions, ciphers and curves that are asked for', TIMEOUT, async () => {
    const spoken = async (tls: Partial<Tls>, options: ConnectionOptions = {}): Promise<string> => {
      await web.change({ auth: null, tls: { ...plain, ...tls } });
      const port = Number(new URL(web.url).port);
      const socket = connectTls({ host: '127.0.0.1', port, ca: CERTIFICATE, ...options });
      try {
        await once(socket, 'secureConnect');
        return `${socket.getProtocol()} ${socket.getCipher().name}`;
      } catch {
        return 'refused';
      } finally {
        socket.destroy();
      }
    };
    assert.match(await spoken({}), /^TLSv1\.3 /);
    assert.match(await spoken({ maxVersion: 'TLS12' }), /^TLSv1\.2 /);
    assert.equal(await spoken({ minVersion: 'TLS13' }, { maxVersion: 'TLSv1.2' }), 'refused');
    const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
    assert.equal(await spoken({}, old), 'refused');
    assert.match(await spoken({ minVersion: 'TLS10' }, old), /^TLSv1 /);
    assert.match(await spoken({ maxVersion: 'TLS10' }, old), /^TLSv1 /);
    const ciphers = ['ECDHE-ECDSA-AES128-GCM-SHA256'];
    assert.equal(await spoken({ ciphers }, { maxVersion: 'TLSv1.2' }), `TLSv1.2 ${ciphers[0]}`);
    assert.match(await spoken({ ciphers }), /^TLSv1\.3 /);
    assert.equal(await spoken({ curves: ['P-521'] }, { ecdhCurve: 'P-256' }), 'refused');
    assert.match(await spoken({ curves: ['P-521', 'P-256'] }, { ecdhCurve: 'P-256' }), /^TLSv1\.3 /);
  });

  it('closes although a connection never gets through with TLS', { timeout: 8_000 }, async () => {
    await web.change({ auth: null, tls: plain });
    const silent = connect(Number(new URL(web.url).port), '127.0.0.1');
    await once(silent, 'connect');
    await statusOf('/-/live');
    const ended = once(silent, 'close');
    await web.close();
    await ended;
  });

  it('lets an answer under way finish when TLS changes', TIMEOUT, async () => {
    let finish: (text: string) => void = () => {};
    const asked = new Promise<void>((resolve) => {
      metrics = () => {
        resolve();
        return new Promise((done) => {
          finish = done;
        });
      };
    });
    const answer = ask('/metrics');
    await asked;
    await web.change({ auth: null, tls: plain });
    finish('late\n');
    assert.deepEqual(await answer, { status: 200, body: 'late\n' });
  });
});
