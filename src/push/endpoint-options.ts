import type { SecureVersion } from 'node:tls';
import type { EndpointPlan, TlsPlan } from '../config/alloy/plan.js';
import type { Config } from '../config/config.js';
import { VERSION } from '../version.js';
import type { BackoffOptions } from './backoff.js';
import type { Authorization } from './credential.js';
import type { EndpointOptions } from './endpoint.js';
import type { Hidden, SecretSource } from './secret-files.js';
import type { TlsOptions } from './transport.js';

const USER_AGENT = `sleipnir/${VERSION}`;

const VERSIONS: Record<TlsPlan['minVersion'], SecureVersion> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

type EndpointSettings = Pick<Config, 'lokiUrl' | 'tenantId' | 'bearerTokenFile' | 'basicAuth' | 'tls'>;

/** The endpoint of the built-in settings. */
export function endpointOfConfig(config: EndpointSettings): EndpointOptions {
  const { lokiUrl: url, tenantId, bearerTokenFile, basicAuth, tls } = config;
  return {
    url,
    userAgent: USER_AGENT,
    tenantId,
    authorization:
      basicAuth === null ? bearer(sourceOf(null, bearerTokenFile)) : basicOf({ password: null, ...basicAuth }),
    tls: {
      ca: sourceOf(null, tls.caFile),
      cert: sourceOf(null, tls.certFile),
      key: sourceOf(null, tls.keyFile),
    },
  };
}

/** An `endpoint` block of `loki.write`. Its backoff is for the sender: see `backoffOfPlan`. */
export function endpointOfPlan(plan: EndpointPlan): EndpointOptions {
  return {
    url: plan.url,
    userAgent: USER_AGENT,
    tenantId: plan.tenantId,
    headers: plan.headers,
    httpHeaders: plan.httpHeaders,
    authorization: authorizationOf(plan),
    tls: tlsOf(plan.tls),
    proxy: plan.proxy,
    followRedirects: plan.followRedirects,
    requestTimeoutMs: plan.remoteTimeoutMs,
  };
}

/** `min_backoff_period` and `max_backoff_period` of an `endpoint` block. */
export function backoffOfPlan({ minBackoffMs, maxBackoffMs }: EndpointPlan): BackoffOptions {
  return { minMs: minBackoffMs, maxMs: maxBackoffMs };
}

function authorizationOf(plan: EndpointPlan): Authorization | null {
  const { basicAuth, authorization, oauth2 } = plan;
  if (basicAuth !== null) return basicOf(basicAuth);
  if (authorization !== null) {
    const credentials = sourceOf(authorization.credentials, authorization.credentialsFile);
    return credentials && { kind: 'credentials', type: authorization.type, credentials };
  }
  if (oauth2 !== null) {
    const { clientId, clientSecret, clientSecretFile, scopes, tokenUrl, endpointParams, proxy, tls } = oauth2;
    return {
      kind: 'oauth2',
      clientId,
      clientSecret: sourceOf(clientSecret, clientSecretFile),
      scopes,
      tokenUrl,
      endpointParams,
      proxy,
      tls: tlsOf(tls),
    };
  }
  return bearer(sourceOf(plan.bearerToken, plan.bearerTokenFile));
}

function basicOf(basic: { username: string; password: Hidden | null; passwordFile: string | null }): Authorization {
  return { kind: 'basic', username: basic.username, password: sourceOf(basic.password, basic.passwordFile) };
}

function bearer(credentials: SecretSource | null): Authorization | null {
  return credentials && { kind: 'credentials', type: 'Bearer', credentials };
}

function tlsOf(plan: TlsPlan): TlsOptions {
  return {
    ca: sourceOf(plan.caPem, plan.caFile),
    cert: sourceOf(plan.certPem, plan.certFile),
    key: sourceOf(plan.keyPem, plan.keyFile),
    serverName: plan.serverName,
    insecureSkipVerify: plan.insecureSkipVerify,
    minVersion: VERSIONS[plan.minVersion],
  };
}

/** A text wins over a file; the empty ones are none. */
function sourceOf(text: Hidden | string | null, file: string | null): SecretSource | null {
  if (typeof text === 'string') return text === '' ? null : { reveal: () => text };
  if (text !== null) return text;
  return file ? { file } : null;
}
