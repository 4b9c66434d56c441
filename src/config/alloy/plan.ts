import type { RelabelRule, RouteSpec } from '../../pipeline.js';
import type { Secret } from './value.js';

/** What a configuration comes to: which files are read, what is done with their entries, and where they go. */
export interface PipelinePlan {
  sources: SourcePlan[];
  writes: WritePlan[];
  logging: LoggingPlan | null;
  http: HttpPlan | null;
  /** Files and folders that were read for it; when one changes, the plan may. */
  files: string[];
}

export interface LoggingPlan {
  level: 'error' | 'warn' | 'info' | 'debug';
  format: 'logfmt' | 'json';
  /** Ways that our own log takes, one for each from `write_to` to a `loki.write` or `loki.echo`. */
  routes: RoutePlan[];
}

/** One `loki.source.file`. */
export interface SourcePlan {
  component: string;
  targets: TargetPlan[];
  /** A name that TextDecoder knows; null: bytes as they are. */
  encoding: string | null;
  tailFromEnd: boolean;
  /** Files are gzip, zlib or bzip2, and are read so many milliseconds after they were found; null: they are plain. */
  decompression: { initialDelayMs: number } | null;
  legacyPositionsFile: string | null;
  onPositionsFileError: 'skip' | 'restart_from_end' | 'restart_from_beginning';
  /** One for each way from here to a `loki.write` or `loki.echo`, in the order of `forward_to`. */
  routes: RoutePlan[];
}

/** Files that are read alike. */
export interface TargetPlan {
  /** As in `local.file_match`: `*`, `?`, `[...]`, `{a,b}` and `**`; or a path, if `literal`. */
  path: string;
  literal: boolean;
  /** Glob of files to leave out. */
  exclude: string | null;
  /**
   * Labels of the target but `__path__`. Those with `__` are for `relabel` alone; `filename` comes on top, and wins.
   * `fileLabels` in `targets.ts` makes the labels of a file.
   */
  labels: [string, string][];
  /** Rules for the labels of each file, `__path__` included; a file they drop is not read. */
  relabel: RelabelRule[];
  /** 0: whatever their age. */
  ignoreOlderThanMs: number;
}

/** `revision`, `maxLineBytes` and `maxStreams` are for whoever runs it. */
export interface RoutePlan {
  spec: Omit<RouteSpec, 'revision' | 'maxLineBytes' | 'maxStreams'>;
  sink: { kind: 'write' | 'echo'; component: string };
}

/** One `loki.write`. */
export interface WritePlan {
  component: string;
  externalLabels: [string, string][];
  /** 0: no limit. */
  maxStreams: number;
  endpoints: EndpointPlan[];
}

export interface EndpointPlan {
  name: string | null;
  url: URL;
  batchSizeBytes: number;
  batchWaitMs: number;
  remoteTimeoutMs: number;
  followRedirects: boolean;
  headers: [string, string][];
  httpHeaders: [string, Secret[]][];
  tenantId: string | null;
  minBackoffMs: number;
  maxBackoffMs: number;
  bearerToken: Secret | null;
  bearerTokenFile: string | null;
  basicAuth: { username: string; password: Secret | null; passwordFile: string | null } | null;
  authorization: { type: string; credentials: Secret | null; credentialsFile: string | null } | null;
  oauth2: {
    clientId: string;
    clientSecret: Secret | null;
    clientSecretFile: string | null;
    scopes: string[];
    tokenUrl: URL;
    endpointParams: [string, string][];
    proxy: ProxyPlan;
    tls: TlsPlan;
  } | null;
  proxy: ProxyPlan;
  tls: TlsPlan;
}

export interface ProxyPlan {
  url: string | null;
  noProxy: string | null;
  fromEnvironment: boolean;
  connectHeaders: [string, Secret[]][];
}

export interface TlsPlan {
  caPem: string | null;
  caFile: string | null;
  certPem: string | null;
  certFile: string | null;
  keyPem: Secret | null;
  keyFile: string | null;
  serverName: string | null;
  insecureSkipVerify: boolean;
  minVersion: 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13';
}

/** How our own HTTP server is secured. */
export interface HttpPlan {
  /** Null: everybody is answered. Asked for are the paths that begin with one of `paths`, or else all others. */
  auth: { username: string; password: Secret; paths: string[]; authenticateMatchingPaths: boolean } | null;
  /** Null: plain HTTP. */
  tls: {
    /** PEM. */
    cert: string;
    key: Secret;
    clientCa: string | null;
    clientAuthType:
      | 'NoClientCert'
      | 'RequestClientCert'
      | 'RequireAnyClientCert'
      | 'VerifyClientCertIfGiven'
      | 'RequireAndVerifyClientCert';
    /** As OpenSSL calls them, for up to TLS 1.2; none: its own choice. */
    ciphers: string[];
    /** As OpenSSL calls them, the preferred one first; none: its own choice. */
    curves: string[];
    minVersion: TlsPlan['minVersion'] | null;
    maxVersion: TlsPlan['minVersion'] | null;
  } | null;
}
