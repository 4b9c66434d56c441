import * as v from 'valibot';
import type { Config } from './config.js';
import { type SettingName, settingNames, settings, type Values } from './settings.js';
import { findUnknown } from './unknown.js';

export type Origin = 'flag' | 'environment' | 'file' | 'default';

/** What holds for one setting, and where it came from. */
export interface EffectiveSetting {
  name: SettingName;
  variable: string;
  flag: string;
  /** As given, without secrets; null when the setting has no value. */
  value: string | null;
  origin: Origin;
}

/** A setting that cannot be used. */
export interface Mistake {
  /** The variable or the flag, whichever was used. */
  setting: string;
  /** As given, without secrets. */
  value: string;
  /** Reads on after the value. */
  problem: string;
  allowed: string;
}

export type LoadResult =
  | { config: Config; effective: EffectiveSetting[]; warnings: string[] }
  | { mistakes: Mistake[]; warnings: string[] };

export interface Sources {
  flags: Partial<Record<SettingName, string>>;
  env: NodeJS.ProcessEnv;
  /** Whether its own log goes to a terminal. */
  isTerminal: boolean;
}

/** The text of a setting and where it was found. */
interface Found {
  text: string | null;
  origin: Origin;
}

/**
 * Makes the checked configuration: flag before environment before default; an empty text counts as not given.
 * All settings are read before anything is returned, so every mistake is reported at once. Touches the disk only to
 * see whether files named by settings can be read.
 */
export function loadConfig(sources: Sources): LoadResult {
  const mistakes: Mistake[] = [];
  const found = new Map<SettingName, Found>();
  const entries = settingNames.map((name) => {
    const where = find(name, sources);
    found.set(name, where);
    return [name, read(name, where, mistakes)] as const;
  });
  mistakes.push(...disagreements(found));
  const warnings = findUnknown(sources.env).map(
    ({ variable, nearest }) => `${variable} is not a setting; the nearest one is ${nearest}`,
  );
  if (mistakes.length > 0) return { mistakes, warnings };

  const config = configOf(Object.fromEntries(entries) as Values);
  const effective = [...found].map(([name, where]) => effectiveOf(name, where));
  return { config, effective, warnings: [...warnings, ...doubts(config)] };
}

function find(name: SettingName, { flags, env, isTerminal }: Sources): Found {
  const given: [string | undefined, Origin][] = [
    [flags[name], 'flag'],
    [env[settings[name].variable], 'environment'],
  ];
  for (const [text, origin] of given) {
    const trimmed = text?.trim();
    if (trimmed) return { text: trimmed, origin };
  }
  return { text: settings[name].fallback(isTerminal), origin: 'default' };
}

function read(name: SettingName, where: Found, mistakes: Mistake[]): unknown {
  if (where.text === null) return null;
  const result = v.safeParse<v.GenericSchema<string, unknown>>(settings[name].schema, where.text);
  if (result.success) return result.output;
  mistakes.push(mistakeOf(name, where, result.issues[0].message, settings[name].allowed));
  return null;
}

function mistakeOf(name: SettingName, where: Found, problem: string, allowed: string): Mistake {
  return { setting: spelling(name, where.origin), value: display(name, where.text) ?? '', problem, allowed };
}

function spelling(name: SettingName, origin: Origin): string {
  return origin === 'flag' ? settings[name].flag : settings[name].variable;
}

function display(name: SettingName, text: string | null): string | null {
  return text === null ? null : settings[name].display(text);
}

function effectiveOf(name: SettingName, { text, origin }: Found): EffectiveSetting {
  const { variable, flag } = settings[name];
  return { name, variable, flag, value: display(name, text), origin };
}

/** Settings that mean something only together, each with its partner. */
const partners: [SettingName, SettingName][] = [
  ['basicAuthUsername', 'basicAuthPasswordFile'],
  ['basicAuthPasswordFile', 'basicAuthUsername'],
  ['tlsCertFile', 'tlsKeyFile'],
  ['tlsKeyFile', 'tlsCertFile'],
];

function disagreements(found: Map<SettingName, Found>): Mistake[] {
  const mistakes: Mistake[] = [];
  const given = (name: SettingName): Found | undefined => {
    const where = found.get(name);
    return where?.text == null ? undefined : where;
  };
  for (const [name, partner] of partners) {
    const where = given(name);
    if (where === undefined || given(partner) !== undefined) continue;
    const other = spelling(partner, where.origin);
    mistakes.push(mistakeOf(name, where, `is set without ${other}`, 'both of them, or none'));
  }
  const bearer = given('bearerTokenFile');
  const basic = given('basicAuthUsername') ?? given('basicAuthPasswordFile');
  if (bearer !== undefined && basic !== undefined) {
    const problem = 'is a second way to authenticate, beside basic authentication';
    mistakes.push(mistakeOf('bearerTokenFile', bearer, problem, 'a bearer token or basic authentication, not both'));
  }
  return mistakes;
}

function configOf(values: Values): Config {
  const { basicAuthUsername: username, basicAuthPasswordFile: passwordFile } = values;
  return {
    configPath: values.config,
    configWatch: values.configWatch === 'true',
    lokiUrl: values.lokiUrl,
    paths: values.paths,
    exclude: values.exclude ?? [],
    labelRegex: values.labelRegex,
    labels: values.labels ?? [],
    format: values.format,
    stream: values.stream,
    start: values.start,
    stateDir: values.stateDir,
    spoolBytes: values.spoolBytes,
    httpAddr: values.httpAddr,
    workers: values.workers,
    memoryLimitBytes: values.memoryLimit,
    batchBytes: values.batchBytes,
    batchWaitMs: values.batchWait,
    maxLineBytes: values.maxLineBytes,
    scanIntervalMs: values.scanInterval,
    shutdownTimeoutMs: values.shutdownTimeout,
    tenantId: values.tenantId,
    bearerTokenFile: values.bearerTokenFile,
    basicAuth: username !== null && passwordFile !== null ? { username, passwordFile } : null,
    tls: { caFile: values.tlsCaFile, certFile: values.tlsCertFile, keyFile: values.tlsKeyFile },
    logLevel: values.logLevel,
    logFormat: values.logFormat,
  };
}

/** What is allowed, and still most likely not meant. */
function doubts({ lokiUrl, tls }: Config): string[] {
  const warnings: string[] = [];
  if (lokiUrl.pathname === '/') {
    warnings.push(`${settings.lokiUrl.variable} has no path; Loki takes pushes at /loki/api/v1/push`);
  }
  if (lokiUrl.protocol === 'http:' && (tls.caFile ?? tls.certFile) !== null) {
    warnings.push(`${settings.lokiUrl.variable} is an http URL, so the TLS files are not used`);
  }
  return warnings;
}
