import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { Authorization } from '../../src/push/credential.js';
import type { Endpoint, EndpointOptions } from '../../src/push/endpoint.js';
import { createEndpoint } from '../../src/push/endpoint.js';
import type { Hidden } from '../../src/push/secret-files.js';
import { createSecretFiles } from '../../src/push/secret-files.js';
import { CERTIFICATE, KEY } from './certificate.js';
import { recorder, Servers } from './servers.js';

const PUSH = Buffer.from('a push');
const folder = mkdtempSync(join(tmpdir(), 'sleipnir-push-'));
const servers = new Servers();
const { listening, endAll } = servers;
const serve = servers.http;

beforeEach(endAll);
after(async () => {
  await endAll();
  rmSync(folder, { recursive: true });
});

function endpoint(url: URL, options: Partial<EndpointOptions> = {}): Endpoint {
  const made = createEndpoint({ url, userAgent: 'sleipnir/test', ...options });
  servers.atEnd(() => made.close());
  return made;
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function hidden(text: string): Hidden {
  return { reveal: () => text };
}

function bearer(path: string): Authorization {
  return { kind: 'credentials', type: 'Bearer', credentials: { file: path } };
}

test('a push is one POST with the headers of the Loki API, to path and query as they are', async () => {
  const { seen, listener } = recorder();
  const url = await serve(listener);
  url.pathname = '/a%2Fb/push';
  url.search = '?x=1&y=%20';
  const answer = await endpoint(url, { tenantId: 'team-a' }).send(PUSH);
  assert.deepEqual(answer, { status: 204, retryAfter: null, location: null, body: '' });
  const [{ request, body } = assert.fail()] = seen;
  assert.equal(request.method, 'POST');
  assert.equal(request.url, '/a%2Fb/push?x=1&y=%20');
  assert.deepEqual(body, PUSH);
  const { host, connection, ...headers } = request.headers;
  assert.deepEqual(headers, {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'content-length': '6',
    'user-agent': 'sleipnir/test',
    'x-scope-orgid': 'team-a',
  });
  assert.equal(connection, 'keep-alive');
  assert.equal(host, url.host);
});

test('headers are added, and replace none but the authorization', async () => {
  const { seen, listener } = recorder();
  const url = await serve(listener);
  const target = endpoint(url, {
    tenantId: 'team-a',
    authorization: { kind: 'credentials', type: 'Bearer', credentials: hidden('token') },
    headers: [
      ['X-One', '1'],
      ['Authorization', 'ApiKey 2'],
      ['x-scope-orgid', 'other'],
      ['User-Agent', 'other'],
      ['Content-Type', 'text/plain'],
      ['Host', 'other'],
      ['Content-Length', '3'],
      ['Transfer-Encoding', 'chunked'],
    ],
    httpHeaders: [
      ['X-Two', [hidden('a'), hidden('b')]],
      ['X-One', [hidden('c')]],
    ],
  });
  const answer = await target.send(PUSH);
  assert.ok('status' in answer && answer.status === 204, JSON.stringify(answer));
  const [{ request, body } = assert.fail()] = seen;
  const { connection, ...headers } = request.headersDistinct;
  assert.deepEqual(headers, {
    host: [url.host],
    'content-type': ['application/x-protobuf'],
    'content-encoding': ['snappy'],
    'content-length': ['6'],
    'user-agent': ['sleipnir/test'],
    'x-scope-orgid': ['team-a'],
    authorization: ['ApiKey 2'],
    'x-one': ['1', 'c'],
    'x-two': ['a', 'b'],
  });
  assert.deepEqual(body, PUSH);
});

test('a push may be for a tenant of its own, whatever the endpoint says', async () => {
  const { seen, listener } = recorder();
  const url = await serve(listener);
  const headers = [['X-Scope-OrgID', 'by-header']] as const;
  for (const options of [{}, { tenantId: 'team-a' }, { headers }]) {
    const target = endpoint(url, options);
    await target.send(PUSH, undefined, 'team-b');
    await target.send(PUSH, undefined, null);
    await target.send(PUSH);
  }
  const tenants = seen.map(({ request }) => request.headers['x-scope-orgid'] ?? null);
  const without = [null, null, 'team-a', 'team-a', 'by-header', 'by-header'];
  assert.deepEqual(
    tenants,
    [0, 2, 4].flatMap((at) => ['team-b', ...without.slice(at, at + 2)]),
  );
});

test('a header that cannot be sent is a failure without its value', async () => {
  const url = await serve(recorder().listener);
  for (const options of [{ httpHeaders: [['X-One', [hidden('se\ncret')]]] as const }, { tenantId: 'se\ncret' }]) {
    const answer = await endpoint(url, options).send(PUSH);
    assert.ok('failure' in answer && !/cret/.test(answer.message), JSON.stringify(answer));
  }
});

test('connections are kept, and never more than allowed', async () => {
  const sockets = new Set();
  const waiting: ServerResponse[] = [];
  const url = await serve((request, response) => {
    sockets.add(request.socket);
    waiting.push(response);
    if (waiting.length === 2) for (const each of waiting.splice(0)) each.writeHead(204).end();
  });
  const target = endpoint(url, { connections: 2 });
  const answers = await Promise.all(Array.from({ length: 10 }, () => target.send(PUSH)));
  assert.ok(answers.every((answer) => 'status' in answer && answer.status === 204));
  assert.equal(sockets.size, 2);
});

test('status, headers and body of a refusal are in the answer', async () => {
  const url = await serve((_, response) => {
    response.writeHead(429, { 'retry-after': '3', location: '/x' }).end('too much\n');
  });
  assert.deepEqual(await endpoint(url).send(PUSH), {
    status: 429,
    retryAfter: '3',
    location: '/x',
    body: 'too much\n',
  });
});

test('an answer without end is cut, and the endpoint works on', async () => {
  let endless = true;
  const url = await serve((_, response) => {
    if (!endless) return response.writeHead(204).end();
    endless = false;
    response.writeHead(500);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  });
  const target = endpoint(url, { connections: 1 });
  const answer = await target.send(PUSH);
  assert.ok('status' in answer && answer.status === 500);
  assert.equal(answer.body.length, 65_536);
  assert.ok('status' in (await target.send(PUSH)));
});

test('a redirect that would make a GET of it is an answer, and is not followed', async () => {
  for (const status of [301, 302, 303]) {
    const methods: string[] = [];
    const url = await serve((request, response) => {
      methods.push(`${request.method} ${request.url}`);
      response.writeHead(request.url === '/elsewhere' ? 204 : status, { location: '/elsewhere' }).end();
    });
    const answer = await endpoint(url).send(PUSH);
    assert.ok('status' in answer && answer.status === status && answer.location === '/elsewhere');
    assert.deepEqual(methods, ['POST /loki/api/v1/push']);
  }
});

test('a redirect that keeps the push is followed, from HTTP to HTTPS as well', async () => {
  const { seen, listener } = recorder();
  const secure = await servers.https(listener);
  for (const status of [307, 308]) {
    const url = await serve((request, response) => {
      const location = request.url === '/next' ? secure.href : '/next';
      response.writeHead(status, { location }).end();
    });
    const options = {
      authorization: bearer(file('redirected', 'token')),
      tls: { ca: hidden(CERTIFICATE) },
      connections: 1,
    };
    const answer = await endpoint(url, options).send(PUSH, undefined, 'team-a');
    assert.ok('status' in answer && answer.status === 204, JSON.stringify(answer));
    const [{ request, body } = assert.fail()] = seen.splice(0);
    assert.deepEqual(body, PUSH);
    assert.equal(request.headers.authorization, 'Bearer token');
    assert.equal(request.headers['x-scope-orgid'], 'team-a');
    const kept = await endpoint(url, { ...options, followRedirects: false }).send(PUSH);
    assert.ok('status' in kept && kept.status === status && kept.location === '/next');
  }
});

test('a redirect to another host, to weaker protection or to nowhere is not followed, and one in a ring not for ever', async () => {
  let location: string | undefined = '/';
  let requests = 0;
  const listener = (_: unknown, response: ServerResponse) => {
    requests++;
    response.writeHead(308, location === undefined ? {} : { location }).end();
  };
  const plain = await serve(listener);
  const secure = await servers.https(listener);
  const ask = async (url: URL, to: string | undefined) => {
    requests = 0;
    location = to;
    const answer = await endpoint(url, { tls: { ca: hidden(CERTIFICATE) } }).send(PUSH);
    return ['status' in answer ? answer.status : `${answer.failure}: ${answer.message}`, requests];
  };
  const otherHost = plain.href.replace('127.0.0.1', 'localhost');
  for (const to of [otherHost, undefined, 'http://[', 'ftp://127.0.0.1/']) {
    assert.deepEqual(await ask(plain, to), [308, 1], to);
  }
  assert.deepEqual(await ask(secure, plain.href), [308, 1]);
  const ring = `TOO_MANY_REDIRECTS: more than 10 redirects, the last one to ${plain.origin}/`;
  assert.deepEqual(await ask(plain, '/?token=secret'), [ring, 11]);
});

test('network failures are answers', async () => {
  const server = createServer();
  const address = await listening(server);
  await endAll();
  const refused = await endpoint(new URL(`http://${address}/`)).send(PUSH);
  assert.ok('failure' in refused && refused.failure === 'ECONNREFUSED');

  const dropping = await serve((request) => request.socket.destroy());
  const dropped = await endpoint(dropping).send(PUSH);
  assert.ok('failure' in dropped && dropped.failure === 'UND_ERR_SOCKET');

  const unresolved = await endpoint(new URL('http://nowhere.invalid/')).send(PUSH);
  assert.ok('failure' in unresolved && /^E/.test(unresolved.failure));
});

test('a body that breaks off: a status stands, a 400 does not', async () => {
  let status = 503;
  const url = await serve((_, response) => {
    response.writeHead(status, { 'content-length': '100' });
    response.write('half');
    setImmediate(() => response.destroy());
  });
  const target = endpoint(url);
  const unavailable = await target.send(PUSH);
  assert.ok('status' in unavailable && unavailable.status === 503);
  status = 400;
  assert.ok('failure' in (await target.send(PUSH)));
});

test('no answer in time is a failure, wherever it hangs', async () => {
  const url = await serve((request, response) => {
    if (request.headers['x-scope-orgid'] === undefined) return;
    response.writeHead(400).write('half');
  });
  for (const tenantId of [null, 'half an answer']) {
    const target = endpoint(url, { requestTimeoutMs: 100, connections: 1, tenantId });
    const answers = await Promise.all([target.send(PUSH), target.send(PUSH)]);
    for (const answer of answers) assert.ok('failure' in answer && answer.failure === 'REQUEST_TIMEOUT');
  }
});

test('a push that is called off is not sent any more', async () => {
  let requests = 0;
  let onFirst = () => {};
  const first = new Promise<void>((resolve) => {
    onFirst = resolve;
  });
  const url = await serve((_, response) => {
    requests++;
    if (requests === 1) onFirst();
    else response.writeHead(204).end();
  });
  const target = endpoint(url, { connections: 1 });
  const calledOff = new AbortController();
  const answers = [target.send(PUSH, calledOff.signal), target.send(PUSH, calledOff.signal)];
  await first;
  calledOff.abort();
  for (const answer of await Promise.all(answers)) assert.ok('failure' in answer && answer.failure === 'ABORTED');
  const late = await target.send(PUSH, calledOff.signal);
  assert.ok('failure' in late && late.failure === 'ABORTED');
  const next = await target.send(PUSH);
  assert.ok('status' in next && next.status === 204);
  assert.equal(requests, 2);
});

test('basic authentication, from a file or from the URL', async () => {
  const { seen, listener } = recorder();
  const url = await serve(listener);
  const passwordFile = file('password', 'päss:word\n');
  await endpoint(url, {
    authorization: { kind: 'basic', username: 'me', password: { file: passwordFile } },
  }).send(PUSH);
  url.username = 'you';
  url.password = 'p@ss';
  await endpoint(url).send(PUSH);
  const plain = seen.map(({ request }) =>
    Buffer.from(request.headers.authorization?.split('Basic ')[1] ?? '', 'base64').toString(),
  );
  assert.deepEqual(plain, ['me:päss:word', 'you:p@ss']);
});

test('a secret is looked at once a second and read when it changed or was doubted', async () => {
  let nowMs = 0;
  const path = file('token', 'one');
  const files = createSecretFiles([{ file: path }], () => nowMs);
  const text = async () => (await files.current()).texts[0];
  assert.equal(await text(), 'one');
  file('token', 'two!');
  assert.equal(await text(), 'one');
  nowMs = 1000;
  assert.equal(await text(), 'two!');
  const known = await files.current();
  files.doubt();
  nowMs = 2000;
  assert.equal(await files.current(), known, 'read anew, and still the same');
  rmSync(path);
  nowMs = 3000;
  assert.equal(await text(), 'two!', 'what is gone keeps its last content');
});

test('a bearer token that is rotated is read anew after a 401', async () => {
  let valid = 'one';
  let nowMs = 0;
  const url = await serve((request, response) => {
    response.writeHead(request.headers.authorization === `Bearer ${valid}` ? 204 : 401).end();
  });
  const bearerTokenFile = file('bearer', 'one\n');
  utimesSync(bearerTokenFile, 1_700_000_000, 1_700_000_000);
  const target = endpoint(url, { authorization: bearer(bearerTokenFile), now: () => nowMs });
  const status = async () => {
    const answer = await target.send(PUSH);
    return 'status' in answer ? answer.status : answer.failure;
  };
  assert.equal(await status(), 204);
  valid = 'two';
  // Same size and same time: only the 401 says that it is another one.
  utimesSync(file('bearer', 'two\n'), 1_700_000_000, 1_700_000_000);
  assert.equal(await status(), 401);
  assert.equal(await status(), 401, 'no more than one look a second');
  nowMs = 1000;
  assert.equal(await status(), 204);
});

test('a credential that is not there yet is a failure, then found', async () => {
  const { seen, listener } = recorder();
  const url = await serve(listener);
  const bearerTokenFile = join(folder, 'late');
  const target = endpoint(url, { authorization: bearer(bearerTokenFile) });
  const early = await target.send(PUSH);
  assert.ok('failure' in early && early.failure === 'ENOENT');
  file('late', 'here');
  assert.ok('status' in (await target.send(PUSH)));
  assert.equal(seen[0]?.request.headers.authorization, 'Bearer here');
});

test('TLS: the authority is checked, the own certificate is shown', async () => {
  const caFile = file('ca.pem', CERTIFICATE);
  const certFile = file('cert.pem', CERTIFICATE);
  const keyFile = file('key.pem', KEY);
  let authorized = false;
  const server = createTlsServer(
    { cert: CERTIFICATE, key: KEY, ca: CERTIFICATE, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      authorized = (request.socket as TLSSocket).authorized;
      response.writeHead(204).end();
    },
  );
  const url = new URL(`https://${await listening(server)}/`);
  const trusting = endpoint(url, { tls: { ca: { file: caFile }, cert: { file: certFile }, key: { file: keyFile } } });
  const answer = await trusting.send(PUSH);
  assert.ok('status' in answer && answer.status === 204, JSON.stringify(answer));
  assert.equal(authorized, true);
  const distrusting = await endpoint(url).send(PUSH);
  assert.ok('failure' in distrusting && /CERT/.test(distrusting.failure), JSON.stringify(distrusting));
  const broken = await endpoint(url, {
    tls: { ca: { file: file('no.pem', 'no') }, cert: { file: certFile }, key: { file: caFile } },
  }).send(PUSH);
  assert.ok('failure' in broken);
});
