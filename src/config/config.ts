import type { Format, StreamMode } from '../protocol.js';

/** The checked settings of a collector. Where a value is null, the limits of the cgroup decide. */
export interface Config {
  /** An Alloy configuration file or a folder of them; null: the built-in pipeline. */
  configPath: string | null;
  /** Whether a change of it is taken over without being asked to. */
  configWatch: boolean;
  lokiUrl: URL;
  paths: string[];
  exclude: string[];
  /** RE2 syntax, known to compile. */
  labelRegex: string;
  labels: [string, string][];
  format: Format | 'auto';
  stream: StreamMode;
  start: 'beginning' | 'end';
  stateDir: string;
  spoolBytes: number;
  httpAddr: { host: string; port: number };
  workers: number | null;
  memoryLimitBytes: number | null;
  batchBytes: number;
  batchWaitMs: number;
  maxLineBytes: number;
  /** Without inotify the scan runs at least once a second, whatever this says. */
  scanIntervalMs: number;
  shutdownTimeoutMs: number;
  tenantId: string | null;
  bearerTokenFile: string | null;
  basicAuth: { username: string; passwordFile: string } | null;
  tls: { caFile: string | null; certFile: string | null; keyFile: string | null };
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  logFormat: 'pretty' | 'json';
}
