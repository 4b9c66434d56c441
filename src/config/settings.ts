import type { Kind } from './kinds.js';
import * as kinds from './kinds.js';
import { defaultLabelRegex } from './labels.js';

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const second = 1_000;

/** One setting: what it is called, what it means, what it may be, and what holds when nobody gives it. */
export interface Setting<T> extends Kind<T> {
  /** Name in the environment. */
  variable: string;
  /** Name on the command line. */
  flag: string;
  meaning: string;
  /** What holds when nothing is given, in words for documentation. */
  default: string;
  /** The text that is read when nothing is given; null when the setting then has no value. */
  fallback(isTerminal: boolean): string | null;
}

function setting<T>(variable: string, text: string, meaning: string, kind: Kind<T>): Setting<T> {
  return { ...kind, variable, flag: flagOf(variable), meaning, default: text, fallback: () => text };
}

/** A setting that has no value when nothing is given; `words` say what happens then. */
function optional<T>(variable: string, words: string, meaning: string, kind: Kind<T>): Setting<T | null> {
  return { ...kind, variable, flag: flagOf(variable), meaning, default: words, fallback: () => null };
}

function flagOf(variable: string): string {
  return variable.replace('SLEIPNIR_', '--').toLowerCase().replaceAll('_', '-');
}

/** Every setting there is. Loading, flags, `check`, documentation and the tests of `deploy/` are made from this table. */
export const settings = {
  // Its flag is the argument of the commands that take a configuration.
  config: {
    ...optional(
      'SLEIPNIR_CONFIG',
      'none: the built-in pipeline',
      'an Alloy configuration file, or a folder of them',
      kinds.path,
    ),
    flag: 'FILE',
  },
  configWatch: setting(
    'SLEIPNIR_CONFIG_WATCH',
    'true',
    'whether a change of the configuration file is taken over by itself',
    kinds.oneOf('true', 'false'),
  ),
  lokiUrl: setting('SLEIPNIR_LOKI_URL', 'http://loki.monitoring:3100/loki/api/v1/push', 'where to push', kinds.pushUrl),
  paths: setting(
    'SLEIPNIR_PATHS',
    '/var/log/pods/*/*/*.log',
    'globs, comma-separated; rotated generations are found from them',
    kinds.globs,
  ),
  exclude: optional('SLEIPNIR_EXCLUDE', 'none', 'globs to leave out', kinds.globs),
  labelRegex: {
    ...setting(
      'SLEIPNIR_LABEL_REGEX',
      'namespace, pod and container from the pod path',
      'RE2; each named group is a label; read against the path of the current generation',
      kinds.labelRegex,
    ),
    fallback: () => defaultLabelRegex,
  },
  labels: optional(
    'SLEIPNIR_LABELS',
    'none',
    'labels for every line, as name=value pairs, comma-separated',
    kinds.labels,
  ),
  format: setting(
    'SLEIPNIR_FORMAT',
    'auto',
    'what a line looks like; auto decides for each file',
    kinds.oneOf('auto', 'cri', 'docker', 'raw'),
  ),
  stream: setting(
    'SLEIPNIR_STREAM',
    'metadata',
    'stdout/stderr as structured metadata, as a label, or off',
    kinds.oneOf('metadata', 'label', 'off'),
  ),
  start: setting(
    'SLEIPNIR_START',
    'beginning',
    'where files seen at the very first start are read from',
    kinds.oneOf('beginning', 'end'),
  ),
  stateDir: setting('SLEIPNIR_STATE_DIR', '/var/lib/sleipnir', 'journal, spool, own log to ship', kinds.folder),
  spoolBytes: setting(
    'SLEIPNIR_SPOOL_BYTES',
    '1GiB',
    'LZ4 copies of unread generations that are about to vanish; 0 turns it off',
    kinds.size(0, Number.MAX_SAFE_INTEGER),
  ),
  httpAddr: setting('SLEIPNIR_HTTP_ADDR', '127.0.0.1:12345', 'metrics and health; port 0 picks one', kinds.address),
  workers: optional('SLEIPNIR_WORKERS', 'from the CPU limit', 'worker threads', kinds.count(1, 64)),
  memoryLimit: optional(
    'SLEIPNIR_MEMORY_LIMIT',
    'from the memory limit',
    'what the budget is derived from',
    kinds.size(64 * MiB, Number.MAX_SAFE_INTEGER),
  ),
  batchBytes: setting('SLEIPNIR_BATCH_BYTES', '1MiB', 'log bytes in a job', kinds.size(64 * KiB, 16 * MiB)),
  batchWait: setting(
    'SLEIPNIR_BATCH_WAIT',
    '1s',
    'the longest a line waits for company',
    kinds.duration(10, 60 * second),
  ),
  maxLineBytes: setting(
    'SLEIPNIR_MAX_LINE_BYTES',
    '256KiB',
    'longer lines are cut on a character boundary, marked and counted',
    kinds.size(KiB, 4 * MiB),
  ),
  scanInterval: setting(
    'SLEIPNIR_SCAN_INTERVAL',
    '10s',
    'the scan, when inotify works; 1s when it does not',
    kinds.duration(100, 3_600 * second),
  ),
  shutdownTimeout: setting(
    'SLEIPNIR_SHUTDOWN_TIMEOUT',
    '20s',
    'the longest drain after SIGTERM',
    kinds.duration(100, 3_600 * second),
  ),
  tenantId: optional('SLEIPNIR_TENANT_ID', 'none', 'tenant of the endpoint', kinds.tenant),
  bearerTokenFile: optional(
    'SLEIPNIR_BEARER_TOKEN_FILE',
    'none',
    'file with a bearer token for the endpoint',
    kinds.readableFile,
  ),
  basicAuthUsername: optional(
    'SLEIPNIR_BASIC_AUTH_USERNAME',
    'none',
    'user name for basic authentication',
    kinds.userName,
  ),
  basicAuthPasswordFile: optional(
    'SLEIPNIR_BASIC_AUTH_PASSWORD_FILE',
    'none',
    'file with the password for basic authentication',
    kinds.readableFile,
  ),
  tlsCaFile: optional(
    'SLEIPNIR_TLS_CA_FILE',
    'none',
    'file with the certificate authorities the endpoint is checked against',
    kinds.readableFile,
  ),
  tlsCertFile: optional('SLEIPNIR_TLS_CERT_FILE', 'none', 'file with our own certificate', kinds.readableFile),
  tlsKeyFile: optional('SLEIPNIR_TLS_KEY_FILE', 'none', 'file with the key of our own certificate', kinds.readableFile),
  logLevel: setting(
    'SLEIPNIR_LOG_LEVEL',
    'info',
    'its own log: the least severe level that is written',
    kinds.oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
  ),
  logFormat: {
    ...setting('SLEIPNIR_LOG_FORMAT', 'pretty on a terminal, else json', 'its own log', kinds.oneOf('pretty', 'json')),
    fallback: (isTerminal: boolean) => (isTerminal ? 'pretty' : 'json'),
  },
};

export type SettingName = keyof typeof settings;

/** The value of each setting, once its text was read. */
export type Values = { [N in SettingName]: (typeof settings)[N] extends Setting<infer T> ? T : never };

/** The names of all settings, in the order of the table. */
export const settingNames = Object.keys(settings) as SettingName[];
