import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SleipnirError } from '../../src/errors.js';
import { type Probes, startWeb, type Web } from '../../src/web/server.js';

interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

async function ask(url: string, method = 'GET', agent?: Agent): Promise<Reply> {
  const sent = request(url, { method, ...(agent && { agent }) }).end();
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode, headers: response.headers, body };
}

describe('web server', () => {
  let web: Web;
  let state: {
    ready: ReturnType<Probes['ready']>;
    healthy: ReturnType<Probes['healthy']>;
    metrics: () => Promise<string>;
    reload: { ok: boolean; message: string };
  };

  beforeEach(async () => {
    const reload = { ok: true, message: 'taken over' };
    state = { ready: { ok: true }, healthy: { ok: true, troubles: [] }, metrics: async () => 'a_total 1\n', reload };
    web = await startWeb({
      host: '127.0.0.1',
      port: 0,
      plan: null,
      registry: { contentType: 'text/plain; version=0.0.4; charset=utf-8', metrics: () => state.metrics() },
      probes: { ready: () => state.ready, healthy: () => state.healthy },
      reload: async () => state.reload,
    });
  });
  afterEach(() => web.close());

  it('serves the metrics of the registry with its content type', async () => {
    const { status, headers, body } = await ask(`${web.url}/metrics?x=1`);
    assert.deepEqual(
      [status, headers['content-type'], body],
      [200, 'text/plain; version=0.0.4; charset=utf-8', 'a_total 1\n'],
    );
  });

  it('reloads when asked by POST alone, and says what became of it', async () => {
    const url = `${web.url}/-/reload`;
    const good = await ask(url, 'POST');
    assert.deepEqual([good.status, good.body], [200, 'taken over\n']);
    state.reload = { ok: false, message: 'a.alloy:1:1: no' };
    const bad = await ask(url, 'POST');
    assert.deepEqual([bad.status, bad.body], [400, 'a.alloy:1:1: no\n']);
    const wrong = await ask(url);
    assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'POST']);
  });

  it('answers 500 when collecting fails, and goes on', async () => {
    state.metrics = () => Promise.reject(new Error('no state'));
    const reply = await ask(`${web.url}/metrics`);
    assert.deepEqual([reply.status, JSON.parse(reply.body)], [500, { error: 'no state' }]);
    assert.equal((await ask(`${web.url}/-/live`)).status, 200);
  });

  it('is ready with 200, and with 503 and the reason when not', async () => {
    const ready = await ask(`${web.url}/-/ready`);
    assert.deepEqual([ready.status, JSON.parse(ready.body)], [200, { ready: true }]);
    state.ready = { ok: false, why: 'positions are being loaded' };
    const not = await ask(`${web.url}/-/ready`);
    assert.deepEqual([not.status, JSON.parse(not.body)], [503, { ready: false, why: 'positions are being loaded' }]);
  });

  it('is healthy with 200, and lists its troubles with 500', async () => {
    assert.equal((await ask(`${web.url}/-/healthy`)).status, 200);
    const troubles = [{ code: 'STUCK', message: 'no progress for 10 s' }];
    state.healthy = { ok: false, troubles };
    const { status, body } = await ask(`${web.url}/-/healthy`);
    assert.deepEqual([status, JSON.parse(body)], [500, { healthy: false, troubles }]);
  });

  it('answers HEAD with the same head and no body', async () => {
    for (const path of ['/metrics', '/-/ready', '/-/healthy', '/-/live', '/nothing']) {
      const [get, head] = [await ask(web.url + path), await ask(web.url + path, 'HEAD')];
      assert.deepEqual([head.status, head.body], [get.status, ''], path);
      assert.equal(head.headers['content-length'], get.headers['content-length'], path);
    }
  });

  it('answers 404 as JSON elsewhere, also to POST, and 405 to POST where there is something', async () => {
    for (const [path, method] of [
      ['/', 'GET'],
      ['/-/nothing', 'POST'],
      ['/metrics/', 'GET'],
      ['/__proto__', 'GET'],
    ] as const) {
      const { status, headers, body } = await ask(web.url + path, method);
      assert.equal(status, 404, path);
      assert.match(String(headers['content-type']), /^application\/json/);
      assert.match(JSON.parse(body).error, new RegExp(path));
    }
    const post = await ask(`${web.url}/-/ready`, 'POST');
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  });

  it('refuses a port in use, and an address of another machine, with advice', async () => {
    const port = Number(new URL(web.url).port);
    const registry = { contentType: '', metrics: async () => '' };
    const probes: Probes = { ready: () => ({ ok: true }), healthy: () => ({ ok: true, troubles: [] }) };
    for (const addr of [
      { host: '127.0.0.1', port },
      { host: '192.0.2.1', port: 0 },
    ])
      await assert.rejects(
        startWeb({ ...addr, plan: null, registry, probes, reload: async () => ({ ok: true, message: '' }) }),
        (error) => {
          assert.ok(error instanceof SleipnirError);
          assert.equal(error.code, 'HTTP_ADDR_UNUSABLE');
          assert.ok(error.message.includes(`${addr.host}:${addr.port}`));
          assert.match(error.advice, /SLEIPNIR_HTTP_ADDR/);
          return true;
        },
      );
  });

  it('closes although a connection is kept alive, one is silent and one waits for its answer', {
    timeout: 20_000,
  }, async () => {
    const agent = new Agent({ keepAlive: true });
    const port = Number(new URL(web.url).port);
    try {
      await ask(`${web.url}/-/live`, 'GET', agent);
      const silent = connect(port, '127.0.0.1');
      await once(silent, 'connect');
      const asked = new Promise<void>((resolve) => {
        state.metrics = () => {
          resolve();
          return new Promise(() => {});
        };
      });
      const waiting = request(`${web.url}/metrics`).end();
      const dropped = once(waiting, 'error');
      const ended = once(silent, 'close');
      await asked;
      await web.close();
      await Promise.all([dropped, ended]);
      await assert.rejects(ask(`${web.url}/-/live`), { code: 'ECONNREFUSED' });
    } finally {
      agent.destroy();
    }
  });
});
