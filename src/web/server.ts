import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { HttpPlan } from '../config/alloy/plan.js';
import { errnoOf, SleipnirError } from '../errors.js';
import { createGuard } from './guard.js';
import { createTlsServer } from './tls.js';

/** How long an answer that is under way may take once its server is closing. */
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
  /** Null: plain HTTP for everybody. */
  plan: HttpPlan | null;
  registry: { readonly contentType: string; metrics(): Promise<string> };
  probes: Probes;
  /** Reads the configuration anew. */
  reload(): Promise<{ ok: boolean; message: string }>;
}

export interface Web {
  /** Where it listens, without a path. */
  readonly url: string;
  /**
   * Goes on with other credentials and certificates, on the same port. When TLS changes, connections are closed as
   * `close` does it, and new ones are taken at once.
   *
   * @throws SleipnirError HTTP_ADDR_UNUSABLE if somebody else has taken the port in between.
   */
  change(plan: HttpPlan | null): Promise<void>;
  /** Stops listening, lets answers under way finish within a second, and ends every connection. */
  close(): Promise<void>;
}

interface Answer {
  status: number;
  body: string;
  contentType: string;
  /** Further ones. */
  headers?: Record<string, string>;
}

interface Route {
  /** HEAD comes with GET. */
  method: 'GET' | 'POST';
  /** Nobody is asked for a password. */
  open?: boolean;
  answer(): Answer | Promise<Answer>;
}

/**
 * Serves metrics and probes over HTTP or HTTPS.
 *
 * @throws SleipnirError HTTP_ADDR_UNUSABLE if it cannot listen there.
 */
export async function startWeb({ host, port, plan, ...content }: WebOptions): Promise<Web> {
  const routes = routesOf(content);
  let guard = createGuard(plan?.auth ?? null);
  const listener: RequestListener = (request, response) => {
    const path = pathOf(request);
    const route = routes.get(path);
    const isAllowed = route?.open || guard(path, request.headers.authorization);
    void respond(isAllowed ? answerTo(route, routes, request) : unauthorized(), request, response);
  };
  let tls = plan?.tls ?? null;
  let listening = await listen(tls, listener, host, port);
  /** What listened before, up to its last connection. */
  let leaving: Promise<unknown> = Promise.resolve();
  return {
    get url() {
      return listening.url;
    },
    async change(next) {
      guard = createGuard(next?.auth ?? null);
      const before = tls;
      tls = next?.tls ?? null;
      if (isSameTls(before, tls)) return;
      // Not waited for: an answer under way may be the one to whoever has asked for the change.
      leaving = Promise.all([leaving, listening.close()]);
      listening = await listen(tls, listener, host, listening.port);
    },
    async close() {
      await Promise.all([leaving, listening.close()]);
    },
  };
}

function routesOf({
  registry,
  probes,
  reload,
}: Pick<WebOptions, 'registry' | 'probes' | 'reload'>): Map<string, Route> {
  return new Map<string, Route>([
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
    // That there is an answer says that the event loop turns; more would restart a collector for what Loki does. Alloy
    // has no such path, so the filter of its users cannot name it, and a kubelet without password would restart us.
    ['/-/live', { ...get(() => json(200, { live: true })), open: true }],
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
}

async function respond(
  answering: Answer | Promise<Answer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, body, contentType, headers } = await answering;
  // What a body says is of no interest, and it would keep the connection.
  request.resume();
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  // Node leaves the body out by itself when the request is a HEAD.
  response.end(body);
}

function unauthorized(): Answer {
  const headers = { 'www-authenticate': 'Basic realm="sleipnir", charset="UTF-8"' };
  return { ...json(401, { error: 'name and password are needed' }), headers };
}

async function answerTo(
  route: Route | undefined,
  routes: Map<string, Route>,
  request: IncomingMessage,
): Promise<Answer> {
  const path = pathOf(request);
  if (route === undefined) return json(404, { error: `there is nothing at ${path}`, paths: [...routes.keys()] });
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== route.method) {
    const allow = methodsOf(route);
    return { ...json(405, { error: `${path} answers to ${allow}` }), headers: { allow } };
  }
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

interface Listening {
  url: string;
  port: number;
  /** Stops listening at once, and resolves when every connection is closed. */
  close(): Promise<void>;
}

async function listen(tls: HttpPlan['tls'], listener: RequestListener, host: string, port: number): Promise<Listening> {
  const options = { requestTimeout: REQUEST_TIMEOUT_MS };
  const server =
    tls === null
      ? createServer(options, listener)
      : createTlsServer(tls, { ...options, handshakeTimeout: REQUEST_TIMEOUT_MS }, listener);
  server.maxConnections = MAX_CONNECTIONS;
  // Also those that are not yet through with TLS, of which node:https does not know.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    // Stays on: a process out of descriptors gets errors from `accept` later, and must live through them.
    server.on('error', (error) => reject(unusable(host, port, error)));
    server.listen(port, host, resolve);
  });
  return {
    ...placeOf(server, tls === null ? 'http' : 'https'),
    close: () =>
      new Promise((resolve) => {
        const force = setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, CLOSE_GRACE_MS);
        // Idle keep-alive connections end with the listening socket.
        server.close(() => {
          clearTimeout(force);
          resolve();
        });
      }),
  };
}

function isSameTls(a: HttpPlan['tls'], b: HttpPlan['tls']): boolean {
  const text = (tls: HttpPlan['tls']) => JSON.stringify(tls && { ...tls, key: tls.key.reveal() });
  return text(a) === text(b);
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

function placeOf(server: Server, scheme: 'http' | 'https'): { url: string; port: number } {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a TCP port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `${scheme}://${host}:${address.port}`, port: address.port };
}
