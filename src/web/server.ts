import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { errnoOf, SleipnirError } from '../errors.js';

/** How long an answer that is under way may take once the server is closing. */
const CLOSE_GRACE_MS = 1000;
/** No request has a body and all come from a scraper, a probe or a person: these only bound what a stuck client holds. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 100;

/** One thing that is wrong with a running collector. */
export interface Trouble {
  code: string;
  message: string;
  advice?: string;
}

/** What the probes ask, at the moment they are asked. */
export interface Probes {
  /**
   * Configuration and positions are loaded and the collector is not ending. Must not depend on Loki, nor on there
   * being files: a node without pods, or a Loki that is down, must not hold up a rollout.
   */
  ready(): { ok: boolean; why?: string };
  /** Nothing is stuck. For alerts, not for restarts. */
  healthy(): { ok: boolean; troubles: Trouble[] };
}

export interface WebOptions {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  registry: { readonly contentType: string; metrics(): Promise<string> };
  probes: Probes;
  /** Reads the configuration anew. */
  reload(): Promise<{ ok: boolean; message: string }>;
}

export interface Web {
  /** Where it listens, without a path. */
  readonly url: string;
  /** Stops listening, lets answers under way finish within a second, and ends every connection. */
  close(): Promise<void>;
}

interface Answer {
  status: number;
  body: string;
  contentType: string;
}

interface Route {
  /** HEAD comes with GET. */
  method: 'GET' | 'POST';
  answer(): Answer | Promise<Answer>;
}

/**
 * Serves metrics and probes over HTTP.
 *
 * @throws SleipnirError HTTP_ADDR_UNUSABLE if it cannot listen there.
 */
export async function startWeb({ host, port, registry, probes, reload }: WebOptions): Promise<Web> {
  const routes = new Map<string, Route>([
    ['/metrics', get(async () => ({ status: 200, body: await registry.metrics(), contentType: registry.contentType }))],
    [
      '/-/ready',
      get(() => {
        const { ok, why } = probes.ready();
        return json(ok ? 200 : 503, { ready: ok, why });
      }),
    ],
    [
      '/-/healthy',
      get(() => {
        const { ok, troubles } = probes.healthy();
        return json(ok ? 200 : 500, { healthy: ok, troubles });
      }),
    ],
    // That there is an answer says that the event loop turns; more would restart a collector for what Loki does.
    ['/-/live', get(() => json(200, { live: true }))],
    [
      '/-/reload',
      {
        method: 'POST',
        async answer() {
          const { ok, message } = await reload();
          return { status: ok ? 200 : 400, body: `${message}\n`, contentType: 'text/plain; charset=utf-8' };
        },
      },
    ],
  ]);

  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void respond(routes, request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port);
  return { url: urlOf(server), close: () => close(server) };
}

async function respond(routes: Map<string, Route>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = routes.get(pathOf(request));
  const answer = await answerTo(route, routes, request);
  // What a body says is of no interest, and it would keep the connection.
  request.resume();
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(answer.status === 405 && route !== undefined && { allow: methodsOf(route) }),
  });
  // Node leaves the body out by itself when the request is a HEAD.
  response.end(answer.body);
}

async function answerTo(
  route: Route | undefined,
  routes: Map<string, Route>,
  request: IncomingMessage,
): Promise<Answer> {
  const path = pathOf(request);
  if (route === undefined) return json(404, { error: `there is nothing at ${path}`, paths: [...routes.keys()] });
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== route.method) return json(405, { error: `${path} answers to ${methodsOf(route)}` });
  try {
    return await route.answer();
  } catch (error) {
    return json(500, { error: error instanceof Error ? error.message : String(error) });
  }
}

function get(answer: Route['answer']): Route {
  return { method: 'GET', answer };
}

function methodsOf({ method }: Route): string {
  return method === 'GET' ? 'GET, HEAD' : method;
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

function json(status: number, body: object): Answer {
  return { status, body: `${JSON.stringify(body)}\n`, contentType: 'application/json; charset=utf-8' };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays on: a process out of descriptors gets errors from `accept` later, and must live through them.
    server.on('error', (error) => reject(unusable(host, port, error)));
    server.listen(port, host, resolve);
  });
}

function unusable(host: string, port: number, cause: Error): SleipnirError {
  const why = errnoOf(cause) === 'EADDRINUSE' ? 'something else listens there' : cause.message;
  return new SleipnirError(
    'HTTP_ADDR_UNUSABLE',
    `cannot listen on ${host}:${port}: ${why}`,
    'Set SLEIPNIR_HTTP_ADDR to an address of this machine and a free port, or to port 0 to have one chosen.',
    { cause },
  );
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a TCP port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    // Idle keep-alive connections end with the listening socket.
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
