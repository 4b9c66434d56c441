import type { Pool } from 'undici';
import PoolClass from 'undici/lib/dispatcher/pool.js';
import { errnoOf } from '../errors.js';
import { Exchange } from './exchange.js';
import { keepWasmLight } from './light-wasm.js';
import type { SecretTexts } from './secret-files.js';
import { createSecretFiles } from './secret-files.js';
import type { Answer } from './verdict.js';

export interface EndpointOptions {
  /** Where to push; path and query are sent as they are. A user and password in it are used as basic authentication. */
  url: URL;
  /** Such as `sleipnir/1.2.3`. */
  userAgent: string;
  tenantId?: string | null;
  bearerTokenFile?: string | null;
  basicAuth?: { username: string; passwordFile: string } | null;
  tls?: { caFile: string | null; certFile: string | null; keyFile: string | null };
  /** The most connections at a time. Default 8. */
  connections?: number;
  /** From the hand-over to the end of the answer, in milliseconds. Default 30000. */
  requestTimeoutMs?: number;
  /** Milliseconds from any origin, never going back; how often files are looked at goes by it. */
  now?: () => number;
}

export interface Endpoint {
  /**
   * Pushes a snappy block of a logproto.PushRequest. Never throws: what goes wrong on the way is an Answer with
   * `failure`. An aborted `signal` ends it with the failure `ABORTED`. A `tenant` takes the place of the endpoint's own.
   */
  send(push: Uint8Array, signal?: AbortSignal, tenant?: string): Promise<Answer>;
  /** Closes every connection; what is under way fails. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Node gives each address of a name 250 ms by default, too little for a far one. */
const ADDRESS_TIMEOUT_MS = 1000;
const CREDENTIAL_STATUSES = new Set([401, 403, 407]);

/**
 * One Loki push API. Credential and certificate files are read at the first push and again when they change; files
 * that cannot be read are a failure like any other, so a secret that is mounted late is only waited for.
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  keepWasmLight();
  const { url } = options;
  const requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
  const headersOf = headers(options);
  const poolOf = pools(options, requestTimeoutMs);

  async function send(push: Uint8Array, signal?: AbortSignal, tenant = ''): Promise<Answer> {
    let pool: Pool;
    let sent: Record<string, string>;
    try {
      [pool, sent] = await Promise.all([poolOf.current(), headersOf.current()]);
    } catch (error) {
      return {
        failure: errnoOf(error) ?? 'UNREADABLE',
        message: error instanceof Error ? error.message : 'unreadable',
      };
    }
    const headers = tenant === '' ? sent : { ...sent, 'x-scope-orgid': tenant };
    const answer = await exchange(pool, push, headers, signal);
    if ('failure' in answer) poolOf.doubt();
    else if (CREDENTIAL_STATUSES.has(answer.status)) headersOf.doubt();
    return answer;
  }

  function exchange(
    pool: Pool,
    push: Uint8Array,
    sent: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    return new Promise((resolve) => {
      const onAbort = () => request.giveUp('ABORTED', 'called off');
      const timer = setTimeout(
        () => request.giveUp('REQUEST_TIMEOUT', `no answer within ${requestTimeoutMs} ms`),
        requestTimeoutMs,
      );
      const request = new Exchange((answer) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve(answer);
      });
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      // Our own timer covers the whole exchange, so undici's are off.
      const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
      pool.dispatch(
        { method: 'POST', path: url.pathname + url.search, headers: sent, body: push, ...timeouts },
        request,
      );
    });
  }

  return { send, close: () => poolOf.close() };
}

/** The headers of a push, made anew when the credential changes. */
function headers(options: EndpointOptions): { current(): Promise<Record<string, string>>; doubt(): void } {
  const { bearerTokenFile = null, basicAuth = null, tenantId = null } = options;
  const paths = [bearerTokenFile ?? basicAuth?.passwordFile].filter((path) => path != null);
  const files = createSecretFiles(paths, options.now);
  const user = basicAuth?.username ?? decodeURIComponent(options.url.username);
  let from: SecretTexts | null = null;
  let made: Record<string, string> = {};

  function make([secret]: readonly string[]): Record<string, string> {
    const result: Record<string, string> = {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'user-agent': options.userAgent,
    };
    if (tenantId !== null) result['x-scope-orgid'] = tenantId;
    if (bearerTokenFile !== null) result.authorization = `Bearer ${(secret ?? '').trim()}`;
    else if (user !== '') {
      // Files end in a newline that is not part of the password.
      const password = secret?.replace(/\r?\n$/, '') ?? decodeURIComponent(options.url.password);
      result.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    }
    return result;
  }

  return {
    async current() {
      const secrets = await files.current();
      if (secrets !== from) {
        from = secrets;
        made = make(secrets.texts);
      }
      return made;
    },
    doubt: () => files.doubt(),
  };
}

/** The pool of connections, made anew when a certificate changes; the old one ends with its last request. */
function pools(
  options: EndpointOptions,
  requestTimeoutMs: number,
): { current(): Promise<Pool>; doubt(): void; close(): Promise<void> } {
  const { caFile = null, certFile = null, keyFile = null } = options.tls ?? {};
  const named = Object.entries({ ca: caFile, cert: certFile, key: keyFile }).filter(([, path]) => path !== null);
  const files = createSecretFiles(
    named.flatMap(([, path]) => path ?? []),
    options.now,
  );
  let from: SecretTexts | null = null;
  let pool: Pool | null = null;
  const open = new Set<Pool>();

  function make(secrets: SecretTexts): Pool {
    const tls = Object.fromEntries(named.map(([name], index) => [name, secrets.texts[index]]));
    const made = new PoolClass(options.url.origin, {
      connections: options.connections ?? 8,
      connect: { ...tls, timeout: Math.min(CONNECT_TIMEOUT_MS, requestTimeoutMs) },
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
    });
    open.add(made);
    return made;
  }

  return {
    async current() {
      const secrets = await files.current();
      if (pool === null || secrets !== from) {
        const old = pool;
        from = secrets;
        pool = make(secrets);
        if (old !== null) void old.close().finally(() => open.delete(old));
      }
      return pool;
    },
    doubt: () => files.doubt(),
    async close() {
      await Promise.all([...open].map((each) => each.destroy()));
    },
  };
}
