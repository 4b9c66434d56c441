import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as v from 'valibot';
import type { Answer } from './apply.js';
import { type Fault, Faults, FaultsSchema } from './faults.js';
import { figures } from './figures.js';
import { Ingest, type Outcome } from './ingest.js';
import { BadQuery, labelNames, labelValues, queryLogs, series } from './query.js';
import { type Limits, LOKI_LIMITS } from './rules.js';
import { ParseError } from './scan.js';
import { ReceiverStore, type StoreOptions } from './store.js';

export interface ReceiverOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: one that is free. */
  port?: number;
  /** Default: keep every entry. */
  store?: 'keep' | 'count' | StoreOptions;
  /** What differs from Loki's defaults. */
  limits?: Partial<Limits>;
  /** Faults to begin with. */
  faults?: Fault | Fault[];
}

/** A Loki-compatible server for demo, tests and benchmarks. */
export interface Receiver {
  /** `http://127.0.0.1:<port>`, the same through `down` and `up`. */
  readonly url: string;
  readonly pushUrl: string;
  readonly store: ReceiverStore;
  /** Takes new faults at any time. */
  readonly faults: Faults;
  /** Ends all connections and refuses new ones, as a Loki that is gone. What is stored stays. */
  down(): Promise<void>;
  /** Listens again, on the port it had. */
  up(): Promise<void>;
  /** Ends all connections and stops. */
  close(): Promise<void>;
}

const API = '/loki/api/v1';

/**
 * Starts a receiver. Pushes go by Loki's rules; `/labels`, `/label/<name>/values`, `/series`, `/query`, `/query_range`
 * answer from what is kept. Beyond Loki, for other processes: `GET /figures`, `GET /latency?query=<selector>`, and
 * `GET`, `POST` and `DELETE /faults`.
 * Rejects with the error of the system when it cannot listen.
 */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const { host = '127.0.0.1', store: mode = 'keep' } = options;
  const store = new ReceiverStore(typeof mode === 'string' ? { mode } : mode);
  const faults = new Faults();
  faults.set(options.faults ?? []);
  const ingest = new Ingest(store, { ...LOKI_LIMITS, ...options.limits }, faults);
  const handler = new Handler(store, faults, ingest);
  let listening = await listen(handler, options.port ?? 0, host);
  const { port } = listening.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const down = async () => {
    handler.interrupt();
    await stop(listening);
  };
  return {
    url,
    pushUrl: `${url}${API}/push`,
    store,
    faults,
    down,
    up: async () => {
      listening = await listen(handler, port, host);
    },
    close: down,
  };
}

class Handler {
  private readonly store: ReceiverStore;
  private readonly faults: Faults;
  private readonly ingest: Ingest;
  private interrupted = new AbortController();

  constructor(store: ReceiverStore, faults: Faults, ingest: Ingest) {
    this.store = store;
    this.faults = faults;
    this.ingest = ingest;
  }

  /** Ends the delays that faults have brought. */
  interrupt(): void {
    this.interrupted.abort();
    this.interrupted = new AbortController();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { signal } = this.interrupted;
    try {
      const body = await readBody(request);
      const outcome = await this.route(request, body, signal);
      if (outcome === 'drop') request.socket.destroy();
      else if (outcome !== 'stall') reply(response, outcome);
    } catch (error) {
      // A connection that ended on the way leaves nobody to answer.
      if (signal.aborted || request.socket.destroyed) return;
      reply(response, { status: 500, text: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }

  private async route(request: IncomingMessage, body: Buffer, signal: AbortSignal): Promise<Outcome> {
    const url = new URL(request.url ?? '/', 'http://receiver');
    const { pathname: path, searchParams: params } = url;
    if (path === `${API}/push` && request.method === 'POST') return this.ingest.take(body, request.headers, signal);
    if (path === '/ready') return { status: 200, text: 'ready' };
    if (path === '/figures') return json(figures(this.store));
    if (path === '/faults') return this.changeFaults(request.method ?? 'GET', body);
    const form = request.method === 'POST' ? new URLSearchParams(body.toString()) : [];
    for (const [key, value] of form) params.append(key, value);
    return this.query(path, params);
  }

  private query(path: string, params: URLSearchParams): Answer {
    try {
      if (path === `${API}/query_range`) return success(queryLogs(this.store, params, true));
      if (path === `${API}/query`) return success(queryLogs(this.store, params, false));
      if (path === `${API}/labels` || path === `${API}/label`) return success(labelNames(this.store, params));
      if (path === `${API}/series`) return success(series(this.store, params));
      if (path === '/latency') return json(this.store.latency(params.get('query') ?? undefined).report());
      const name = /^\/loki\/api\/v1\/label\/([^/]+)\/values$/.exec(path)?.[1];
      if (name !== undefined) return success(labelValues(this.store, decodeURIComponent(name), params));
      return { status: 404, text: '404 page not found' };
    } catch (error) {
      if (error instanceof ParseError) return { status: 400, text: lokiParseError(error) };
      if (error instanceof BadQuery || error instanceof URIError) return { status: 400, text: error.message };
      throw error;
    }
  }

  private changeFaults(method: string, body: Buffer): Answer {
    try {
      if (method === 'DELETE') this.faults.clear();
      if (method === 'POST') this.faults.set(v.parse(FaultsSchema, JSON.parse(body.toString())));
      return json(this.faults.list());
    } catch (error) {
      return { status: 400, text: error instanceof Error ? error.message : String(error) };
    }
  }
}

function lokiParseError(error: ParseError): string {
  return error.message.replace('parse error:', `parse error at line 1, col ${error.column}:`);
}

function json(value: unknown): Answer {
  return { status: 200, text: JSON.stringify(value), headers: { 'content-type': 'application/json; charset=UTF-8' } };
}

/** Loki leaves out the `data` of a list of names that is empty. */
function success(data: unknown): Answer {
  const empty = Array.isArray(data) && data.length === 0;
  return json(empty ? { status: 'success' } : { status: 'success', data });
}

function reply(response: ServerResponse, { status, text, headers }: Answer): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
  // As Go's http.Error, which Loki's errors go through.
  response.end(status >= 400 ? `${text}\n` : text);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function listen(handler: Handler, port: number, host: string): Promise<Server> {
  const server = createServer((request, response) => void handler.handle(request, response));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
