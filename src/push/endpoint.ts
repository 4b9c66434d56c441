import type { Dispatcher } from 'undici';
import { errnoOf } from '../errors.js';
import { type Authorization, createCredential } from './credential.js';
import { exchange } from './exchange.js';
import type { ProxyOptions } from './proxy.js';
import type { Hidden } from './secret-files.js';
import { createTransport, type TlsOptions, type Transport } from './transport.js';
import type { Answer } from './verdict.js';

export interface EndpointOptions {
  /**
   * Where to push; path and query are sent as they are. A user and password in it are used as basic authentication
   * where there is no `authorization`.
   */
  url: URL;
  /** Such as `sleipnir/1.2.3`. */
  userAgent: string;
  tenantId?: string | null;
  /** Further headers; none that is set otherwise is replaced, but `Authorization` wins over `authorization`. */
  headers?: readonly (readonly [string, string])[];
  /** Headers that come on top of all others, each with one value or several. */
  httpHeaders?: readonly (readonly [string, readonly Hidden[]])[];
  authorization?: Authorization | null;
  tls?: TlsOptions;
  proxy?: ProxyOptions | null;
  /** Whether to push again where a 307 or 308 says, on the same host and by no weaker protocol. Default true. */
  followRedirects?: boolean;
  /** The most connections at a time. Default 8. */
  connections?: number;
  /** From the hand-over to the end of the answer, in milliseconds. Default 30000. */
  requestTimeoutMs?: number;
  /** Milliseconds from any origin, never going back; how often files are looked at goes by it. */
  now?: () => number;
}

export interface Endpoint {
  /**
   * Pushes a snappy block of a logproto.PushRequest, for `tenant` if that is given, else for the endpoint's. Never
   * throws: what goes wrong on the way is an Answer with `failure`. An aborted `signal` ends it with the failure
   * `ABORTED`.
   */
  send(push: Uint8Array, signal?: AbortSignal, tenant?: string | null): Promise<Answer>;
  /** Closes every connection; what is under way fails. */
  close(): Promise<void>;
}

const RE_POSTING_STATUSES = new Set([307, 308]);
/** As many as Go follows. */
const MOST_REDIRECTS = 10;
const CREDENTIAL_STATUSES = new Set([401, 403, 407]);
/** What belongs to the connection is not for the settings to say. */
const OF_CONNECTION = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'upgrade',
  'expect',
]);

type Headers = Record<string, string | string[]>;

/**
 * One Loki push API. Credential and certificate files are read at the first push and again when they change; files
 * that cannot be read are a failure like any other, so a secret that is mounted late is only waited for.
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { url, requestTimeoutMs: timeoutMs = 30_000, now = () => performance.now() } = options;
  const fixed = fixedHeaders(options);
  // A header that is given by hand leaves nothing to be proved.
  const authorization = 'authorization' in fixed ? null : (options.authorization ?? userOf(url));
  const credential = createCredential(authorization, timeoutMs, now);
  const transportOptions = {
    tls: options.tls ?? {},
    proxy: options.proxy ?? null,
    connections: options.connections ?? 8,
    requestTimeoutMs: timeoutMs,
    now,
  };
  const own = createTransport(url, transportOptions);
  /** Where redirects lead. */
  let other: { origin: string; transport: Transport } | null = null;

  function transportTo(target: URL): Transport {
    const { origin } = target;
    if (origin === url.origin) return own;
    if (other?.origin !== origin) {
      void other?.transport.close();
      other = { origin, transport: createTransport(target, transportOptions) };
    }
    return other.transport;
  }

  async function send(push: Uint8Array, signal?: AbortSignal, tenant?: string | null): Promise<Answer> {
    const untilMs = performance.now() + timeoutMs;
    for (let target = url, redirects = 0; ; redirects += 1) {
      const answer = await sendTo(target, push, tenant ?? null, Math.max(1, untilMs - performance.now()), signal);
      const next = options.followRedirects === false ? null : redirectOf(answer, target);
      if (next === null) return answer;
      if (redirects === MOST_REDIRECTS) {
        const message = `more than ${MOST_REDIRECTS} redirects, the last one to ${next.origin}${next.pathname}`;
        return { failure: 'TOO_MANY_REDIRECTS', message };
      }
      target = next;
    }
  }

  async function sendTo(
    target: URL,
    body: Uint8Array,
    tenant: string | null,
    withinMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const transport = transportTo(target);
    let dispatcher: Dispatcher;
    let proof: string | null;
    try {
      [dispatcher, proof] = await Promise.all([transport.current(), credential.current()]);
    } catch (error) {
      return {
        failure: errnoOf(error) ?? 'UNREADABLE',
        message: error instanceof Error ? error.message : 'unreadable',
      };
    }
    const headers = headersOf(fixed, tenant, proof, options.httpHeaders ?? []);
    const answer = await exchange(dispatcher, { url: target, headers, body, timeoutMs: withinMs, signal });
    if ('failure' in answer) transport.doubt();
    else if (CREDENTIAL_STATUSES.has(answer.status)) credential.doubt(proof);
    return answer;
  }

  return {
    send,
    async close() {
      await Promise.all([own.close(), other?.transport.close(), credential.close()]);
    },
  };
}

/**
 * Where an answer says that the push is to be made. The other redirects turn a POST into a GET, whose 200 would say
 * nothing; another host, or one that listens in, must not be shown what is meant for ours.
 */
function redirectOf(answer: Answer, from: URL): URL | null {
  if (!('status' in answer) || !RE_POSTING_STATUSES.has(answer.status)) return null;
  if (answer.location === null || !URL.canParse(answer.location, from.href)) return null;
  const to = new URL(answer.location, from);
  const safe = to.protocol === 'https:' || to.protocol === from.protocol;
  return safe && to.hostname === from.hostname ? to : null;
}

/** What all pushes have in common. */
function fixedHeaders({ userAgent, tenantId, headers = [] }: EndpointOptions): Headers {
  const result: Headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'user-agent': userAgent,
  };
  if (tenantId) result['x-scope-orgid'] = tenantId;
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (!OF_CONNECTION.has(key)) result[key] ??= value;
  }
  return result;
}

function headersOf(
  fixed: Headers,
  tenant: string | null,
  proof: string | null,
  further: readonly (readonly [string, readonly Hidden[]])[],
): Headers {
  const result = { ...fixed };
  if (tenant !== null) result['x-scope-orgid'] = tenant;
  if (proof !== null) result.authorization = proof;
  for (const [name, values] of further) {
    const key = name.toLowerCase();
    const all = [result[key] ?? [], values.map((value) => value.reveal())].flat();
    result[key] = all.length === 1 ? (all[0] as string) : all;
  }
  return result;
}

function userOf({ username, password }: URL): Authorization | null {
  if (username === '') return null;
  const secret = decodeURIComponent(password);
  return {
    kind: 'basic',
    username: decodeURIComponent(username),
    password: { reveal: () => secret },
  };
}
