import { SleipnirError } from '../errors.js';
import { builtInLane, type Lane } from '../lane.js';
import type { CheckStagesJob, CheckStagesResult } from '../protocol.js';
import type { HttpPlan, PipelinePlan } from './alloy/plan.js';
import type { Config } from './config.js';
import type { EffectiveSetting } from './load.js';
import { type SettingName, settings } from './settings.js';

export interface LaneSources {
  config: Config;
  effective: readonly EffectiveSetting[];
  env: NodeJS.ProcessEnv;
  /** Leaves out components that have nothing to do with logs. */
  skipUnsupported: boolean;
  /** See `Workers.checkStages`. */
  askWorker(job: CheckStagesJob): Promise<CheckStagesResult>;
}

/** What a configuration comes to. */
export interface LoadedLanes {
  lanes: Lane[];
  warnings: string[];
  /** What was read for it: when one of these changes, the configuration may. */
  files: string[];
  /** What the file says of our own log, where no flag and no variable does. */
  logLevel: Config['logLevel'] | null;
  logFormat: Config['logFormat'] | null;
  /** Whether a lane ships our own log. */
  shipsOwnLog: boolean;
  /** How our own HTTP server is secured; null: not at all. */
  http: HttpPlan | null;
}

/** A configuration file that cannot be used; `message` has every mistake with its place. */
export class ConfigMistakes extends SleipnirError {
  readonly files: string[];

  constructor(message: string, files: string[]) {
    super('CONFIG_INVALID', message, 'Mend the configuration file; `sleipnir check FILE` shows the same.');
    this.files = files;
  }
}

/** What a configuration file says instead. */
const REPLACED: readonly SettingName[] = [
  'lokiUrl',
  'paths',
  'exclude',
  'labelRegex',
  'labels',
  'format',
  'stream',
  'start',
  'tenantId',
  'bearerTokenFile',
  'basicAuthUsername',
  'basicAuthPasswordFile',
  'tlsCaFile',
  'tlsCertFile',
  'tlsKeyFile',
];

/**
 * The lanes that the settings ask for: the built-in one, or those of the configuration file, which is read now.
 *
 * @throws ConfigMistakes
 */
export async function loadLanes(sources: LaneSources): Promise<LoadedLanes> {
  const { config, effective, env, skipUnsupported, askWorker } = sources;
  const { configPath } = config;
  if (configPath === null) {
    const nothing = { warnings: [], files: [], logLevel: null, logFormat: null, shipsOwnLog: false, http: null };
    return { lanes: [builtInLane(config)], ...nothing };
  }
  // A language, its library and its tables: who has no file does without them.
  const [{ checkFile }, { formatDiagnostics }, { lanesOf }] = await Promise.all([
    import('./alloy/check-file.js'),
    import('./alloy/diagnostics.js'),
    import('./alloy/lanes.js'),
  ]);
  const result = await checkFile(configPath, { env, skipUnsupported, askWorker });
  if ('diagnostics' in result) {
    throw new ConfigMistakes(`${configPath} is not used:\n${formatDiagnostics(result.diagnostics)}`, result.files);
  }
  const { plan } = result;
  const given = (name: SettingName) => effective.some((each) => each.name === name && each.origin !== 'default');
  const lanes = lanesOf(plan, config);
  if (given('batchWait')) for (const lane of lanes) lane.batchWaitMs = config.batchWaitMs;
  if (given('batchBytes')) for (const lane of lanes) lane.batchBytes = config.batchBytes;
  const warnings = result.warnings.map((warning) => formatDiagnostics([warning]).trimEnd());
  return {
    lanes,
    warnings: [...warnings, ...notUsed(effective)],
    files: plan.files,
    logLevel: given('logLevel') ? null : (plan.logging?.level ?? null),
    logFormat: given('logFormat') || plan.logging?.format !== 'json' ? null : 'json',
    shipsOwnLog: lanes.some(({ isOwnLog }) => isOwnLog),
    http: plan.http,
  };
}

/** What holds beside a configuration file. `file` as an origin without a value: the file says it in its own way. */
export function effectiveBeside(
  { logging }: Pick<PipelinePlan, 'logging'>,
  effective: readonly EffectiveSetting[],
): EffectiveSetting[] {
  return effective.map((setting) => {
    const { name, origin } = setting;
    const yields = origin === 'default' && name === 'batchWait';
    if (REPLACED.includes(name) || yields) return { ...setting, value: null, origin: 'file' };
    if (origin === 'default' && name === 'logLevel' && logging) {
      return { ...setting, value: logging.level, origin: 'file' };
    }
    if (origin === 'default' && name === 'logFormat' && logging?.format === 'json') {
      return { ...setting, value: 'json', origin: 'file' };
    }
    return setting;
  });
}

/** Warnings about settings that were given for nothing, since there is a configuration file. */
export function notUsed(effective: readonly EffectiveSetting[]): string[] {
  return effective
    .filter(({ name, origin }) => REPLACED.includes(name) && origin !== 'default')
    .filter(({ name, value }) => value !== settings[name].fallback(false))
    .map(({ variable }) => `${variable} is not used: the configuration file takes its place`);
}
