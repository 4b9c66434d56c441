import { readProxyUrl } from '../../../push/proxy.js';
import type { Diagnostics, Place } from '../diagnostics.js';
import type { EndpointPlan, TlsPlan } from '../plan.js';
import { type ArgumentValues, block, type DecodedOf, differs, maybe, optional, required, schema } from '../schema.js';
import * as t from '../types.js';

const noQueue = 'without effect: the log files are the queue, nothing is buffered that could be lost';

const tlsArguments = {
  ca_pem: maybe(t.text),
  ca_file: maybe(t.text),
  cert_pem: maybe(t.text),
  cert_file: maybe(t.text),
  key_pem: maybe(t.secret),
  key_file: maybe(t.text),
  server_name: maybe(t.text),
  insecure_skip_verify: optional(t.flag, false),
  min_version: optional(t.oneOf('TLS10', 'TLS11', 'TLS12', 'TLS13'), 'TLS12'),
} as const;

const tlsConfig = schema(tlsArguments, {}, ({ args, at, place }, diagnostics) => {
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (args[`${name}_pem`] !== null && args[`${name}_file`] !== null) {
      diagnostics.error(at(`${name}_file`), `"${name}_pem" and "${name}_file" cannot both be given`);
    }
  }
  const hasCert = (args.cert_pem ?? args.cert_file) !== null;
  const hasKey = (args.key_pem ?? args.key_file) !== null;
  if (hasCert !== hasKey) diagnostics.error(place, 'a certificate needs its key, and a key its certificate');
});

const proxyArguments = {
  proxy_url: maybe(t.text),
  no_proxy: maybe(t.text),
  proxy_from_environment: optional(t.flag, false),
  proxy_connect_header: optional(t.map(t.list(t.secret)), []),
} as const;

/** Headers that Alloy does not take in "http_headers" (prometheus/common, config/headers.go): they are set otherwise. */
const RESERVED_HEADERS = new Set([
  'authorization',
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-prometheus-scrape-timeout-seconds',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

function checkProxy(
  args: ArgumentValues<typeof proxyArguments>,
  at: (argument: string) => Place,
  diagnostics: Diagnostics,
): void {
  const { proxy_url: url, no_proxy: noProxy, proxy_from_environment: fromEnvironment } = args;
  if (fromEnvironment) {
    if (url) diagnostics.error(at('proxy_url'), '"proxy_url" and "proxy_from_environment" cannot both be given');
    if (noProxy) diagnostics.error(at('no_proxy'), '"no_proxy" and "proxy_from_environment" cannot both be given');
    return;
  }
  if (!url) {
    if (noProxy) diagnostics.error(at('no_proxy'), '"no_proxy" needs "proxy_url"');
    if (args.proxy_connect_header.length > 0) {
      diagnostics.error(at('proxy_connect_header'), '"proxy_connect_header" needs a proxy');
    }
    return;
  }
  try {
    readProxyUrl(url);
  } catch {
    diagnostics.error(at('proxy_url'), 'a proxy is given as http://host:port, https://host:port or socks5://host:port');
  }
}

const authSchemas = {
  basic_auth: block(
    schema(
      { username: optional(t.text, ''), password: maybe(t.secret), password_file: maybe(t.text) },
      {},
      ({ args, at }, diagnostics) => {
        if (args.password !== null && args.password_file !== null) {
          diagnostics.error(at('password_file'), '"password" and "password_file" cannot both be given');
        }
      },
    ),
    'optional',
  ),
  authorization: block(
    schema(
      { type: optional(t.text, 'Bearer'), credentials: maybe(t.secret), credentials_file: maybe(t.text) },
      {},
      ({ args, at }, diagnostics) => {
        if (args.credentials !== null && args.credentials_file !== null) {
          diagnostics.error(at('credentials_file'), '"credentials" and "credentials_file" cannot both be given');
        }
        if (args.type.toLowerCase() === 'basic') {
          diagnostics.error(at('type'), 'use the block "basic_auth" for basic authentication');
        }
      },
    ),
    'optional',
  ),
  oauth2: block(
    schema(
      {
        client_id: required(t.text),
        client_secret: maybe(t.secret),
        client_secret_file: maybe(t.text),
        scopes: optional(t.list(t.text), []),
        token_url: required(t.url),
        endpoint_params: optional(t.map(t.text), []),
        ...proxyArguments,
      },
      { tls_config: block(tlsConfig, 'optional') },
      ({ args, at }, diagnostics) => {
        if (args.client_secret !== null && args.client_secret_file !== null) {
          diagnostics.error(at('client_secret_file'), '"client_secret" and "client_secret_file" cannot both be given');
        }
        checkProxy(args, at, diagnostics);
      },
    ),
    'optional',
  ),
  tls_config: block(tlsConfig, 'optional'),
} as const;

/** Every argument of `endpoint` in `loki.write`. */
export const endpoint = schema(
  {
    url: required(t.url),
    name: maybe(t.text),
    batch_size: optional(
      t.size,
      2 ** 20,
      differs('in bytes of log; at most `SLEIPNIR_BATCH_BYTES` (1MiB), and that itself where it is set'),
    ),
    batch_wait: optional(
      t.duration(0, 'more than 0s', true),
      1000,
      differs('the shortest of all endpoints holds for all; `SLEIPNIR_BATCH_WAIT` where it is set'),
    ),
    remote_timeout: optional(t.duration(0, 'more than 0s', true), 10_000),
    headers: optional(t.map(t.text), []),
    http_headers: optional(t.map(t.list(t.secret)), []),
    tenant_id: optional(t.text, ''),
    min_backoff_period: optional(t.duration(0, 'more than 0s', true), 500),
    max_backoff_period: optional(
      t.duration(0, 'more than 0s', true),
      300_000,
      differs('`Retry-After`, which Alloy does not read, is waited for as well, up to 5m'),
    ),
    max_backoff_retries: optional(
      t.whole(0),
      10,
      differs('pushes are tried until they are answered for good, since Alloy would throw the lines away'),
    ),
    retry_on_http_429: optional(
      t.flag,
      true,
      differs('429 is always tried again, since Alloy would throw the lines away'),
    ),
    bearer_token: maybe(t.secret),
    bearer_token_file: maybe(t.text),
    follow_redirects: optional(
      t.flag,
      true,
      differs(
        'only 307 and 308, to the same host: of other redirects Alloy makes a GET without lines, and counts its 200 as delivery; on another host, asked without the credentials, a page to log in would be one, too',
      ),
    ),
    enable_http2: optional(
      t.flag,
      true,
      differs(
        'HTTP/1.1 with several connections is used: with the HTTP/2 of undici, pushes under way fail when a server ends a session (GOAWAY)',
      ),
    ),
    ...proxyArguments,
  },
  {
    ...authSchemas,
    queue_config: block(
      schema({
        capacity: optional(t.size, 10 * 2 ** 20, differs(noQueue)),
        min_shards: optional(t.whole(1), 1, differs(noQueue)),
        drain_timeout: optional(t.duration(0, '0s or more'), 15_000, differs(noQueue)),
        block_on_overflow: optional(t.flag, true, differs(noQueue)),
      }),
      'optional',
      differs(noQueue),
    ),
  },
  ({ args, blocks, at, place }, diagnostics) => {
    checkProxy(args, at, diagnostics);
    for (const [name] of args.http_headers) {
      if (RESERVED_HEADERS.has(name.toLowerCase())) {
        diagnostics.error(at('http_headers'), `the header "${name}" cannot be given in "http_headers"`);
      }
    }
    const ways = [
      blocks.basic_auth && 'basic_auth',
      blocks.authorization && 'authorization',
      blocks.oauth2 && 'oauth2',
      args.bearer_token && 'bearer_token',
      args.bearer_token_file && 'bearer_token_file',
    ].filter((way) => typeof way === 'string');
    if (ways.length > 1)
      diagnostics.error(place, `only one way to authenticate can be given, not ${ways.join(' and ')}`);
    if (args.min_backoff_period > args.max_backoff_period) {
      diagnostics.error(place, '"min_backoff_period" is longer than "max_backoff_period"');
    }
  },
);

/** The write-ahead log of `loki.write`. */
export const wal = schema({
  enabled: optional(t.flag, false, differs(noQueue)),
  max_segment_age: optional(t.duration(0, 'more than 0s', true), 3_600_000, differs(noQueue)),
  min_read_frequency: optional(t.duration(0, 'more than 0s', true), 250, differs(noQueue)),
  max_read_frequency: optional(t.duration(0, 'more than 0s', true), 1000, differs(noQueue)),
  drain_timeout: optional(t.duration(0, '0s or more'), 15_000, differs(noQueue)),
});

/** What an endpoint is, ready to be made. */
export function endpointPlan({ args, blocks }: DecodedOf<typeof endpoint>): EndpointPlan {
  const { basic_auth: basic, authorization, oauth2 } = blocks;
  return {
    name: args.name || null,
    url: args.url,
    batchSizeBytes: args.batch_size,
    batchWaitMs: args.batch_wait,
    remoteTimeoutMs: args.remote_timeout,
    followRedirects: args.follow_redirects,
    headers: args.headers,
    httpHeaders: args.http_headers,
    tenantId: args.tenant_id || null,
    minBackoffMs: args.min_backoff_period,
    maxBackoffMs: args.max_backoff_period,
    bearerToken: args.bearer_token,
    bearerTokenFile: args.bearer_token_file,
    basicAuth: basic && {
      username: basic.args.username,
      password: basic.args.password,
      passwordFile: basic.args.password_file,
    },
    authorization: authorization && {
      type: authorization.args.type,
      credentials: authorization.args.credentials,
      credentialsFile: authorization.args.credentials_file,
    },
    oauth2: oauth2 && {
      clientId: oauth2.args.client_id,
      clientSecret: oauth2.args.client_secret,
      clientSecretFile: oauth2.args.client_secret_file,
      scopes: oauth2.args.scopes,
      tokenUrl: oauth2.args.token_url,
      endpointParams: oauth2.args.endpoint_params,
      proxy: proxyPlan(oauth2.args),
      tls: tlsPlan(oauth2.blocks.tls_config),
    },
    proxy: proxyPlan(args),
    tls: tlsPlan(blocks.tls_config),
  };
}

function proxyPlan(args: ArgumentValues<typeof proxyArguments>) {
  return {
    url: args.proxy_url,
    noProxy: args.no_proxy,
    fromEnvironment: args.proxy_from_environment,
    connectHeaders: args.proxy_connect_header,
  };
}

function tlsPlan(decoded: DecodedOf<typeof tlsConfig> | null): TlsPlan {
  const args = decoded?.args;
  return {
    caPem: args?.ca_pem ?? null,
    caFile: args?.ca_file ?? null,
    certPem: args?.cert_pem ?? null,
    certFile: args?.cert_file ?? null,
    keyPem: args?.key_pem ?? null,
    keyFile: args?.key_file ?? null,
    serverName: args?.server_name ?? null,
    insecureSkipVerify: args?.insecure_skip_verify ?? false,
    minVersion: args?.min_version ?? 'TLS12',
  };
}
