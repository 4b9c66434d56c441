import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { createEndpoint, type Endpoint } from '../../src/push/endpoint.js';
import type { OAuth2Options } from '../../src/push/oauth2.js';
import type { Hidden } from '../../src/push/secret-files.js';
import { CERTIFICATE } from './certificate.js';
import { Servers } from './servers.js';

const PUSH = Buffer.from('a push');
const folder = mkdtempSync(join(tmpdir(), 'sleipnir-oauth2-'));
const servers = new Servers();

let nowMs = 0;
/** What the token server was asked, in order. */
let asked: { authorization: string | null; form: Record<string, string> }[] = [];
/** What the push API was shown. */
let shown: (string | undefined)[] = [];
/** Only this is let in, if it is set. */
let valid: string | null = null;
let push: URL;

beforeEach(async () => {
  nowMs = 0;
  asked = [];
  shown = [];
  valid = null;
  push = await servers.http((request, response) => {
    const { authorization } = request.headers;
    shown.push(authorization);
    response.writeHead(valid === null || authorization === valid ? 204 : 401).end();
  });
});
afterEach(servers.endAll);
after(() => rmSync(folder, { recursive: true }));

function hidden(secret: string): Hidden {
  return { reveal: () => secret };
}

/** A token server that answers with what `answer` makes; token-1, token-2, ... by default. */
function tokens(
  answer: (count: number, request: IncomingMessage) => object | number = (n) => ({ access_token: `token-${n}` }),
) {
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    const { authorization = null } = request.headers;
    const plain = authorization === null ? null : Buffer.from(authorization.slice(6), 'base64').toString();
    asked.push({ authorization: plain, form });
    const made = answer(asked.length, request);
    if (typeof made === 'number') response.writeHead(made).end('{"error":"invalid_client","secret":"shh"}');
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(made));
  };
  return listener as RequestListener;
}

function endpoint(tokenUrl: URL, options: Partial<OAuth2Options> = {}): Endpoint {
  const made = createEndpoint({
    url: push,
    userAgent: 'sleipnir/test',
    authorization: {
      kind: 'oauth2',
      clientId: 'me',
      clientSecret: hidden('p:ss wörd'),
      scopes: [],
      tokenUrl,
      endpointParams: [],
      ...options,
    },
    now: () => nowMs,
  });
  servers.atEnd(() => made.close());
  return made;
}

async function send(to: Endpoint): Promise<number | string> {
  const answer = await to.send(PUSH);
  return 'status' in answer ? answer.status : `${answer.failure}: ${answer.message}`;
}

describe('OAuth 2 client credentials', () => {
  it('are shown to the token server, and its token to Loki', async () => {
    const url = await servers.http(tokens());
    const target = endpoint(url, { scopes: ['a', 'b'], endpointParams: [['audience', 'loki & co']] });
    assert.equal(await send(target), 204);
    assert.deepEqual(asked, [
      {
        authorization: 'me:p%3Ass+w%C3%B6rd',
        form: { grant_type: 'client_credentials', scope: 'a b', audience: 'loki & co' },
      },
    ]);
    assert.deepEqual(shown, ['Bearer token-1']);
  });

  it('go among the parameters where the server does not take the header', async () => {
    const url = await servers.http(
      tokens((count, request) =>
        request.headers.authorization ? 401 : { access_token: `token-${count}`, expires_in: 20 },
      ),
    );
    const target = endpoint(url);
    assert.equal(await send(target), 204);
    assert.equal(asked.length, 2);
    const form = { grant_type: 'client_credentials', client_id: 'me', client_secret: 'p:ss wörd' };
    assert.deepEqual(asked[1], { authorization: null, form });
    nowMs = 30_000;
    assert.equal(await send(target), 204);
    assert.deepEqual(asked[2], { authorization: null, form }, 'what the server takes is remembered');
  });

  it('are asked for once, whoever waits, until shortly before the token expires', async () => {
    const url = await servers.http(
      tokens((count) => ({ access_token: `t${count}`, token_type: 'bearer', expires_in: 60 })),
    );
    const target = endpoint(url);
    await Promise.all([send(target), send(target), send(target)]);
    nowMs = 49_999;
    await send(target);
    assert.equal(asked.length, 1);
    nowMs = 50_000;
    await send(target);
    assert.deepEqual(shown, [...Array(4).fill('Bearer t1'), 'Bearer t2']);
  });

  it('are asked for anew when the token is refused, once for all that were', async () => {
    const url = await servers.http(tokens());
    const target = endpoint(url);
    valid = 'Bearer token-1';
    assert.equal(await send(target), 204);
    valid = 'Bearer token-2';
    assert.equal(await send(target), 401);
    assert.equal(await send(target), 401, 'no more than once a second');
    assert.equal(asked.length, 1);
    nowMs = 1000;
    assert.deepEqual(await Promise.all([send(target), send(target)]), [204, 204]);
    assert.equal(asked.length, 2);
  });

  it('are not asked for again when an old token is refused late', async () => {
    const held: ServerResponse[] = [];
    push = await servers.http((request, response) => {
      if (request.headers.authorization === 'Bearer token-1') held.push(response);
      else response.writeHead(204).end();
      if (held.length === 2) held.shift()?.writeHead(401).end();
    });
    const url = await servers.http(tokens());
    const target = endpoint(url);
    const answers = [send(target), send(target)];
    assert.equal(await Promise.race(answers), 401);
    nowMs = 1000;
    assert.equal(await send(target), 204);
    held.shift()?.writeHead(401).end();
    assert.deepEqual(await Promise.all(answers), [401, 401]);
    nowMs = 2000;
    assert.equal(await send(target), 204);
    assert.equal(asked.length, 2);
  });

  it('may have a secret from a file, read again when it is refused', async () => {
    let secret = 'one';
    const url = await servers.http(
      tokens(() => (asked.at(-1)?.authorization === `me:${secret}` ? { access_token: 'a' } : 401)),
    );
    const file = join(folder, 'secret');
    // Same size and same time: only the refusal says that it is another one.
    const rewrite = (content: string) => {
      writeFileSync(file, content);
      utimesSync(file, 1_700_000_000, 1_700_000_000);
    };
    rewrite('old\n');
    const target = endpoint(url, { clientSecret: { file } });
    assert.match(String(await send(target)), /^OAUTH2_TOKEN: .*401 invalid_client$/);
    rewrite('two\n');
    secret = 'two';
    nowMs = 1000;
    assert.equal(await send(target), 204);
  });

  it('keep to themselves what the token server says, but its error', async () => {
    const url = await servers.http(tokens(() => 400));
    const said = String(await send(endpoint(url)));
    assert.equal(said, 'OAUTH2_TOKEN: no token: the token server answered 400 invalid_client');
    const odd = await servers.http(tokens(() => ({ token: 'shh' })));
    assert.match(String(await send(endpoint(odd))), /^OAUTH2_TOKEN: (?!.*shh)/);
    const gone = new URL('http://nowhere.invalid/');
    assert.match(String(await send(endpoint(gone))), /^OAUTH2_TOKEN: no token: E/);
    assert.deepEqual(shown, []);
  });

  it('have a way of their own to the token server', async () => {
    const target = await servers.https(tokens());
    const { url: proxyUrl, asked: proxied } = await servers.proxy(target);
    const named = new URL(target);
    named.hostname = 'localhost';
    const proxy = { url: proxyUrl.href, noProxy: null, fromEnvironment: false, connectHeaders: [] };
    assert.equal(await send(endpoint(named, { tls: { ca: hidden(CERTIFICATE) }, proxy })), 204);
    assert.deepEqual(
      proxied.map(({ line }) => line),
      [`CONNECT ${named.host}`],
    );
    assert.match(String(await send(endpoint(named))), /^OAUTH2_TOKEN: .*CERT/);
  });
});
